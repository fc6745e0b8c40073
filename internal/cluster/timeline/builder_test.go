package timeline

import (
	"fmt"
	"slices"
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

// What a timeline says stays, whatever becomes of the builder, and it is the same
// whichever way the builder came to its entries.
func TestTruncate(t *testing.T) {
	all := story()
	want := tell(New(testHeader(), all))
	grown := NewBuilder(testHeader())
	for _, e := range all {
		grown.Append(e)
	}
	whole := grown.Timeline()
	for n := range all {
		grown.Truncate(n)
		if grown.Len() != n {
			t.Fatalf("got %d entries, want %d", grown.Len(), n)
		}
		part := grown.Timeline()
		wantPart := tell(New(testHeader(), all[:n:n]))
		if got := tell(part); got != wantPart {
			t.Fatalf("the first %d entries: got\n%s\nwant\n%s", n, got, wantPart)
		}
		for _, e := range slices.Backward(all[n:]) {
			grown.Append(e) // each is late
		}
		if got := tell(grown.Timeline()); got != want {
			t.Fatalf("after %d entries and the rest: got\n%s\nwant\n%s", n, got, want)
		}
		if tell(part) != wantPart || tell(whole) != want {
			t.Fatalf("a timeline has changed when the builder had %d entries", n)
		}
	}
}
