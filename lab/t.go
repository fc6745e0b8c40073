package lab

import (
	"fmt"
	"runtime"
	"strings"
)

// T is what a check sees and says. It is passed to each check; a check keeps no
// part of it.
type T struct {
	run      *run
	position string     // of the call that is made on this T, when a rewritten script said it
	hint     string     // remedy of what is found through this T
	evidence []Evidence // of what is found through this T
}

// redo begins the hints of failures that nothing can mend in the step as it went.
const redo = "redo this step: "

// At returns a T whose findings carry a position in the script. The engine adds
// it to every call; nobody else needs it.
func (t *T) At(position string) *T {
	c := *t
	c.position = position
	return &c
}

// unplaced returns a T for what a script keeps and uses on another line.
func (t *T) unplaced() *T { return t.At("") }

// Hint returns a T whose findings carry a remedy: what the learner can do next.
//
//	t.Hint("delete one Pod with kubectl delete pod NAME").Await(…)
//
// One that begins with "redo this step: " does so for failures only: what is merely
// missing can still be done in this one.
func (t *T) Hint(format string, args ...any) *T {
	c := *t
	c.hint = fmt.Sprintf(format, args...)
	return &c
}

// orHint is Hint for a remedy that the script has not given.
func (t *T) orHint(format string, args ...any) *T {
	if t.hint != "" {
		return t
	}
	return t.Hint(format, args...)
}

// Logf writes a line for the author of the check. Learners do not see it.
func (t *T) Logf(format string, args ...any) {
	t.run.log(fmt.Sprintf(format, args...) + "\n")
}

// Errorf records that the check has failed, with the evidence, and goes on.
func (t *T) Errorf(format string, args ...any) {
	t.quoting(args).record(Failed, fmt.Sprintf(format, args...))
}

// Fatalf records that the check has failed, with the evidence, and ends it.
func (t *T) Fatalf(format string, args ...any) {
	t.quoting(args).record(Failed, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// NotYet records what is missing and ends the check. What could contradict the
// check comes before it, because failed outranks waiting.
func (t *T) NotYet(format string, args ...any) {
	t.quoting(args).record(Waiting, fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// Await ends the check as waiting unless done; the text says what is missing.
// Once passed it is the evidence that something happened at all, without which
// Never, Always and AtMost prove nothing.
func (t *T) Await(done bool, missing string, args ...any) {
	if !done {
		t.NotYet(missing, args...)
	}
	t.judged(args...)
	t.run.asserted, t.run.evidence = true, true
}

// True fails the check unless ok; the text says what is wrong.
func (t *T) True(ok bool, wrong string, args ...any) {
	t.run.asserted = true
	t.judged(args...)
	if !ok {
		t.Errorf(wrong, args...)
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
		position = t.run.where()
	}
	hint := t.hint
	if o == Waiting {
		hint = strings.TrimPrefix(hint, redo)
	}
	t.run.add(finding{outcome: o, message: message, hint: hint, position: position, evidence: t.evidence})
}

// quoting returns a T whose findings rest on what a message quotes, unless it is known
// better.
func (t *T) quoting(args []any) *T {
	if t.evidence != nil {
		return t
	}
	return t.about(args...)
}

// sprintf is fmt.Sprintf.
func sprintf(format string, args []any) string { return fmt.Sprintf(format, args...) }
