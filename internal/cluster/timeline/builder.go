package timeline

import (
	"slices"
	"sort"
	"sync"
)

// Builder grows a timeline, entry by entry. It is safe for concurrent use.
type Builder struct {
	mu      sync.Mutex
	header  Header
	entries []Entry
	shared  int // entries[:shared] are part of a timeline and stay as they are
	last    *Timeline
}

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
// ordered by At too. Appending costs the same whatever the length; putting an
// entry before others costs a copy if a Timeline holds those.
func (b *Builder) Append(e Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fill(&e)
	b.insert(b.position(e), e)
	b.last = nil
}

// fill completes versions that the entry leaves out.
func (b *Builder) fill(e *Entry) {
	if e.Event != nil {
		_ = e.Event.identify() // an object that is none sorts first, and no query finds it
	}
	if e.Mark != nil && e.Mark.ResourceVersion == 0 && len(b.entries) > 0 {
		e.Mark.ResourceVersion = b.entries[len(b.entries)-1].version()
	}
}

func (b *Builder) position(e Entry) int {
	n := len(b.entries)
	if n == 0 || e.follows(b.entries[n-1]) {
		return n
	}
	return sort.Search(n, func(i int) bool { return !e.follows(b.entries[i]) })
}

func (b *Builder) insert(i int, e Entry) {
	if i < len(b.entries) {
		e.At = min(e.At, b.entries[i].At)
	} else if i > 0 {
		e.At = max(e.At, b.entries[i-1].At)
	}
	if i < b.shared {
		b.entries = slices.Clone(slices.Grow(b.entries, 1))
		b.shared = 0
	}
	b.entries = slices.Insert(b.entries, i, e)
}

// Timeline returns the timeline of the entries so far. It shares them with the
// builder and stays as it is when more are appended.
func (b *Builder) Timeline() *Timeline {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil {
		b.shared = len(b.entries)
		b.last = newTimeline(b.header, b.entries[:b.shared:b.shared], false)
	}
	return b.last
}
