package timeline

import (
	"sort"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// State is what existed at a moment of a timeline. The zero value is empty.
// Objects that it returns are shared: the caller must not change them.
type State struct {
	timeline *Timeline
	n        int // the first n entries have happened
}

// State returns the state at the end of the timeline.
func (t *Timeline) State() State { return State{t, len(t.entries())} }

// StateAt returns the state when everything up to m's resourceVersion had happened.
func (t *Timeline) StateAt(m Moment) State {
	n := sort.Search(len(t.entries()), func(i int) bool { return t.entries()[i].version() > m.ResourceVersion })
	return State{t, n}
}

// Before returns the state when the window opened.
func (w Window) Before() State { return State{w.timeline, w.span.lo} }

// After returns the state at the end of the window.
func (w Window) After() State { return State{w.timeline, w.span.hi} }

// StateAt returns the state at a moment, which may be any moment of the timeline
// up to the window's end; a later one gives the state at the end.
func (w Window) StateAt(m Moment) State {
	if w.timeline == nil {
		return State{}
	}
	s := w.timeline.StateAt(m)
	s.n = min(s.n, w.span.hi)
	return s
}

// Moment returns the point in the timeline that the state is of.
func (s State) Moment() Moment {
	if s.timeline == nil {
		return Moment{}
	}
	return s.timeline.momentAt(s.n, false)
}

// Pods returns the Pods of a namespace, or of all when it is empty, in order of
// creation. It includes those that are terminating or finished.
func (s State) Pods(namespace string) []*corev1.Pod {
	return collect(s, "Pod", namespace, "", (*Event).Pod)
}

// Pod returns a Pod, and nil when it does not exist.
func (s State) Pod(namespace, name string) *corev1.Pod {
	return newest(collect(s, "Pod", namespace, name, (*Event).Pod))
}

// ReplicaSets returns the ReplicaSets of a namespace, or of all when it is empty,
// in order of creation.
func (s State) ReplicaSets(namespace string) []*appsv1.ReplicaSet {
	return collect(s, "ReplicaSet", namespace, "", (*Event).ReplicaSet)
}

// ReplicaSet returns a ReplicaSet, and nil when it does not exist.
func (s State) ReplicaSet(namespace, name string) *appsv1.ReplicaSet {
	return newest(collect(s, "ReplicaSet", namespace, name, (*Event).ReplicaSet))
}

// Events returns the last event of each object of a kind that exists, in order of
// creation, for kinds that have no method here.
func (s State) Events(kind string) []*Event {
	if s.timeline == nil {
		return nil
	}
	var events []*Event
	for _, o := range s.timeline.index().kinds[kind] {
		if e := o.live(s.timeline.entries(), s.n); e != nil {
			events = append(events, e)
		}
	}
	return events
}

func collect[T any](s State, kind, namespace, name string, decode func(*Event) *T) []*T {
	var objects []*T
	for _, e := range s.Events(kind) {
		if namespace != "" && e.Namespace != namespace || name != "" && e.Name != name {
			continue
		}
		if object := decode(e); object != nil {
			objects = append(objects, object)
		}
	}
	return objects
}

// newest returns the last of objects with the same name: a gap can hide that an
// earlier one is gone.
func newest[T any](objects []*T) *T {
	if len(objects) == 0 {
		return nil
	}
	return objects[len(objects)-1]
}
