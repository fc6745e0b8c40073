package timeline

import (
	"math"
	"sort"
)

// Window is the part of a timeline that a check looks at: the entries between
// two marks.
type Window struct {
	Step   string // the step that it belongs to; empty for the whole timeline
	Start  Moment // when the step was entered; zero if it never was
	End    Moment // when the window closed; of an open window the last entry
	Closed bool   // nothing more will come into it

	timeline      *Timeline
	opened        bool
	span          span
	opener, ender *Mark // nil where there is none
}

// span is a range of resourceVersions: those above after, up to and including through.
type span struct{ after, through uint64 }

// forever is the through of a span that is open.
const forever = math.MaxUint64

// Step returns the window of a step. It opens at the last mark that says the step
// was entered (who redoes a step starts afresh) and closes at the next step
// mark or the step's settled mark, whichever comes first. A step that was
// never entered has an empty open window.
func (t *Timeline) Step(id string) Window {
	w := Window{Step: id, timeline: t}
	marks := t.index.marks
	open := lastStep(marks, id)
	if open < 0 {
		return w
	}
	w.opened, w.opener = true, marks[open].Mark
	w.Start, w.End = marks[open].Moment(), t.end
	w.span = span{w.Start.ResourceVersion, forever}
	for _, e := range marks[open+1:] {
		if e.Mark.closes(id) {
			w.Closed, w.ender, w.End = true, e.Mark, e.Moment()
			w.span.through = w.End.ResourceVersion
			break
		}
	}
	return w
}

// Settled returns the window as if it had been closed by its last entry, for who
// knows that nothing moves any more and still lets more come into it.
func (w Window) Settled() Window {
	if w.opened && !w.Closed {
		w.Closed = true
		w.span.through = w.End.ResourceVersion
	}
	return w
}

// Whole returns the open window of all entries.
func (t *Timeline) Whole() Window {
	return Window{timeline: t, opened: true, End: t.end, span: span{0, forever}}
}

func lastStep(marks []Entry, id string) int {
	for i := len(marks) - 1; i >= 0; i-- {
		if m := marks[i].Mark; m.Type == MarkStep && m.Name == id {
			return i
		}
	}
	return -1
}

// closes reports that the mark ends the window of a step that is open.
func (m *Mark) closes(step string) bool {
	return m.Type == MarkStep || m.Type == MarkSettled && (m.Name == step || m.Name == "")
}

// Opened reports that the step was entered.
func (w Window) Opened() bool { return w.opened }

// Timeline returns the timeline that the window is a part of.
func (w Window) Timeline() *Timeline { return w.timeline }

// Entries returns what came into the window, without the marks that opened and
// closed it. The caller must not change them.
func (w Window) Entries() []Entry {
	if !w.opened {
		return nil
	}
	lo, hi := 0, len(w.timeline.entries())
	if w.opener != nil {
		lo = w.timeline.position(w.Start, w.opener) + 1
	}
	if w.ender != nil {
		hi = w.timeline.position(w.End, w.ender)
	}
	return w.timeline.entries()[lo:hi:hi]
}

// position returns where a mark stands.
func (t *Timeline) position(m Moment, mark *Mark) int {
	entries := t.entries()
	i := sort.Search(len(entries), func(i int) bool { return entries[i].version() >= m.ResourceVersion })
	for entries[i].Mark != mark {
		i++
	}
	return i
}

// Contains reports that a moment is inside the window.
func (w Window) Contains(m Moment) bool {
	if !w.opened || !m.Happened() {
		return false
	}
	return m.ResourceVersion > w.Start.ResourceVersion && m.ResourceVersion <= w.End.ResourceVersion
}

// At returns the moment of the first entry of the recording that has a version or comes
// after it, and that of the last entry when there is none.
func (t *Timeline) At(version uint64) Moment {
	entries := t.entries()
	i := sort.Search(len(entries), func(i int) bool { return entries[i].version() >= version })
	if i == len(entries) {
		return t.end
	}
	return entries[i].Moment()
}

// Gaps returns the gaps in which a change inside the window may be missing.
func (w Window) Gaps() []Gap {
	if !w.opened {
		return nil
	}
	var gaps []Gap
	for _, e := range w.timeline.index.gaps {
		if g := e.Gap; g.To > w.Start.ResourceVersion && (!w.Closed || g.From < w.End.ResourceVersion) {
			gaps = append(gaps, *g)
		}
	}
	return gaps
}
