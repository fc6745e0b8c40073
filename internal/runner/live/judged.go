package live

import (
	"slices"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// remember puts what the checks of a step said beside the recording, where pictures of it look.
// The caller holds the lock.
func (e *Engine) remember(step lesson.Step, findings []checks.Finding) {
	e.judged = slices.DeleteFunc(e.judged, func(v runner.Verdict) bool { return v.Step == step.ID })
	for i, f := range findings {
		e.judged = append(e.judged, runner.Verdict{Finding: f, Step: step.ID, Points: step.Checks[i].Points})
	}
	_ = e.Dir.WriteVerdicts(e.judged) // without them a picture lacks its marks, and nothing else
}

// forget drops what was said about a recording that is not the current one any more. The
// caller holds the lock.
func (e *Engine) forget() {
	e.judged = nil
	_ = e.Dir.WriteVerdicts(nil) // as in remember
}
