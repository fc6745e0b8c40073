package timeline

import (
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// Life says which object it is and when it came and went. Its moments are in
// the object's whole life up to the window's end, so a Pod that existed when the
// window opened was created before; [Window.Contains] tells them apart.
type Life struct {
	Kind, Namespace, Name string
	UID                   types.UID

	Existed     bool   // when the window opened
	Created     Moment // the first version recorded: creation, or the list that began the recording
	Terminating Moment // the first version with a deletionTimestamp
	Gone        Moment // the deletion; always inside the window
}

// Version is one version of an object.
type Version[T any] struct {
	Moment
	Type      watch.EventType
	Synthetic bool // see Event.Synthetic
	Object    T    // shared: must not be changed
}

// History is what a window says about one object.
type History[T any] struct {
	Life
	Before   T            // the version that stood when the window opened; nil if it did not exist
	Versions []Version[T] // those inside the window, a deletion included
}

// Last returns the last version at the window's end; of an object that is gone,
// the version that was deleted.
func (h *History[T]) Last() T {
	if len(h.Versions) == 0 {
		return h.Before
	}
	return h.Versions[len(h.Versions)-1].Object
}

// pointer is a typed object.
type pointer[T any] interface {
	*T
	metav1.Object
}

// read follows the object through the window. The visit function, which may be
// nil, sees each version of its life in turn, from the first one recorded.
func read[T any, P pointer[T]](t *Timeline, o *object, s span, decode func(*Event) P, visit func(Version[P])) History[P] {
	h := History[P]{Life: Life{Kind: o.first.Kind, Namespace: o.first.Namespace, Name: o.first.Name, UID: o.first.UID}}
	for _, i := range o.before(s.hi) {
		e := t.entries[i]
		v := Version[P]{Moment: e.Moment(), Type: e.Event.Type, Synthetic: e.Event.Synthetic, Object: decode(e.Event)}
		if v.Object == nil {
			continue
		}
		h.live(v.Moment, v.Type, v.Object)
		if visit != nil {
			visit(v)
		}
		if i >= s.lo {
			h.Versions = append(h.Versions, v)
		} else if h.Existed = v.Type != watch.Deleted; h.Existed {
			h.Before = v.Object
		} else {
			h.Before = nil
		}
	}
	return h
}

func (l *Life) live(m Moment, t watch.EventType, object metav1.Object) {
	if !l.Created.Happened() {
		l.Created = m
	}
	if !l.Terminating.Happened() && object.GetDeletionTimestamp() != nil {
		l.Terminating = m
	}
	if t == watch.Deleted {
		l.Gone = m
	}
}

// present returns the objects of a kind that existed when the span began or
// changed inside it.
func (t *Timeline) present(kind string, s span) []*object {
	var objects []*object
	for _, o := range t.index().kinds[kind] {
		if len(o.before(s.hi)) > len(o.before(s.lo)) || o.live(t.entries, s.lo) != nil {
			objects = append(objects, o)
		}
	}
	return objects
}

// views are the histories of a window, each made once, on first use.
type views struct {
	pods        func() []*PodHistory
	replicaSets func() []*ReplicaSetHistory
}

func (t *Timeline) views(s span) *views {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.windows[s] == nil {
		t.windows[s] = &views{
			pods:        sync.OnceValue(func() []*PodHistory { return podHistories(t, s) }),
			replicaSets: sync.OnceValue(func() []*ReplicaSetHistory { return replicaSetHistories(t, s) }),
		}
	}
	return t.windows[s]
}
