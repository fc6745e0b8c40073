package runner

import (
	"fmt"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// The names of the cases that every lesson has, and what stands in front of the
// names of its near misses.
const (
	CaseStart    = "start"
	CaseSolution = "solution"
	CaseWrong    = "wrong/"
)

// Proof is what came of one case of a lesson.
type Proof struct {
	Lesson string
	Case   string // CaseStart, CaseSolution, or CaseWrong and a name
	Pace   float64
	Took   time.Duration

	// Problems say where checks judge otherwise than the lesson says they do, a
	// sentence each. The case is proven if there are none and no Err.
	Problems []string
	Err      error // our side, or the lesson's commands, broke

	Cluster    string // the name of its provider
	Kubernetes string // the version of the server
	Timeline   string // the file with the evidence
	Transcript string // the file with what was typed and what came of it
}

// Proven reports that the checks judge the case as they should.
func (p Proof) Proven() bool { return p.Err == nil && len(p.Problems) == 0 }

// A proofCase is a case to be proven: a way through a lesson, and what has to
// come of it.
type proofCase struct {
	name   string
	lesson *lesson.Lesson // as it is played
	expect func([]Verdict) []string
}

// proofCases returns the cases of a lesson: nothing earns nothing, the solution
// earns all, and each near miss fails what it says it does.
func proofCases(l *lesson.Lesson) []proofCase {
	all := []proofCase{
		{CaseStart, l.Untouched(), expectNothing},
		{CaseSolution, l, expectAll},
	}
	for _, c := range l.Wrong {
		all = append(all, proofCase{CaseWrong + c.Name, l.With(c), func(v []Verdict) []string { return expectFailures(c.Fails, v) }})
	}
	return all
}

func expectNothing(verdicts []Verdict) []string {
	var problems []string
	for _, v := range verdicts {
		switch v.Outcome {
		case checks.Passed:
			problems = append(problems, fmt.Sprintf("%s passes, although nothing was done", v.Check))
		case checks.Error:
			problems = append(problems, broken(v))
		}
	}
	return problems
}

func expectAll(verdicts []Verdict) []string { return expectFailures(nil, verdicts) }

func expectFailures(failures []lesson.Failure, verdicts []Verdict) []string {
	expected := map[string]lesson.Failure{}
	for _, f := range failures {
		expected[f.Check] = f
	}
	var problems []string
	for _, v := range verdicts {
		f, wrong := expected[v.Check]
		switch {
		case v.Outcome == checks.Error:
			problems = append(problems, broken(v))
		case wrong && v.Outcome == checks.Passed:
			problems = append(problems, fmt.Sprintf("%s passes; it has to fail with %q", v.Check, f.Message))
		case wrong && !strings.Contains(v.Message, f.Message):
			problems = append(problems, fmt.Sprintf("%s fails with %q; it has to fail with %q", v.Check, v.Message, f.Message))
		case !wrong && v.Outcome != checks.Passed:
			problems = append(problems, fmt.Sprintf("%s fails with %q; it has to pass", v.Check, v.Message))
		}
	}
	return problems
}

func broken(v Verdict) string {
	at := ""
	if v.Position != "" {
		at = " at " + v.Position
	}
	return fmt.Sprintf("%s broke%s: %s", v.Check, at, v.Message)
}
