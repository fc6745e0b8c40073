package live

import (
	"sync"
	"testing"
)

func TestHub(t *testing.T) {
	var h hub
	h.publish(State{Current: "one"})
	states, leave := h.join()
	if s := <-states; s.Current != "one" || s.Revision != 1 {
		t.Errorf("at first: %+v", s)
	}
	for _, step := range []string{"two", "three"} {
		h.publish(State{Current: step})
	}
	if s := <-states; s.Current != "three" || s.Revision != 3 {
		t.Errorf("who is slow got %+v", s)
	}
	other, _ := h.join()
	leave()
	leave()
	if _, open := <-states; open {
		t.Error("the channel is open after leaving")
	}
	h.publish(State{Current: "last"})
	h.close()
	var last State
	for s := range other {
		last = s
	}
	if last.Current != "last" || h.state().Current != "last" {
		t.Errorf("the last State: %+v", last)
	}
	late, _ := h.join()
	if s, open := <-late; !open || s.Current != "last" {
		t.Errorf("who came late got %+v, %t", s, open)
	}
	if _, open := <-late; open {
		t.Error("the hub is closed and the channel is not")
	}
}

func TestHubIsForMany(t *testing.T) {
	var h hub
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			states, leave := h.join()
			defer leave()
			var before int64
			for s := range states {
				if s.Revision < before {
					t.Error("States came in another order")
				}
				before = s.Revision
			}
		})
	}
	for range 1000 {
		h.publish(State{})
	}
	h.close()
	all.Wait()
}
