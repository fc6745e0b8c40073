package timeline

import (
	"reflect"
	"sort"

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

// Removed returns when the deletion began: when it began to terminate or, if it did
// not, when it was gone.
func (l Life) Removed() Moment {
	if l.Terminating.Happened() {
		return l.Terminating
	}
	return l.Gone
}

// Version is one version of an object.
type Version[T any] struct {
	Moment
	Type      watch.EventType
	Synthetic bool // see Event.Synthetic
	Object    *T   // shared: must not be changed; nil if it is of another shape
}

// History is what a window says about one object. Versions are decoded when they
// are asked for.
type History[T any] struct {
	Life
	part
	decode func(*Event) *T
}

// Histories returns the history of each object of a name that existed when the
// window opened or at any moment in it, in order of creation. An empty namespace or
// name means any. For the type see [All].
func Histories[T any](w Window, namespace, name string) []*History[T] {
	var all []*History[T]
	w.each(kindOf[T](), func(o *object) {
		if (namespace == "" || o.first().Namespace == namespace) && (name == "" || o.first().Name == name) {
			p := o.in(w.span)
			all = append(all, &History[T]{p.life(isTerminating[T]), p, decode[T]})
		}
	})
	return all
}

// Before returns the version that stood when the window opened; nil if the object
// did not exist.
func (h *History[T]) Before() *T {
	if !h.Existed {
		return nil
	}
	return h.decode(h.versions[h.inside-1].Event)
}

// Versions returns those inside the window, a deletion included.
func (h *History[T]) Versions() []Version[T] {
	var versions []Version[T]
	for _, e := range h.versions[h.inside:] {
		versions = append(versions, Version[T]{e.Moment(), e.Event.Type, e.Event.Synthetic, h.decode(e.Event)})
	}
	return versions
}

// First returns the version in which the object came into the window: the one before it,
// or the first inside.
func (h *History[T]) First() *T {
	if h.Existed {
		return h.Before()
	}
	return h.decode(h.versions[h.inside].Event)
}

// Last returns the last version at the window's end; of an object that is gone,
// the version that was deleted.
func (h *History[T]) Last() *T { return h.decode(h.versions[len(h.versions)-1].Event) }

func isTerminating[T any](e *Event) bool {
	object, ok := any(decode[T](e)).(metav1.Object)
	return ok && !reflect.ValueOf(object).IsNil() && object.GetDeletionTimestamp() != nil
}

// part is the versions of an object up to the end of a span.
type part struct {
	versions []Entry
	inside   int // versions[inside:] are inside the span
}

func (o *object) in(s span) part {
	return part{o.versions[:o.before(s.through)], o.before(s.after)}
}

// present reports that the object existed when the span began or changed inside it.
func (p part) present() bool {
	return len(p.versions) > p.inside || p.inside > 0 && p.versions[p.inside-1].Event.Type != watch.Deleted
}

// first returns the moment of the first version for which is holds.
func (p part) first(is func(*Event) bool) Moment {
	for _, v := range p.versions {
		if is(v.Event) {
			return v.Moment()
		}
	}
	return Moment{}
}

// since is first for what never ends once it holds.
func (p part) since(is func(*Event) bool) Moment {
	i := sort.Search(len(p.versions), func(i int) bool { return is(p.versions[i].Event) })
	if i == len(p.versions) {
		return Moment{}
	}
	return p.versions[i].Moment()
}

func (p part) life(terminating func(*Event) bool) Life {
	first := p.versions[0].Event
	l := Life{
		Kind: first.Kind, Namespace: first.Namespace, Name: first.Name, UID: first.UID,
		Existed:     p.inside > 0 && p.versions[p.inside-1].Event.Type != watch.Deleted,
		Created:     p.versions[0].Moment(),
		Terminating: p.since(terminating),
	}
	if last := p.versions[len(p.versions)-1]; last.Event.Type == watch.Deleted {
		l.Gone = last.Moment()
	}
	return l
}

// each yields the objects of a kind that existed when the window opened or changed
// inside it, in order of creation.
func (w Window) each(kind string, yield func(*object)) {
	if w.timeline == nil {
		return
	}
	for _, o := range w.timeline.index.kinds[kind] {
		if o.in(w.span).present() {
			yield(o)
		}
	}
}
