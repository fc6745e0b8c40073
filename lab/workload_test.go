package lab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/lab"
)

// unsettled returns a recorded step as it was before it had settled.
func unsettled(t *testing.T, step string) timeline.Window {
	t.Helper()
	w, err := recorded(step)
	if err != nil {
		t.Fatal(err)
	}
	var entries []timeline.Entry
	for _, e := range w.Timeline().Entries() {
		if e.Mark != nil && e.Mark.Type == timeline.MarkSettled && e.Mark.Name == step {
			break
		}
		entries = append(entries, e)
	}
	return timeline.New(w.Timeline().Header(), entries).Step(step)
}

// TestClaims makes claims about recorded steps, while they go on and when they have
// settled. Deployment web has 4 replicas and maxSurge 2, StatefulSet db partition 3 of 5.
func TestClaims(t *testing.T) {
	changed := func(t *lab.T) *lab.Workload { return t.Rollout("web") }
	updated := func(t *lab.T) lab.Pods { return t.During().StatefulSet("db").Rollout().Updated() }
	tests := []struct {
		name, step    string
		check         func(*lab.T)
		open, settled string // beginning of outcome and message
	}{
		{"AtMost", "roll", func(t *lab.T) { t.AtMost(changed(t).PeakAsked(), 6, "Pods") }, "waiting: it holds so far", "passed"},
		{"AtMost exceeded", "roll", func(t *lab.T) { t.AtMost(changed(t).PeakAsked(), 5, "Pods") }, "failed: Pods: got 6 ", "failed: Pods: got 6 "},
		{"AtMost of a low", "roll", func(t *lab.T) { t.AtMost(changed(t).LowAvailable(), 3, "Pods") }, "waiting: Pods: 4 (", "failed: Pods: got 4 ("},
		{"AtLeast", "roll", func(t *lab.T) { t.AtLeast(changed(t).LowAvailable(), 4, "available") }, "waiting: it holds so far", "passed"},
		{"AtLeast fallen below", "roll", func(t *lab.T) { t.AtLeast(changed(t).LowAvailable(), 5, "available") }, "failed: available: got 4 (", "failed: available: got 4 ("},
		{"AtLeast of a peak", "roll", func(t *lab.T) { t.AtLeast(changed(t).PeakAsked(), 7, "Pods") }, "waiting: Pods: 6 ", "failed: Pods: got 6 "},
		{"AtLeast of a number", "roll", func(t *lab.T) { t.AtLeast(len(changed(t).Updated()), 5, "Pods") }, "waiting: Pods: 4 so far, want at least 5", "failed: Pods: got 4, want at least 5"},
		{"AtLeast without evidence", "roll", func(t *lab.T) { t.AtLeast(t.During().Deployment("web").LowAvailable(), 4, "available") }, "error: AtLeast proves nothing", "error: AtLeast proves nothing"},
		{"Equal Count", "roll", func(t *lab.T) { t.Equal(changed(t).PeakAsked(), 6, "Pods") }, "waiting: it holds so far", "passed"},
		{"Equal Count exceeded", "roll", func(t *lab.T) { t.Equal(changed(t).PeakAsked(), 5, "Pods") }, "failed: Pods: got 6 ", "failed: Pods: got 6 "},
		{"Equal Count not reached", "roll", func(t *lab.T) { t.Equal(changed(t).PeakAsked(), 7, "Pods") }, "waiting: Pods: 6 ", "failed: Pods: got 6 "},
		{"Equal Pods", "partition", func(t *lab.T) { t.Equal(updated(t), []string{"db-4", "db-3"}, "updated") }, "waiting: it holds so far", "passed"},
		{"Equal Pods, one more to come", "partition", func(t *lab.T) { t.Equal(updated(t), []string{"db-4", "db-3", "db-2"}, "updated") },
			"waiting: updated: db-4, db-3 so far, want db-4, db-3, db-2", "failed: updated: got db-4, db-3, want db-4, db-3, db-2"},
		{"Equal Pods, another order", "partition", func(t *lab.T) { t.Equal(updated(t), []string{"db-3", "db-4"}, "updated") }, "failed: updated: got db-4, db-3", "failed"},
		{"Equal Pods, none wanted", "partition", func(t *lab.T) { t.Equal(updated(t), []string{}, "updated") }, "failed: updated: got db-4, db-3, want none", "failed"},
		{"Equal Pods, none there", "roll", func(t *lab.T) { t.Equal(t.During().Pods("app=none"), []string{"a"}, "Pods") }, "waiting: Pods: none so far, want a", "waiting"},
		{"Equal no Pods without evidence", "roll", func(t *lab.T) { t.Equal(t.During().Pods("app=none"), []string{}, "Pods") }, "error: Equal with no Pods proves nothing", "error"},
		{"Equal Pods with a number", "roll", func(t *lab.T) { t.Equal(t.During().Pods(""), 3, "Pods") }, "error: Equal compares Pods with their names", "error"},
		{"low of a workload that is created", "again", func(t *lab.T) {
			web := t.During().StatefulSet("db")
			t.Await(true, "")
			t.AtLeast(web.LowReady(), 5, "ready")
		}, "waiting: it holds so far", "passed"},
		{"low while it is created", "start", func(t *lab.T) {
			t.Await(true, "")
			t.AtLeast(t.During().Deployment("web").LowAvailable(), 4, "available")
		}, "waiting: it holds so far", "passed"},
		{"no rollout", "start", func(t *lab.T) { t.Rollout("web") }, "waiting: the template of Deployment web has not changed since the step began: it names nginx:1.25", "waiting"},
		{"no such Deployment", "roll", func(t *lab.T) { t.Rollout("shop") }, "waiting: Deployment shop does not exist now; there is web", "waiting"},
		{"no such ordinal", "partition", func(t *lab.T) { t.During().StatefulSet("db").Ordinal(7) }, "waiting: StatefulSet db had no Pod with the ordinal 7", "waiting"},
		{"a moment that was not seen", "roll", func(t *lab.T) { t.When(t.During().Deployment("web").Deleted()).Deployment("web") }, "waiting: Deployment web was not deleted in this step so far", "waiting"},
		{"Always where an object is absent", "start", func(t *lab.T) {
			t.Await(true, "")
			t.Always(func(s *lab.State) bool { return s.Deployment("web").Name == "" }, "it was there")
		}, "failed: it was there when the step began: Deployment web did not exist", "failed"},
		{"Eventually where an object is absent", "start", func(t *lab.T) {
			t.Eventually(func(s *lab.State) bool { return s.Deployment("web").Status.AvailableReplicas == 4 }, "4 Pods were never available so far")
		}, "passed", "passed"},
		{"a state in the middle", "zero", func(t *lab.T) {
			web := t.During().Deployment("web")
			t.Equal(t.When(web.Scales()[0].At).Deployment("web").Spec.Replicas, 0, "replicas")
			t.Equal(len(t.When(web.Templates()[0].At).PodsOf(t.Now().Deployment("web"))), 0, "Pods when the template changed")
		}, "passed", "passed"},
		{"Within", "roll", func(t *lab.T) { t.Within(changed(t).Took(), time.Hour, "the rollout") }, "passed", "passed"},
		{"Within what is not over", "bad", func(t *lab.T) { t.Within(changed(t).Took(), time.Hour, "the rollout") }, "waiting: Deployment web was not complete in this step so far", "waiting"},
		{"Lasted", "job", func(t *lab.T) { t.Lasted(t.During().Job("pi").Took(), 70*time.Second, "Job pi") }, "passed", "passed"},
		{"did not last", "job", func(t *lab.T) { t.Lasted(t.During().Job("pi").Took(), 10*time.Minute, "Job pi") }, "failed: Job pi took 1m", "failed"},
		{"not near", "job", func(t *lab.T) { t.Near(t.During().Job("pi").Gaps()[0], 14*time.Second, "the first gap") }, "failed: the first gap took 1", "failed"},
		{"a gap that was not", "job", func(t *lab.T) { t.Near(t.During().Job("pi").Attempts()[0].Gap, 0, "the first gap") }, "waiting: there was no gap so far", "waiting"},
		{"InOrder of one", "job", func(t *lab.T) { t.InOrder(t.During().Job("pi").Failed()) }, "error: InOrder compares two moments or more", "error"},
		{"contradiction before what is missing", "roll", func(t *lab.T) {
			r := changed(t)
			t.InOrder(r.Complete(), r.Began(), r.Deleted())
		}, "failed: Deployment web was complete", "failed"},
	}
	windows := map[string][2]timeline.Window{}
	for _, test := range tests {
		if _, ok := windows[test.step]; !ok {
			windows[test.step] = [2]timeline.Window{unsettled(t, test.step), closed(t, test.step)}
		}
		for i, want := range []string{test.open, test.settled} {
			t.Run(test.name, func(t *testing.T) {
				w := windows[test.step][i]
				v := lab.Judge(lab.Case{Window: w}, test.check)
				if got := string(v.Outcome) + ": " + v.Message; !strings.HasPrefix(got, want) {
					t.Errorf("step closed %v: got\n\t%s\nwant\n\t%s", w.Closed, got, want)
				}
			})
		}
	}
}

func closed(t *testing.T, step string) timeline.Window {
	w, err := recorded(step)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Closed {
		t.Fatalf("step %s is open", step)
	}
	return w
}

// TestNamespace looks at the recording from a namespace in which nothing happened.
func TestNamespace(t *testing.T) {
	for name, check := range map[string]func(*lab.T){
		"state":   func(t *lab.T) { t.Now().Deployment("web") },
		"history": func(t *lab.T) { t.During().Deployment("web") },
		"Job":     func(t *lab.T) { t.During().Job("pi") },
		"Pods":    func(t *lab.T) { t.Await(len(t.During().Pods("")) > 0, "no Pod") },
		"Events":  func(t *lab.T) { t.Await(len(t.During().Events("")) > 0, "no Event") },
		"states": func(t *lab.T) {
			t.Eventually(func(s *lab.State) bool { return len(s.Pods("")) > 0 }, "no Pod")
		},
	} {
		if v := lab.Judge(lab.Case{Window: closed(t, "job"), Namespace: "shop"}, check); v.Outcome != lab.Waiting {
			t.Errorf("%s: %+v", name, v)
		}
	}
	v := lab.Judge(lab.Case{Window: closed(t, "roll"), Namespace: "shop"}, func(t *lab.T) { t.Now().Deployment("web") })
	if want := "Deployment web does not exist now; there is web in namespace default"; v.Message != want {
		t.Errorf("got %q, want %q", v.Message, want)
	}
}
