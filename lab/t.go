package lab

import (
	"fmt"
	"runtime"
	"time"
)

// T is what a check sees and says. It is passed to each check; a check keeps no
// part of it.
type T struct {
	run      *run
	position string // of the call that is made on this T, when a rewritten script said it
	hint     string // remedy of what is found through this T
}

// At returns a T whose findings carry a position in the script. The engine adds
// it to every call; nobody else needs it.
func (t *T) At(position string) *T {
	c := *t
	c.position = position
	return &c
}

// Hint returns a T whose findings carry a remedy: what the learner can do next.
//
//	t.Hint("delete one Pod with kubectl delete pod NAME").Await(…)
func (t *T) Hint(format string, args ...any) *T {
	c := *t
	c.hint = fmt.Sprintf(format, args...)
	return &c
}

// Logf writes a line for the author of the check. Learners do not see it.
func (t *T) Logf(format string, args ...any) {
	t.run.log(fmt.Sprintf(format, args...) + "\n")
}

// Errorf records that the check has failed, with the evidence, and goes on.
func (t *T) Errorf(format string, args ...any) {
	t.record(Failed, fmt.Sprintf(format, args...))
}

// Fatalf records that the check has failed, with the evidence, and ends it.
func (t *T) Fatalf(format string, args ...any) {
	t.record(Failed, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// NotYet records what is missing and ends the check. What could contradict the
// check comes before it, because failed outranks waiting.
func (t *T) NotYet(format string, args ...any) {
	t.record(Waiting, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// Await ends the check as waiting unless done; the text says what is missing.
// Once passed it is the evidence that something happened at all, without which
// Never, Always and AtMost prove nothing.
func (t *T) Await(done bool, missing string, args ...any) {
	if !done {
		t.NotYet(missing, args...)
	}
	t.run.asserted, t.run.evidence = true, true
}

// True fails the check unless ok; the text says what is wrong.
func (t *T) True(ok bool, wrong string, args ...any) {
	t.run.asserted = true
	if !ok {
		t.Errorf(wrong, args...)
	}
}

// Equal fails the check unless got and want are equal; the text says what is
// compared. Integers of all sizes, strings of all named types, pointers and what
// they point to, quantities and int-or-strings are compared by value.
func (t *T) Equal(got, want any, what string, args ...any) {
	t.run.asserted = true
	if g, w := normal(got), normal(want); !same(g, w) {
		t.Errorf("%s: got %s, want %s", fmt.Sprintf(what, args...), text(g), text(w))
	}
}

// Within fails the check if something took longer than it may; the text says
// what.
func (t *T) Within(took, limit time.Duration, what string, args ...any) {
	t.run.asserted = true
	if took > limit {
		t.Errorf("%s took %s, want at most %s", fmt.Sprintf(what, args...), short(took), short(limit))
	}
}

// Never fails the check if something happened during the step; the text says
// what, and the moment is added to it. It is believed only when the step's window
// is closed and after an Await: until then the check waits.
func (t *T) Never(m Moment, happened string, args ...any) {
	t.needEvidence("Never")
	if m.Seen() {
		t.Errorf("%s %s", fmt.Sprintf(happened, args...), m)
	}
	t.needClosed()
}

// AtMost fails the check if a number is above its limit; the text says what was
// counted. Like Never it waits for the step's window to close and needs an Await.
func (t *T) AtMost(got, limit any, what string, args ...any) {
	t.needEvidence("AtMost")
	g, gok := number(got)
	l, lok := number(limit)
	if !gok || !lok {
		t.broken("AtMost compares numbers, not %T and %T", got, limit)
	}
	if g > l {
		t.Errorf("%s: got %s, want at most %s", fmt.Sprintf(what, args...), text(normal(got)), text(normal(limit)))
	}
	t.needClosed()
}

// Always fails the check if a condition did not hold at some moment of the step:
// it is asked for the state before it and after every change. The text says what
// was violated; the first such moment is added. Like Never it waits for the
// step's window to close and needs an Await.
func (t *T) Always(holds func(s *State) bool, violated string, args ...any) {
	t.needEvidence("Always")
	for _, s := range t.states() {
		if !holds(s) {
			t.Errorf("%s %s", fmt.Sprintf(violated, args...), s.moment)
			break
		}
	}
	t.needClosed()
}

// Eventually ends the check as waiting unless a condition held at some moment of
// the step; the text says what is missing.
func (t *T) Eventually(holds func(s *State) bool, missing string, args ...any) {
	for _, s := range t.states() {
		if holds(s) {
			t.run.asserted, t.run.evidence = true, true
			return
		}
	}
	t.NotYet(missing, args...)
}

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
	if !t.run.input.Window.Closed {
		t.Hint("wait until the cluster has come to rest").record(Waiting, "it holds so far and counts when the cluster has come to rest")
	}
}

// broken ends the check with an error of its author or of the record.
func (t *T) broken(format string, args ...any) {
	t.record(Error, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (t *T) record(o Outcome, message string) {
	position := t.position
	if position == "" {
		position = caller()
	}
	t.run.add(finding{outcome: o, message: message, hint: t.hint, position: position})
}
