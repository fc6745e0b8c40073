package timeline

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/watch"
)

func TestStep(t *testing.T) {
	pod := func(version uint64) Entry { return event(watch.Added, "Pod", version, podIn("web-a")) }
	for name, c := range map[string]struct {
		entries    []Entry
		step       string
		start, end uint64
		versions   int
		opened     bool
		closed     bool
	}{
		"empty timeline":                {nil, "a", 0, 0, 0, false, false},
		"unknown step":                  {[]Entry{step("b", 1), pod(2)}, "a", 0, 0, 0, false, false},
		"open":                          {[]Entry{step("a", 1), pod(2)}, "a", 1, 2, 1, true, false},
		"open without events":           {[]Entry{pod(1), step("a", 1)}, "a", 1, 1, 0, true, false},
		"closed by the next step":       {[]Entry{step("a", 1), pod(2), step("b", 3), pod(4)}, "a", 1, 3, 1, true, true},
		"closed by settled":             {[]Entry{step("a", 1), pod(2), settled("a", 3), pod(4), step("b", 5)}, "a", 1, 3, 1, true, true},
		"another step's settled":        {[]Entry{step("a", 1), pod(2), settled("b", 3), pod(4)}, "a", 1, 4, 2, true, false},
		"redone":                        {[]Entry{step("a", 1), pod(2), settled("a", 3), step("a", 4), pod(5)}, "a", 4, 5, 1, true, false},
		"redone after another":          {[]Entry{step("a", 1), pod(2), step("b", 3), step("a", 4), pod(5), settled("a", 6)}, "a", 4, 6, 1, true, true},
		"closed by a redone one":        {[]Entry{step("a", 1), step("b", 2), pod(3), step("a", 4), pod(5)}, "b", 2, 4, 1, true, true},
		"a command does not close":      {[]Entry{step("a", 1), at(Entry{Mark: &Mark{Type: MarkCommand, Name: "true", ResourceVersion: 2}}), pod(3)}, "a", 1, 3, 1, true, false},
		"the event of a mark's version": {[]Entry{step("a", 1), step("b", 2), pod(2)}, "a", 1, 2, 1, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := New(testHeader(), c.entries).Step(c.step)
			events := 0
			for _, e := range w.Entries() {
				if e.Event != nil {
					events++
				}
			}
			if w.Start.ResourceVersion != c.start || w.End.ResourceVersion != c.end || events != c.versions || w.Opened() != c.opened || w.Closed != c.closed {
				t.Errorf("got %+v with %d events, opened %v", w, events, w.Opened())
			}
		})
	}
}

func TestMarkWithoutVersionStandsWhereItArrived(t *testing.T) {
	tl := New(testHeader(), []Entry{
		event(watch.Added, "Pod", 7, podIn("web-a")),
		{Mark: &Mark{Type: MarkStep, Name: "a"}},
		event(watch.Added, "Pod", 9, podIn("web-b")),
	})
	if w := tl.Step("a"); w.Start.ResourceVersion != 7 || len(w.Entries()) != 1 {
		t.Errorf("got window %+v", w)
	}
}

func TestEmptyWindow(t *testing.T) {
	for name, w := range map[string]Window{"zero": {}, "unknown step": New(testHeader(), story()).Step("nothing")} {
		t.Run(name, func(t *testing.T) {
			if len(w.Entries())+len(w.Pods())+len(w.Rollout(Ref{"ReplicaSet", "default", "web"}).Samples)+len(w.Gaps()) != 0 {
				t.Error("something is in it")
			}
			if len(w.Before().Pods(""))+len(w.After().Pods(""))+len(w.StateAt(Moment{ResourceVersion: 30}).Pods("")) != 0 {
				t.Error("its states are not empty")
			}
			if w.Closed || w.Contains(Moment{ResourceVersion: 1}) || w.After().Moment().Happened() {
				t.Error("it is closed or contains a moment")
			}
		})
	}
}

func TestGaps(t *testing.T) {
	gap := Entry{At: time.Minute, Gap: &Gap{Kind: "Pod", Reason: "410 Gone", From: 15, To: 25}}
	marks := []Entry{step("a", 1), step("b", 10), step("c", 20), step("d", 25), step("e", 30)}
	tl := New(testHeader(), append(marks, gap))
	for id, want := range map[string]int{"a": 0, "b": 1, "c": 1, "d": 0, "e": 0} {
		if got := len(tl.Step(id).Gaps()); got != want {
			t.Errorf("step %s: got %d gaps, want %d", id, got, want)
		}
	}
	if open := New(testHeader(), []Entry{step("a", 10), gap}).Step("a"); len(open.Gaps()) != 1 {
		t.Error("no gap in an open window")
	}
}

func TestSettledWindow(t *testing.T) {
	tl := New(testHeader(), []Entry{
		step("a", 1), event(watch.Added, "Pod", 2, podIn("web-a")), settled("a", 3),
		step("b", 4), event(watch.Added, "Pod", 5, podIn("web-b")),
	})
	for id, closed := range map[string]bool{"a": true, "b": false, "absent": false} {
		w := tl.Step(id)
		s := w.Settled()
		if w.Closed != closed || s.Closed != w.Opened() {
			t.Errorf("step %s: closed %t, and %t when it has settled", id, w.Closed, s.Closed)
		}
		if len(s.Entries()) != len(w.Entries()) || len(s.Pods()) != len(w.Pods()) || s.End != w.End {
			t.Errorf("step %s is another window when it has settled", id)
		}
	}
}

func TestStateAt(t *testing.T) {
	tl := New(testHeader(), story())
	for version, want := range map[uint64]string{
		5:  "",
		12: "Pod web-a, ReplicaSet web of nginx:1.25",
		22: "Pod web-a, Pod web-b, ReplicaSet web of nginx:1.26",
		29: "Pod web-a, Pod web-b, Pod web-c, ReplicaSet web of nginx:1.26",
		99: "Pod web-b, Pod web-c, Pod web-d, ReplicaSet web of nginx:1.26",
	} {
		if got := tellState(tl.StateAt(Moment{ResourceVersion: version})); got != want {
			t.Errorf("at version %d: got %q, want %q", version, got, want)
		}
	}
	s := tl.State()
	if s.Pod("default", "web-b").Labels["app"] != "debug" || s.Pod("other", "web-b") != nil || s.Pod("default", "web-a") != nil {
		t.Error("Pod does not find the Pod of that name")
	}
	if Get[appsv1.ReplicaSet](s, "default", "web") == nil || s.Moment().ResourceVersion != 40 {
		t.Error("no ReplicaSet, or not at the end")
	}
}
