package live

import "sync"

// hub gives each new State to all who watch. The zero value is ready.
type hub struct {
	mu     sync.Mutex
	last   State
	all    map[chan State]struct{}
	closed bool
}

// publish replaces the State. Its slices are not changed afterwards.
func (h *hub) publish(s State) State {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.Revision = h.last.Revision + 1
	h.last = s
	for c := range h.all {
		give(c, s)
	}
	return s
}

// give puts the newest State into a channel with room for one.
func give(c chan State, s State) {
	select {
	case <-c: // who is slow misses the one before
	default:
	}
	c <- s
}

// state returns the last State.
func (h *hub) state() State {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// join returns a channel with the State now and each later one. It is closed with the
// hub, or by leave.
func (h *hub) join() (states <-chan State, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := make(chan State, 1)
	c <- h.last
	if h.closed {
		close(c)
		return c, func() {}
	}
	if h.all == nil {
		h.all = map[chan State]struct{}{}
	}
	h.all[c] = struct{}{}
	return c, func() { h.leave(c) }
}

func (h *hub) leave(c chan State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.all[c]; there {
		delete(h.all, c)
		close(c)
	}
}

// close ends what is watched. The last State can still be had.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.all {
		close(c)
	}
	h.all = nil
}
