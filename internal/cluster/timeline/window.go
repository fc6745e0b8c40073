package timeline

// Window is the part of a timeline that a check looks at: the entries between
// two marks.
type Window struct {
	Step   string // the step that it belongs to; empty for the whole timeline
	Start  Moment // when the step was entered; zero if it never was
	End    Moment // when the window closed; of an open window the last entry
	Closed bool   // nothing more will come into it

	timeline *Timeline
	opened   bool
	span     span
}

// span is a range of entries, from lo up to but not including hi.
type span struct{ lo, hi int }

// Step returns the window of a step. It opens at the last mark that says the step
// was entered (who redoes a step starts afresh) and closes at the next step
// mark or the step's settled mark, whichever comes first. A step that was
// never entered has an empty open window.
func (t *Timeline) Step(id string) Window {
	w := Window{Step: id, timeline: t}
	open := t.lastStep(id)
	if open < 0 {
		return w
	}
	w.opened = true
	w.Start = t.entries()[open].Moment()
	w.span, w.Closed = t.until(open+1, id)
	w.End = t.momentAt(w.span.hi, w.Closed)
	return w
}

// Whole returns the open window of all entries.
func (t *Timeline) Whole() Window {
	return Window{timeline: t, opened: true, End: t.momentAt(len(t.entries()), false), span: span{0, len(t.entries())}}
}

func (t *Timeline) lastStep(id string) int {
	for i := len(t.entries()) - 1; i >= 0; i-- {
		if m := t.entries()[i].Mark; m != nil && m.Type == MarkStep && m.Name == id {
			return i
		}
	}
	return -1
}

func (t *Timeline) until(lo int, id string) (s span, closed bool) {
	for i := lo; i < len(t.entries()); i++ {
		if m := t.entries()[i].Mark; m != nil && m.closes(id) {
			return span{lo, i}, true
		}
	}
	return span{lo, len(t.entries())}, false
}

// closes reports that the mark ends the window of a step that is open.
func (m *Mark) closes(step string) bool {
	return m.Type == MarkStep || m.Type == MarkSettled && (m.Name == step || m.Name == "")
}

// momentAt returns the moment of the mark at hi that closed a window, or of the
// last entry before hi.
func (t *Timeline) momentAt(hi int, closed bool) Moment {
	switch {
	case closed:
		return t.entries()[hi].Moment()
	case hi > 0:
		return t.entries()[hi-1].Moment()
	default:
		return Moment{}
	}
}

// Opened reports that the step was entered.
func (w Window) Opened() bool { return w.opened }

// Timeline returns the timeline that the window is a part of.
func (w Window) Timeline() *Timeline { return w.timeline }

// Entries returns what came into the window, without the marks that opened and
// closed it. The caller must not change them.
func (w Window) Entries() []Entry {
	if w.timeline == nil {
		return nil
	}
	return w.timeline.entries()[w.span.lo:w.span.hi:w.span.hi]
}

// Contains reports that a moment is inside the window.
func (w Window) Contains(m Moment) bool {
	if !w.opened || !m.Happened() {
		return false
	}
	return m.ResourceVersion > w.Start.ResourceVersion && m.ResourceVersion <= w.End.ResourceVersion
}

// Gaps returns the gaps in which a change inside the window may be missing.
func (w Window) Gaps() []Gap {
	if !w.opened {
		return nil
	}
	var gaps []Gap
	for _, e := range w.timeline.entries() {
		if g := e.Gap; g != nil && g.To > w.Start.ResourceVersion && (!w.Closed || g.From < w.End.ResourceVersion) {
			gaps = append(gaps, *g)
		}
	}
	return gaps
}
