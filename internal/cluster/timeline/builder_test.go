package timeline

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

func versions(t *Timeline) (v []uint64) {
	for _, e := range t.Entries() {
		v = append(v, e.version())
	}
	return v
}

func TestTimelineStaysAsItIs(t *testing.T) {
	b := NewBuilder(testHeader())
	var held []*Timeline
	var want []string
	for _, version := range []uint64{5, 9, 7, 20, 18, 19, 3, 21, 22, 8} {
		b.Append(step("a", version))
		held = append(held, b.Timeline())
		want = append(want, fmt.Sprint(versions(b.Timeline())))
	}
	for i, tl := range held {
		if got := fmt.Sprint(versions(tl)); got != want[i] {
			t.Errorf("timeline %d was %s and is %s", i, want[i], got)
		}
	}
	if got := fmt.Sprint(versions(b.Timeline())); got != "[3 5 7 8 9 18 19 20 21 22]" {
		t.Errorf("got %s", got)
	}
}

func TestSameVersion(t *testing.T) {
	mark := func(name string) Entry { return step(name, 5) }
	pod := event(watch.Added, "Pod", 5, podIn("web-a"))
	for _, arrived := range [][]Entry{{mark("a"), mark("b"), pod}, {mark("a"), pod, mark("b")}, {pod, mark("a"), mark("b")}} {
		got := New(testHeader(), arrived).Entries()
		if got[0].Event == nil || got[1].Mark.Name != "a" || got[2].Mark.Name != "b" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestLateArrivalTakesTheTimeOfWhatFollows(t *testing.T) {
	tl := New(testHeader(), []Entry{
		{At: 1 * time.Second, Mark: &Mark{Type: MarkCommand, ResourceVersion: 10}},
		{At: 2 * time.Second, Mark: &Mark{Type: MarkCommand, ResourceVersion: 12}},
		{At: 4 * time.Second, Mark: &Mark{Type: MarkCommand, ResourceVersion: 11}},
	})
	if got := tl.Entries()[1]; got.Mark.ResourceVersion != 11 || got.At != 2*time.Second {
		t.Errorf("got %v at %v", got.Mark, got.At)
	}
}

// TestReadersAndWriter is for the race detector.
func TestReadersAndWriter(t *testing.T) {
	b := NewBuilder(testHeader())
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				tell(b.Timeline())
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for _, e := range delayed(story(), "Pod", 2*time.Second) {
		b.Append(e)
		time.Sleep(time.Millisecond)
	}
	close(done)
	wg.Wait()
	if got, want := tell(b.Timeline()), tell(New(testHeader(), story())); got != want {
		t.Errorf("got\n%s", got)
	}
}
