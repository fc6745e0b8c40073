package timeline

import (
	"sort"
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

// life is the versions of an object up to the end of a window. It decodes those
// that are asked for.
type life[T any, P pointer[T]] struct {
	entries   []Entry
	positions []int // of the object's events
	inside    int   // positions[inside:] are inside the window
	decode    func(*Event) P
}

func lifeOf[T any, P pointer[T]](t *Timeline, o *object, s span, decode func(*Event) P) *life[T, P] {
	return &life[T, P]{t.entries(), o.before(s.hi), len(o.before(s.lo)), decode}
}

func (l *life[T, P]) version(i int) Version[P] {
	e := l.entries[l.positions[i]]
	return Version[P]{Moment: e.Moment(), Type: e.Event.Type, Synthetic: e.Event.Synthetic, Object: l.decode(e.Event)}
}

// first returns the moment of the first version for which is holds.
func (l *life[T, P]) first(is func(P) bool) Moment {
	for i := range l.positions {
		if v := l.version(i); v.Object != nil && is(v.Object) {
			return v.Moment
		}
	}
	return Moment{}
}

// since is first for what never ends once it holds.
func (l *life[T, P]) since(is func(P) bool) Moment {
	i := sort.Search(len(l.positions), func(i int) bool {
		v := l.version(i)
		return v.Object != nil && is(v.Object)
	})
	if i == len(l.positions) {
		return Moment{}
	}
	return l.version(i).Moment
}

func (l *life[T, P]) history() History[P] {
	first := l.entries[l.positions[0]]
	h := History[P]{Life: Life{
		Kind: first.Event.Kind, Namespace: first.Event.Namespace, Name: first.Event.Name, UID: first.Event.UID,
		Created:     first.Moment(),
		Terminating: l.since(func(p P) bool { return p.GetDeletionTimestamp() != nil }),
	}}
	if l.inside > 0 {
		if v := l.version(l.inside - 1); v.Type != watch.Deleted {
			h.Before, h.Existed = v.Object, true
		}
	}
	for i := l.inside; i < len(l.positions); i++ {
		if v := l.version(i); v.Object != nil {
			h.add(v)
		}
	}
	return h
}

func (h *History[T]) add(v Version[T]) {
	h.Versions = append(h.Versions, v)
	if v.Type == watch.Deleted {
		h.Gone = v.Moment
	}
}

// present returns the objects of a kind that existed when the span began or
// changed inside it.
func (t *Timeline) present(kind string, s span) []*object {
	var objects []*object
	for _, o := range t.index().kinds[kind] {
		if len(o.before(s.hi)) > len(o.before(s.lo)) || o.live(t.entries(), s.lo) != nil {
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
