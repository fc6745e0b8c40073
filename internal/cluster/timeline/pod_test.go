package timeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestPhases(t *testing.T) {
	w := newWorld()
	w.mark(MarkStep, "run")
	p := w.pod("a", "", nil, templateFor("web", "nginx:1.25"))
	w.schedule(p)
	w.wait(time.Second)
	w.notice("Pulled", p, "spec.initContainers{main}") // not what is asked for
	w.notice("Pulled", p, "spec.containers{main}")
	w.run(p, 0)
	w.notice("Pulled", p, "spec.containers{main}") // for a restart
	w.ready(p, corev1.ConditionTrue)
	w.ready(p, corev1.ConditionFalse)
	w.terminate(p)
	w.remove(p)
	w.wait(time.Minute)
	w.mark(MarkSettled, "run")
	window := w.timeline().Step("run")
	var got []string
	for _, phase := range window.Phases(window.Pods()[0]) {
		got = append(got, fmt.Sprint(phase.Name, " ", phase.Took))
	}
	want := "created 100ms, scheduled 1.2s, pulled 100ms, started 200ms, ready 200ms, terminating 100ms, gone 0s"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestPhasesOfAPodThatIsStuck(t *testing.T) {
	w := newWorld()
	w.mark(MarkStep, "run")
	w.pod("a", "", nil, templateFor("web", "nginx:1.25"))
	w.wait(time.Minute)
	w.mark(MarkSettled, "run")
	window := w.timeline().Step("run")
	if got := window.Phases(window.Pods()[0]); len(got) != 1 || got[0].Name != PhaseCreated || got[0].Took != time.Minute {
		t.Errorf("got %+v", got)
	}
}

func TestRunsOfSeveralContainers(t *testing.T) {
	w := newWorld()
	template := templateFor("web", "nginx:1.25")
	template.Spec.Containers = append(template.Spec.Containers, corev1.Container{Name: "side", Image: "busybox:1.36"})
	p := w.pod("a", "", nil, template)
	w.schedule(p)
	w.run(p, 0)
	// side ends and starts again between two versions; main goes on.
	side := &p.Status.ContainerStatuses[1]
	side.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", StartedAt: side.State.Running.StartedAt, FinishedAt: w.time()}
	w.wait(10 * time.Second)
	side.RestartCount, side.State.Running = 1, &corev1.ContainerStateRunning{StartedAt: w.time()}
	w.change(p)
	h := w.timeline().Whole().Pods()[0]
	if len(h.Runs) != 3 || h.Restarts() != 1 {
		t.Fatalf("got runs %+v", h.Runs)
	}
	first, again := h.Runs[1], h.Runs[2]
	if first.Container != "side" || first.ExitCode != 137 || first.Reason != "OOMKilled" || !first.Ended.Happened() {
		t.Errorf("got %+v", first)
	}
	if again.Number != 1 || !again.Pause.Near(10*time.Second) || again.Ended.Happened() {
		t.Errorf("got %+v", again)
	}
	if main := h.Runs[0]; main.Container != "main" || main.Ended.Happened() || main.Pause.Happened() {
		t.Errorf("got %+v", main)
	}
}

// A Pod that has not changed keeps its history when the recording goes on.
func TestHistoriesAreShared(t *testing.T) {
	b := NewBuilder(testHeader())
	w := newWorld()
	w.mark(MarkStep, "run")
	still := w.live(w.pod("still", "", nil, templateFor("web", "nginx:1.25")))
	moving := w.pod("moving", "", nil, templateFor("web", "nginx:1.25"))
	for _, e := range w.entries {
		b.Append(e)
	}
	before := b.Timeline().Step("run").Pods()
	w.schedule(moving)
	b.Append(w.entries[len(w.entries)-1])
	after := b.Timeline().Step("run").Pods()
	if before[0] != after[0] || before[0].UID != still.UID {
		t.Error("the history of the Pod that stayed the same was made again")
	}
	if before[1] == after[1] || before[1].Scheduled.Happened() || !after[1].Scheduled.Happened() {
		t.Error("the history of the Pod that changed is the old one")
	}
}

func TestNotices(t *testing.T) {
	w := newWorld()
	p := w.pod("a", "", nil, templateFor("web", "nginx:1.25"))
	old := w.notice("Scheduled", p, "")
	again := w.notice("BackOff", p, "spec.containers{main}")
	w.mark(MarkStep, "run")
	again.Count, again.Message = 3, "still"
	w.change(again)
	w.notice("Killing", p, "spec.containers{main}")
	window := w.timeline().Step("run")
	var got []string
	for _, n := range window.Notices("") {
		got = append(got, fmt.Sprint(n.Reason, " ", n.Count, " ", n.Message, " ", n.Regarding, " ", n.Reporter, " ", window.Contains(n.Moment), " ", n.Moment.Before(n.Last)))
	}
	want := "BackOff 3 still Pod a kubelet false true; Killing 1 Killing it Pod a kubelet true false"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "; "), want)
	}
	if n := window.Notices("Killing"); len(n) != 1 || n[0].UID != p.UID {
		t.Errorf("got %+v", n)
	}
	if n := w.timeline().Whole().Notices("Scheduled"); len(n) != 1 || old.Reason != n[0].Reason {
		t.Errorf("got %+v", n)
	}
}

func TestRef(t *testing.T) {
	for want, r := range map[string]Ref{"Pod a": {"Pod", "default", "a"}, "Node n": {"Node", "", "n"}, "Pod shop/a": {"Pod", "shop", "a"}} {
		if r.String() != want {
			t.Errorf("got %s, want %s", r, want)
		}
	}
}
