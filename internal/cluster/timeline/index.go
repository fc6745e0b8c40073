package timeline

import (
	"sort"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// index finds the versions of each object. It looks at no object's JSON: that is
// decoded when a query needs the version.
type index struct {
	kinds map[string][]*object // by kind, in order of the first version
}

// object is where the versions of one object are.
type object struct {
	first     *Event // for kind, namespace, name and UID
	positions []int  // of its events in Timeline.entries, ascending
}

func indexOf(entries []Entry) *index {
	x := &index{kinds: map[string][]*object{}}
	byUID := map[types.UID]*object{}
	for i, e := range entries {
		if e.Event == nil || e.Event.UID == "" {
			continue
		}
		o := byUID[e.Event.UID]
		if o == nil {
			o = &object{first: e.Event}
			byUID[e.Event.UID] = o
			x.kinds[e.Event.Kind] = append(x.kinds[e.Event.Kind], o)
		}
		o.positions = append(o.positions, i)
	}
	return x
}

// before returns the positions of the object's versions that are before n.
func (o *object) before(n int) []int {
	return o.positions[:sort.SearchInts(o.positions, n)]
}

// live returns the object's event that stands when the first n entries have
// happened, and nil when it does not exist then.
func (o *object) live(entries []Entry, n int) *Event {
	versions := o.before(n)
	if len(versions) == 0 {
		return nil
	}
	e := entries[versions[len(versions)-1]].Event
	if e.Type == watch.Deleted {
		return nil
	}
	return e
}
