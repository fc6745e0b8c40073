package timeline

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func tellStages(p *PodHistory) string {
	var words []string
	for _, s := range p.Stages() {
		word := s.Name
		if s.Reason != "" {
			word += "(" + s.Reason + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestStages(t *testing.T) {
	never := func(p *corev1.Pod) { p.Spec.RestartPolicy = corev1.RestartPolicyNever }
	for name, c := range map[string]struct {
		change func(*corev1.Pod)
		story  func(*world, *corev1.Pod)
		want   string
	}{
		"a usual life": {nil, func(w *world, p *corev1.Pod) { w.live(p); w.terminate(p); w.remove(p) }, "pending running ready terminating"},
		"not ready for a while": {nil, func(w *world, p *corev1.Pod) {
			w.live(p)
			w.ready(p, corev1.ConditionFalse)
			w.ready(p, corev1.ConditionTrue)
		}, "pending running ready running ready"},
		"a crash loop": {nil, func(w *world, p *corev1.Pod) {
			w.run(p, 0)
			w.exit(p, 1, corev1.PodRunning)
			w.backOff(p)
			w.run(p, 1)
		}, "pending running waiting(Error) waiting(CrashLoopBackOff) running"},
		"no image": {nil, func(w *world, p *corev1.Pod) {
			w.eachStatus(p, func(s *corev1.ContainerStatus) {
				s.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
			})
			w.change(p)
			w.eachStatus(p, func(s *corev1.ContainerStatus) { s.State.Waiting.Reason = "ErrImagePull" })
			w.change(p)
		}, "pending waiting(ErrImagePull)"},
		"an attempt that fails": {never, func(w *world, p *corev1.Pod) {
			w.run(p, 0)
			w.exit(p, 1, corev1.PodRunning)
			w.exit(p, 1, corev1.PodFailed)
		}, "pending running failed"},
		"an attempt that succeeds": {never, func(w *world, p *corev1.Pod) { w.run(p, 0); w.exit(p, 0, corev1.PodSucceeded) }, "pending running succeeded"},
		"ended while it terminates": {nil, func(w *world, p *corev1.Pod) {
			w.live(p)
			w.terminate(p)
			w.exit(p, 0, corev1.PodSucceeded)
			w.remove(p)
		}, "pending running ready terminating"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			var change []func(*corev1.Pod)
			if c.change != nil {
				change = append(change, c.change)
			}
			c.story(w, w.pod("web-1", "", nil, templateFor("web", "nginx:1.25"), change...))
			pods := w.timeline().Whole().Pods()
			if got := tellStages(pods[0]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A stage is up to the window's end, and its moment may be before the window.
func TestStagesOfAWindow(t *testing.T) {
	w := newWorld()
	p := w.pod("web-1", "", nil, templateFor("web", "nginx:1.25"))
	w.mark(MarkStep, "a")
	w.live(p)
	w.mark(MarkSettled, "a")
	w.wait(time.Second)
	w.terminate(p)
	stages := w.timeline().Step("a").Pods()[0].Stages()
	if len(stages) != 3 || stages[0].At != w.step || stages[2].Name != StageReady {
		t.Errorf("got %+v", stages)
	}
}
