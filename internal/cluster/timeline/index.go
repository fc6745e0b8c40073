package timeline

import (
	"maps"
	"slices"
	"sort"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// index finds the versions of each object, the marks and the gaps without going
// over all entries. It never changes; the one of a longer recording shares with it
// whatever is the same.
type index struct {
	kinds       map[string][]*object // by kind, in order of the first version
	marks, gaps []Entry
}

// object is the versions of one object. It never changes: another version makes
// another object, so what was worked out about this one can be kept with it.
type object struct {
	versions []Entry // in order of version; never empty
	pod      atomic.Pointer[podView]
}

func (o *object) first() *Event { return o.versions[0].Event }

// before returns how many of the versions stand up to a resourceVersion.
func (o *object) before(version uint64) int {
	return sort.Search(len(o.versions), func(i int) bool { return o.versions[i].version() > version })
}

// live returns the object's event that stands at a resourceVersion, and nil when it
// does not exist then.
func (o *object) live(version uint64) *Event {
	n := o.before(version)
	if n == 0 || o.versions[n-1].Event.Type == watch.Deleted {
		return nil
	}
	return o.versions[n-1].Event
}

// with returns the object with one version more. Only the newest object of a UID
// may be asked, as it gives away the room behind its versions.
func (o *object) with(e Entry) *object {
	if n := len(o.versions); e.follows(o.versions[n-1]) {
		return &object{versions: append(o.versions, e)}
	}
	i := sort.Search(len(o.versions), func(i int) bool { return !e.follows(o.versions[i]) })
	return &object{versions: slices.Insert(slices.Clone(o.versions), i, e)}
}

// indexer grows an index.
type indexer struct {
	kinds       map[string]*kindIndexer
	marks, gaps []Entry
}

// kindIndexer grows a kind's part of an index.
type kindIndexer struct {
	objects []*object
	place   map[types.UID]int // in objects
	shared  bool              // objects is part of an index
}

// snapshot returns the index as it is now.
func (x *indexer) snapshot() *index {
	kinds := make(map[string][]*object, len(x.kinds))
	for name, k := range x.kinds {
		kinds[name], k.shared = k.objects[:len(k.objects):len(k.objects)], true
	}
	return &index{kinds: kinds, marks: slices.Clip(x.marks), gaps: slices.Clip(x.gaps)}
}

func (x *indexer) add(e Entry) {
	switch {
	case e.Mark != nil:
		x.marks = inserted(x.marks, e)
	case e.Gap != nil:
		x.gaps = inserted(x.gaps, e)
	case e.Event.UID != "": // what has none is no object
		x.kind(e.Event.Kind).add(e)
	}
}

// remove undoes the add of the last entry.
func (x *indexer) remove(e Entry) {
	switch {
	case e.Mark != nil:
		x.marks = slices.Clip(x.marks[:len(x.marks)-1])
	case e.Gap != nil:
		x.gaps = slices.Clip(x.gaps[:len(x.gaps)-1])
	case e.Event.UID != "":
		x.kind(e.Event.Kind).remove(e.Event.UID)
	}
}

// inserted returns entries with one more. What an index has of them stays as it is.
func inserted(entries []Entry, e Entry) []Entry {
	n := len(entries)
	if n == 0 || e.follows(entries[n-1]) {
		return append(entries, e)
	}
	i := sort.Search(n, func(i int) bool { return !e.follows(entries[i]) })
	return slices.Insert(slices.Clone(entries), i, e)
}

func (x *indexer) kind(name string) *kindIndexer {
	if x.kinds == nil {
		x.kinds = map[string]*kindIndexer{}
	}
	if x.kinds[name] == nil {
		x.kinds[name] = &kindIndexer{place: map[types.UID]int{}}
	}
	return x.kinds[name]
}

func (k *kindIndexer) add(e Entry) {
	i, known := k.place[e.Event.UID]
	switch {
	case !known:
		k.objects = append(k.objects, &object{versions: []Entry{e}})
		i = len(k.objects) - 1
		k.place[e.Event.UID] = i
	default:
		k.own()
		k.objects[i] = k.objects[i].with(e)
	}
	if i > 0 && k.objects[i].versions[0].version() < k.objects[i-1].versions[0].version() {
		k.sort()
	}
}

func (k *kindIndexer) remove(uid types.UID) {
	k.own()
	i := k.place[uid]
	if n := len(k.objects[i].versions) - 1; n > 0 {
		k.objects[i] = &object{versions: k.objects[i].versions[:n:n]}
		return
	}
	k.objects = slices.Delete(k.objects, i, i+1)
	k.sort()
}

// own makes sure that objects can be changed.
func (k *kindIndexer) own() {
	if k.shared {
		k.objects, k.shared = slices.Clone(k.objects), false
	}
}

// sort puts objects in order of their first versions after one has come late.
func (k *kindIndexer) sort() {
	k.own()
	slices.SortStableFunc(k.objects, func(a, b *object) int {
		return compareVersions(a.versions[0].version(), b.versions[0].version())
	})
	maps.DeleteFunc(k.place, func(types.UID, int) bool { return true })
	for i, o := range k.objects {
		k.place[o.first().UID] = i
	}
}
