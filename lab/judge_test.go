package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// step returns the window of a step in which nothing happened.
func step(closed bool) timeline.Window {
	entries := []timeline.Entry{{Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "a", ResourceVersion: 1}}}
	if closed {
		entries = append(entries, timeline.Entry{Mark: &timeline.Mark{Type: timeline.MarkSettled, Name: "a", ResourceVersion: 2}})
	}
	return timeline.New(timeline.Header{Start: time.Unix(1, 0)}, entries).Step("a")
}

func TestJudge(t *testing.T) {
	tests := []struct {
		name  string
		check func(*T)
		open  bool
		want  Outcome
		says  string
		hint  string
	}{
		{name: "passed", check: func(t *T) { t.Equal(1, 1, "n") }, want: Passed},
		{name: "nothing asserted", check: func(*T) {}, want: Error, says: "the check looked at nothing"},
		{name: "nothing asserted but logged", check: func(t *T) { t.Logf("x") }, want: Error, says: "the check looked at nothing"},
		{name: "looked at nothing", check: func(t *T) {
			for range t.Now().Pods("app=web") {
				t.Errorf("x")
			}
		}, want: Error, says: "the check looked at nothing"},
		{name: "failed outranks waiting", check: func(t *T) { t.Errorf("a"); t.NotYet("b") }, want: Failed, says: "a"},
		{name: "error outranks failed", check: func(t *T) { t.Errorf("a"); t.Never(Moment{}, "b") }, want: Error, says: "Never proves nothing"},
		{name: "messages are joined", check: func(t *T) { t.Errorf("a"); t.Errorf("b"); t.Errorf("a") }, want: Failed, says: "a\nb"},
		{name: "the first hint counts", check: func(t *T) { t.Hint("do a").Errorf("a"); t.Hint("do b").Errorf("b") }, want: Failed, says: "a\nb", hint: "do a"},
		{name: "Fatalf ends", check: func(t *T) { t.Fatalf("a"); t.Errorf("b") }, want: Failed, says: "a"},
		{name: "NotYet ends", check: func(t *T) { t.NotYet("a"); t.Errorf("b") }, want: Waiting, says: "a"},
		{name: "it cannot be recovered from", check: func(t *T) { defer func() { _ = recover() }(); t.NotYet("a") }, want: Waiting, says: "a"},
		{name: "Never in an open step", open: true, check: func(t *T) { t.Await(true, ""); t.Never(Moment{}, "b") }, want: Waiting, says: "it holds so far"},
		{name: "Never in a closed step", check: func(t *T) { t.Await(true, ""); t.Never(Moment{}, "b") }, want: Passed},
		{name: "Never that happened in an open step", open: true, check: func(t *T) { t.Await(true, ""); t.Never(Moment{at: time.Second, version: 1}, "it broke") }, want: Failed, says: "it broke 1s into the step"},
		{name: "AtMost in an open step", open: true, check: func(t *T) { t.Await(true, ""); t.AtMost(1, 1, "n") }, want: Waiting},
		{name: "AtMost in a closed step", check: func(t *T) { t.Await(true, ""); t.AtMost(1, 1, "n") }, want: Passed},
		{name: "Always in an open step", open: true, check: func(t *T) { t.Await(true, ""); t.Always(func(*State) bool { return true }, "n") }, want: Waiting},
		{name: "Eventually never", check: func(t *T) { t.Eventually(func(*State) bool { return false }, "it is not") }, want: Waiting, says: "it is not"},
		{name: "a failure is to be redone", check: func(t *T) { t.Hint("redo this step: do a").Errorf("a") }, want: Failed, hint: "redo this step: do a"},
		{name: "what is missing is to be done", check: func(t *T) { t.Hint("redo this step: do a").NotYet("a") }, want: Waiting, hint: "do a"},
		{name: "panic", check: func(*T) { panic("boom") }, want: Error},
		{name: "an object that is absent", check: func(t *T) { t.Hint("make it").Now().Pod("web") }, want: Waiting,
			says: "Pod web does not exist now; there is no Pod", hint: "make it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := Judge(Case{Window: step(!test.open)}, test.check)
			if v.Outcome != test.want || !strings.HasPrefix(v.Message, test.says) || test.hint != "" && v.Hint != test.hint {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestJudgeFiles(t *testing.T) {
	files := map[string][]byte{"web.yaml": []byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n")}
	for _, test := range []struct {
		name  string
		check func(*T)
		want  bool
	}{
		{"a file", func(t *T) { t.Equal(t.Pod("web").Name, "db", "name") }, true},
		{"a file that is missing", func(t *T) { t.Pod("db") }, true},
		{"a file and the cluster", func(t *T) { t.Equal(t.Pod("web").Name, "db", "name"); t.Now() }, false},
		{"the cluster", func(t *T) { t.During().Pods("app=web") }, false},
	} {
		if v := Judge(Case{Window: step(true), Manifests: files}, test.check); v.OfFiles != test.want {
			t.Errorf("%s: got %+v", test.name, v)
		}
	}
}

func TestJudgeStepThatHasNotBegun(t *testing.T) {
	for name, check := range map[string]func(*T){
		"Now":        func(t *T) { t.Now() },
		"Before":     func(t *T) { t.Before() },
		"During":     func(t *T) { t.During() },
		"Eventually": func(t *T) { t.Eventually(func(*State) bool { return true }, "x") },
	} {
		if v := Judge(Case{}, check); v.Outcome != Waiting {
			t.Errorf("%s: %+v", name, v)
		}
	}
}
