package runner

import (
	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// Verdict is what a check found, and what it is worth.
type Verdict struct {
	checks.Finding
	Step   string `json:"step"`   // its id
	Points int    `json:"points"` // what the check gives when it passes
}

// Result is a run that came to its end.
type Result struct {
	Lesson   *lesson.Lesson
	Verdicts []Verdict // of all steps, in order
	Timeline string    // the file with the evidence

	Cluster    string // the name of its provider
	Kubernetes string // the version of the server
}

// Step returns the verdicts of one step.
func (r Result) Step(id string) []Verdict {
	var verdicts []Verdict
	for _, v := range r.Verdicts {
		if v.Step == id {
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// Outcome is the worst of the verdicts, and passed if there are none. Nobody is
// judged by a run in which our side broke, so an error outweighs a failure.
func (r Result) Outcome() checks.Outcome {
	worst := checks.Passed
	for _, v := range r.Verdicts {
		if weight(v.Outcome) > weight(worst) {
			worst = v.Outcome
		}
	}
	return worst
}

func weight(o checks.Outcome) int {
	switch o {
	case checks.Passed:
		return 0
	case checks.Waiting:
		return 1
	case checks.Failed:
		return 2
	default:
		return 3
	}
}

// Points returns what was earned and what could have been.
func (r Result) Points() (earned, possible int) {
	for _, v := range r.Verdicts {
		possible += v.Points
		if v.Outcome == checks.Passed {
			earned += v.Points
		}
	}
	return earned, possible
}
