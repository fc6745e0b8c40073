package lab

import "slices"

// Claims about the whole step: they can be believed when its window has closed and
// something is known to have happened. What they compare is taken to grow until
// then, and a lowest [Count] to fall, so some contradictions come at once and
// some with the end.

// Equal fails the check unless got and want are equal; the text says what is
// compared. Integers of all sizes, strings of all named types, pointers and what
// they point to, quantities and int-or-strings are compared by value. A [Count] is
// compared with a number and [Pods] with their names in order, and both, like AtMost,
// wait for the step's window to close.
func (t *T) Equal(got, want any, what string, args ...any) {
	t.run.asserted = true
	t = t.judging(got, args)
	switch g := got.(type) {
	case Count:
		t.compare("Equal", g, want, sprintf(what, args), "", func(g, w float64) int { return sign(g - w) })
	case Pods:
		t.samePods(g, want, sprintf(what, args))
	default:
		if g, w := normal(got), normal(want); !same(g, w) {
			t.Errorf("%s: got %s, want %s", sprintf(what, args), text(g), text(w))
		}
	}
}

// AtMost fails the check if a number, or a [Count], is above its limit; the text says
// what was counted. It is believed only when the step's window is closed and after an
// Await: until then the check waits.
func (t *T) AtMost(got, limit any, what string, args ...any) {
	t.judging(got, args).compare("AtMost", got, limit, sprintf(what, args), "at most ", func(g, l float64) int { return max(0, sign(g-l)) })
}

// AtLeast fails the check if a number, or a [Count], is below its limit when the step's
// window is closed, and a lowest Count at once; the text says what was counted. Like
// AtMost it waits for the window to close and needs an Await.
func (t *T) AtLeast(got, limit any, what string, args ...any) {
	t.judging(got, args).compare("AtLeast", got, limit, sprintf(what, args), "at least ", func(g, l float64) int { return min(0, sign(g-l)) })
}

// compare judges a number that may still change. By says by how much it is off: too
// small, right, or too great.
func (t *T) compare(verb string, got, limit any, what, wanted string, by func(got, limit float64) int) {
	t.needEvidence(verb)
	count, isCount := got.(Count)
	if isCount && !count.counted {
		t.NotYet("%s: %s", what, count.missing)
	}
	g, gok := number(got)
	l, lok := number(limit)
	if !gok || !lok {
		t.broken("%s compares numbers, not %T and %T", verb, got, limit)
	}
	quoted := text(normal(got))
	if isCount {
		quoted = count.String()
	}
	off := by(g, l)
	switch {
	case off == 0:
		t.needClosed()
	case (off < 0) == count.low || t.closed():
		t.Errorf("%s: got %s, want %s%s", what, quoted, wanted, text(normal(limit)))
	default:
		t.record(Waiting, what+": "+quoted+" so far, want "+wanted+text(normal(limit)))
	}
}

func sign(f float64) int {
	switch {
	case f < 0:
		return -1
	case f > 0:
		return 1
	default:
		return 0
	}
}

// samePods judges a list that may still grow.
func (t *T) samePods(got Pods, want any, what string) {
	names, ok := want.([]string)
	if !ok {
		t.broken("Equal compares Pods with their names, a []string, not with a %T", want)
	}
	if len(names) == 0 {
		t.needEvidence("Equal with no Pods")
	}
	switch have := got.Names(); {
	case slices.Equal(have, names):
		t.needClosed()
	case len(have) == 0, !t.closed() && len(have) < len(names) && slices.Equal(have, names[:len(have)]):
		t.record(Waiting, what+": "+text(have)+" so far, want "+text(names))
	default:
		t.Errorf("%s: got %s, want %s", what, text(have), text(names))
	}
}

// Never fails the check if something happened during the step; the text says
// what, and the moment is added to it. It is believed only when the step's window
// is closed and after an Await: until then the check waits.
func (t *T) Never(m Moment, happened string, args ...any) {
	t.needEvidence("Never")
	if m.Seen() {
		t.about(m).Errorf("%s %s", sprintf(happened, args), m)
	}
	t.needClosed()
}

// InOrder fails the check unless the moments came one after the other. What has
// not been seen in the step is missing, and the check ends as waiting. The messages
// come from the moments.
func (t *T) InOrder(moments ...Moment) {
	t.run.asserted = true
	if len(moments) < 2 {
		t.broken("InOrder compares two moments or more")
	}
	var last, missing *Moment
	for i := range moments {
		m := &moments[i]
		t.judged(*m)
		switch {
		case !m.Seen() && missing == nil:
			missing = m
		case !m.Seen():
		case last != nil && !last.Before(*m):
			t.about(*last, *m).Errorf("%s, not before %s", last.event(), m.event())
			last = m
		default:
			last = m
		}
	}
	if missing != nil {
		t.NotYet("%s", missing.missing())
	}
	t.run.evidence = true
}

// Always fails the check if a condition did not hold at some moment of the step:
// it is asked for the state before it and after every change. The text says what
// was violated; the first such moment is added. It does not hold where an object
// that it asks for does not exist. Like Never it waits for the step's window to close
// and needs an Await.
func (t *T) Always(holds func(s *State) bool, violated string, args ...any) {
	t.needEvidence("Always")
	for _, s := range t.states() {
		if s.holds(holds) {
			continue
		}
		message := sprintf(violated, args) + " " + s.when
		if s.absent != "" {
			message += ": " + s.absent + " did not exist"
		}
		t.about(s.moment).Errorf("%s", message)
		break
	}
	t.needClosed()
}

// Eventually ends the check as waiting unless a condition held at some moment of
// the step; the text says what is missing. It does not hold where an object that it
// asks for does not exist. Like Await it is evidence.
func (t *T) Eventually(holds func(s *State) bool, missing string, args ...any) {
	for _, s := range t.states() {
		if s.holds(holds) {
			t.run.asserted, t.run.evidence = true, true
			return
		}
	}
	t.NotYet(missing, args...)
}

func (s *State) holds(condition func(s *State) bool) bool {
	s.absent = ""
	return condition(s) && s.absent == ""
}

// states returns the state in which the step began and those after each change.
func (t *T) states() []*State {
	before := t.Before()
	before.tentative = true
	states := []*State{before}
	w := t.run.input.Window
	for _, e := range w.Entries() {
		if e.Event != nil && e.Event.Namespace == t.run.input.Namespace && shown(e.Event.Kind) {
			m := t.moment(e.Moment(), "the state", "was so")
			states = append(states, &State{t: t.unplaced(), state: w.StateAt(e.Moment()), moment: m, when: m.String(), past: true, tentative: true})
		}
	}
	return states
}

// shown reports that a state has objects of a kind.
func shown(kind string) bool {
	switch kind {
	case "Event", "EndpointSlice", "ControllerRevision", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ReplicationController":
		return false
	default:
		return true
	}
}

func (t *T) closed() bool { return t.run.input.Window.Closed }

// needEvidence tells an author that a claim about the whole step is empty as long
// as nothing shows that the step's event took place.
func (t *T) needEvidence(verb string) {
	t.run.asserted = true
	if !t.run.evidence {
		t.broken("%s proves nothing before something has happened: Await that first", verb)
	}
}

// needClosed keeps a check waiting that could still be contradicted.
func (t *T) needClosed() {
	if !t.closed() {
		t.Hint("wait until the cluster has come to rest").record(Waiting, "it holds so far and counts when the cluster has come to rest")
	}
}
