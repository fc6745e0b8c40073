package runner

import (
	"strings"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/checks/fixture"
)

// recording is a case that is being written down for the tests of checks.
type recording struct{ fixture.Case }

func newRecording(job proofJob, namespace string) *recording {
	return &recording{fixture.Case{Lesson: job.lesson.Name, Name: strings.TrimPrefix(job.name, CaseWrong), Namespace: namespace}}
}

// judged notes a step. The timeline of the last one has all.
func (r *recording) judged(q checks.Request) {
	r.Steps = append(r.Steps, fixture.Step{ID: q.Step, Checks: q.Names, Manifests: q.Manifests})
	r.Timeline = q.Timeline
}

// write puts the case below a directory, unless nothing was judged in it.
func (r *recording) write(root string) error {
	if r.Timeline == nil {
		return nil
	}
	return r.Write(root)
}
