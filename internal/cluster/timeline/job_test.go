package timeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func tellAttempts(j *JobHistory) string {
	var lines []string
	for _, a := range j.Attempts {
		line := fmt.Sprintf("%s run %d exit %d %s", a.Pod.Name, a.Run, a.ExitCode, a.Reason)
		switch {
		case a.Succeeded:
			line += " succeeded"
		case a.Failed:
			line += " failed"
		}
		if a.Pause.Happened() {
			line += fmt.Sprint(" after ", a.Pause.Length())
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// try makes a Pod of a Job that runs for a second and exits.
func (w *world) try(j *batchv1.Job, name string, code int32, change ...func(*corev1.Pod)) *corev1.Pod {
	p := w.pod(name, "Job", j, j.Spec.Template, change...)
	w.schedule(p)
	w.run(p, 0)
	w.wait(time.Second)
	phase := corev1.PodSucceeded
	if code != 0 {
		phase = corev1.PodFailed
	}
	w.exit(p, code, phase)
	return p
}

func (w *world) endJob(j *batchv1.Job, t batchv1.JobConditionType, reason string) {
	j.Status.Conditions = []batchv1.JobCondition{{Type: t, Status: corev1.ConditionTrue, Reason: reason}}
	w.change(j)
}

func TestJobNever(t *testing.T) {
	w := newWorld()
	w.mark(MarkStep, "run")
	j := w.job("pi", func(*batchv1.Job) {})
	w.try(j, "a", 1)
	w.wait(10 * time.Second)
	w.try(j, "b", 2)
	w.wait(20 * time.Second)
	w.try(j, "c", 3)
	w.endJob(j, batchv1.JobFailed, "BackoffLimitExceeded")
	h := w.timeline().Step("run").Job("default", "pi")
	want := "a run 0 exit 1 Error failed\nb run 0 exit 2 Error failed after 10s\nc run 0 exit 3 Error failed after 21s"
	if got := tellAttempts(h); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !h.Failed.Happened() || h.Complete.Happened() || h.Reason != "BackoffLimitExceeded" {
		t.Errorf("it ended %+v %+v with %s", h.Failed, h.Complete, h.Reason)
	}
	if s := h.Samples[len(h.Samples)-1]; s.Finished != 3 || s.Active != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestJobOnFailure(t *testing.T) {
	w := newWorld()
	j := w.job("pi", func(j *batchv1.Job) { j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyOnFailure })
	p := w.pod("a", "Job", j, j.Spec.Template)
	w.schedule(p)
	for i, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 0} {
		w.run(p, int32(i))
		w.wait(time.Second)
		w.exit(p, int32(i+1), corev1.PodRunning)
		w.backOff(p)
		w.wait(pause)
	}
	h := w.timeline().Whole().Job("default", "pi")
	want := "a run 0 exit 1 Error failed\na run 1 exit 2 Error failed after 10s\na run 2 exit 3 Error failed after 20s"
	if got := tellAttempts(h); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if h.Pods[0].Restarts() != 2 {
		t.Errorf("got %d restarts", h.Pods[0].Restarts())
	}
}

// After a success nothing is waited for, and of Pods side by side the failure counts
// that was last.
func TestJobPauses(t *testing.T) {
	w := newWorld()
	j := w.job("pi", func(j *batchv1.Job) { j.Spec.Completions = new(int32) })
	w.try(j, "fails", 1)
	w.wait(10 * time.Second)
	w.try(j, "succeeds", 0)
	w.try(j, "next", 1)
	w.wait(10 * time.Second)
	w.try(j, "last", 0)
	w.endJob(j, batchv1.JobComplete, "CompletionsReached")
	h := w.timeline().Whole().Job("default", "pi")
	want := "fails run 0 exit 1 Error failed\nsucceeds run 0 exit 0 Completed succeeded after 10s\nnext run 0 exit 1 Error failed\nlast run 0 exit 0 Completed succeeded after 10s"
	if got := tellAttempts(h); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !h.Complete.Happened() || h.Failed.Happened() {
		t.Error("it is not complete")
	}
}

// A Job that was deleted and created again was not waiting: the person was away.
func TestJobOfTheSameName(t *testing.T) {
	w := newWorld()
	j := w.job("pi", func(*batchv1.Job) {})
	w.remove(w.try(j, "before", 1))
	w.remove(j)
	w.wait(21 * time.Second)
	j = w.job("pi", func(*batchv1.Job) {})
	w.try(j, "first", 1)
	w.wait(10 * time.Second)
	w.try(j, "second", 0)
	h := w.timeline().Whole().Job("default", "pi")
	want := "before run 0 exit 1 Error failed\nfirst run 0 exit 1 Error failed\nsecond run 0 exit 0 Completed succeeded after 10s"
	if got := tellAttempts(h); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJobByIndex(t *testing.T) {
	index := func(i string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Annotations = map[string]string{batchv1.JobCompletionIndexAnnotation: i} }
	}
	w := newWorld()
	j := w.job("pi", func(j *batchv1.Job) { j.Spec.BackoffLimitPerIndex = new(int32) })
	w.try(j, "zero", 1, index("0"))
	w.try(j, "one", 1, index("1"))
	w.wait(8 * time.Second)
	w.try(j, "zero-again", 0, index("0"))
	h := w.timeline().Whole().Job("default", "pi")
	if a := h.Attempts[1]; a.Index != 1 || a.Pause.Happened() {
		t.Errorf("got %+v", a)
	}
	if a := h.Attempts[2]; a.Index != 0 || !a.Pause.Near(10*time.Second) || a.Pause.Near(7*time.Second) {
		t.Errorf("got %+v of %v", a, a.Pause.Length())
	}
}

func TestPodThatIsDeletedHasFailed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*batchv1.Job)
		want   bool
	}{
		"default":          {func(*batchv1.Job) {}, true},
		"replaced only":    {func(j *batchv1.Job) { p := batchv1.Failed; j.Spec.PodReplacementPolicy = &p }, false},
		"a failure policy": {func(j *batchv1.Job) { j.Spec.PodFailurePolicy = &batchv1.PodFailurePolicy{} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			j := w.job("pi", c.change)
			p := w.pod("a", "Job", j, j.Spec.Template)
			w.schedule(p)
			w.run(p, 0)
			w.terminate(p)
			h := w.timeline().Whole().Job("default", "pi")
			if a := h.Attempts[0]; a.Failed != c.want || a.Finished.Happened() != c.want {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestPauseNear(t *testing.T) {
	from := testStart
	for length, want := range map[time.Duration]bool{8 * time.Second: false, 9 * time.Second: true, 10 * time.Second: true, 12 * time.Second: true, 13 * time.Second: false} {
		if got := (Pause{from, from.Add(length)}).Near(10 * time.Second); got != want {
			t.Errorf("%v: got %v", length, got)
		}
	}
	if (Pause{}).Near(0) || (Pause{From: from}).Length() != 0 {
		t.Error("no pause has a length")
	}
}

// What upstream's getFinishedTime falls back to.
func TestFinishedTime(t *testing.T) {
	at := func(s int) metav1.Time { return metav1.NewTime(testStart.Add(time.Duration(s) * time.Second)) }
	ended := func(s int) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: "c", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: at(s)}}}
	}
	always, grace, deleted := corev1.ContainerRestartPolicyAlways, int64(30), at(50)
	for name, c := range map[string]struct {
		pod  corev1.Pod
		want int
	}{
		"the last container": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{ended(5), ended(9), ended(7)}}}, 9},
		"a sidecar": {corev1.Pod{Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "c", RestartPolicy: &always}}},
			Status: corev1.PodStatus{InitContainerStatuses: []corev1.ContainerStatus{ended(11)}, ContainerStatuses: []corev1.ContainerStatus{ended(9)}}}, 11},
		"not Ready": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: at(13)}}}}, 13},
		"deleted": {corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &deleted, DeletionGracePeriodSeconds: &grace}}, 20},
		"created": {corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: at(3)}}, 3},
	} {
		if got := finishedTime(&c.pod); !got.Equal(at(c.want).Time) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
