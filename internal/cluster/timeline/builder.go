package timeline

import (
	"slices"
	"sort"
	"sync"
	"time"
)

// Builder grows a timeline, entry by entry. It is safe for concurrent use.
//
// What arrives late arrives a little late, so only the newest entries are kept
// open for insertion; timelines get a copy of these and share the rest, as they
// share the index of objects that have not changed.
type Builder struct {
	mu     sync.Mutex
	header Header
	frozen []Entry // shared with timelines; only ever appended to, else replaced
	tail   []Entry // stands after frozen
	index  indexer
	last   *Timeline
}

// tailLength is how many entries at least are open for insertion once there are as
// many: two seconds of a busy lab.
const tailLength = 256

// NewBuilder returns a builder of a timeline without entries. A zero Format or
// Pace in the header is filled in.
func NewBuilder(header Header) *Builder {
	if header.Format == 0 {
		header.Format = Format
	}
	if header.Pace == 0 {
		header.Pace = 1
	}
	return &Builder{header: header}
}

// Append adds an entry that arrived after all entries before it, and owns it
// afterwards. The entry is put where its resourceVersion belongs; with the same
// version, events come before marks and gaps, and else the order of arrival is
// kept. Its At becomes at most that of the entry after it, so that entries are
// ordered by At too; this At is what Append returns. The cost does not depend on the length, except for an
// entry that belongs before the newest 256: that costs a copy of all.
func (b *Builder) Append(e Entry) (at time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = nil
	b.fill(&e)
	e.At = b.insert(e)
	b.index.add(e)
	return e.At
}

func (b *Builder) insert(e Entry) (at time.Duration) {
	if n := len(b.frozen); n > 0 && !e.follows(b.frozen[n-1]) {
		b.frozen, at = insert(slices.Clone(b.frozen), e)
		return at
	}
	if len(b.tail) == 0 && len(b.frozen) > 0 {
		e.At = max(e.At, b.frozen[len(b.frozen)-1].At)
	}
	b.tail, at = insert(b.tail, e)
	if len(b.tail) == 2*tailLength {
		b.frozen = append(b.frozen, b.tail[:tailLength]...)
		b.tail = slices.Clone(b.tail[tailLength:])
	}
	return at
}

// Len returns how many entries there are.
func (b *Builder) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.frozen) + len(b.tail)
}

// Truncate drops all entries after the first n, for who is told that others come
// in their place. The cost depends on what is dropped, not on the length.
func (b *Builder) Truncate(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = nil
	for len(b.frozen)+len(b.tail) > n {
		b.index.remove(b.pop())
	}
}

// pop takes the last entry away.
func (b *Builder) pop() (e Entry) {
	if n := len(b.tail) - 1; n >= 0 {
		e, b.tail = b.tail[n], b.tail[:n]
		return e
	}
	n := len(b.frozen) - 1
	e, b.frozen = b.frozen[n], slices.Clip(b.frozen[:n])
	return e
}

// fill completes versions that the entry leaves out.
func (b *Builder) fill(e *Entry) {
	if e.Event != nil {
		_ = e.Event.identify() // an object that is none sorts first, and no query finds it
	}
	if e.Mark != nil && e.Mark.ResourceVersion == 0 {
		e.Mark.ResourceVersion = b.latest()
	}
}

func (b *Builder) latest() uint64 {
	for _, entries := range [][]Entry{b.tail, b.frozen} {
		if n := len(entries); n > 0 {
			return entries[n-1].version()
		}
	}
	return 0
}

// insert puts an entry where it belongs and returns the At that it has there.
func insert(entries []Entry, e Entry) ([]Entry, time.Duration) {
	n := len(entries)
	i := n
	if n > 0 && !e.follows(entries[n-1]) {
		i = sort.Search(n, func(i int) bool { return !e.follows(entries[i]) })
	}
	if i < n {
		e.At = min(e.At, entries[i].At)
	} else if n > 0 {
		e.At = max(e.At, entries[n-1].At)
	}
	return slices.Insert(entries, i, e), e.At
}

// Timeline returns the timeline of the entries so far, which stays as it is when
// more are appended. It shares what it can: the cost is that of a copy of the newest
// entries and, for each kind that has changed, of a pointer per object.
func (b *Builder) Timeline() *Timeline {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.last = newTimeline(b.header, slices.Clip(b.frozen), slices.Clone(b.tail), b.index.snapshot())
	}
	return b.last
}
