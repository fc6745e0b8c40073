package timeline

import "sync"

// views are what was asked of a window, each made once.
type views struct {
	pods func() []*PodHistory

	mu       sync.Mutex // guards rollouts
	rollouts map[Ref]*Rollout
}

// views returns the views of the window that has the span.
func (w Window) views() *views {
	t := w.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.windows[w.span] == nil {
		t.windows[w.span] = &views{pods: sync.OnceValue(w.podHistories), rollouts: map[Ref]*Rollout{}}
	}
	return t.windows[w.span]
}

func (v *views) rollout(w Window, ref Ref) *Rollout {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rollouts[ref] == nil {
		v.rollouts[ref] = newRollout(w, ref)
	}
	return v.rollouts[ref]
}
