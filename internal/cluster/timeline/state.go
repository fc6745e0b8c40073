package timeline

import (
	"reflect"
	"sort"

	corev1 "k8s.io/api/core/v1"
)

// State is what existed at a moment of a timeline. The zero value is empty.
// Objects that it returns are shared: the caller must not change them.
type State struct {
	timeline *Timeline
	through  uint64 // what has a resourceVersion up to this has happened
}

// State returns the state at the end of the timeline.
func (t *Timeline) State() State { return State{t, forever} }

// StateAt returns the state when everything up to m's resourceVersion had happened.
func (t *Timeline) StateAt(m Moment) State { return State{t, m.ResourceVersion} }

// Before returns the state when the window opened.
func (w Window) Before() State { return State{w.timeline, w.span.after} }

// After returns the state at the end of the window.
func (w Window) After() State { return State{w.timeline, w.span.through} }

// StateAt returns the state at a moment, which may be any moment of the timeline
// up to the window's end; a later one gives the state at the end.
func (w Window) StateAt(m Moment) State {
	return State{w.timeline, min(m.ResourceVersion, w.span.through)}
}

// Moment returns the point in the timeline that the state is of: its last entry.
func (s State) Moment() Moment {
	if s.timeline == nil {
		return Moment{}
	}
	entries := s.timeline.entries()
	n := sort.Search(len(entries), func(i int) bool { return entries[i].version() > s.through })
	if n == 0 {
		return Moment{}
	}
	return entries[n-1].Moment()
}

// All returns the objects of a kind in a namespace, or in all when it is empty, in
// order of creation. Pods that are terminating or finished are among them. T is the
// type of k8s.io/api that the kind is recorded in, as in All[appsv1.Deployment].
func All[T any](s State, namespace string) []*T {
	var objects []*T
	s.each(kindOf[T](), func(e *Event) {
		if namespace != "" && e.Namespace != namespace {
			return
		}
		if object := decode[T](e); object != nil {
			objects = append(objects, object)
		}
	})
	return objects
}

// Get returns the object of that name, and nil when it does not exist. For the type
// see [All].
func Get[T any](s State, namespace, name string) *T {
	var found *T
	s.each(kindOf[T](), func(e *Event) {
		if e.Namespace != namespace || e.Name != name {
			return
		}
		if object := decode[T](e); object != nil {
			found = object // the last: a gap can hide that an earlier one is gone
		}
	})
	return found
}

// Pods returns the Pods of a namespace, or of all when it is empty, in order of
// creation.
func (s State) Pods(namespace string) []*corev1.Pod { return All[corev1.Pod](s, namespace) }

// Pod returns a Pod, and nil when it does not exist.
func (s State) Pod(namespace, name string) *corev1.Pod { return Get[corev1.Pod](s, namespace, name) }

// each yields the last event of each object of a kind that exists, in order of
// creation.
func (s State) each(kind string, yield func(*Event)) {
	if s.timeline == nil {
		return
	}
	for _, o := range s.timeline.index.kinds[kind] {
		if e := o.live(s.through); e != nil {
			yield(e)
		}
	}
}

// kindOf returns the kind of a type of k8s.io/api, which is its name.
func kindOf[T any]() string { return reflect.TypeFor[T]().Name() }
