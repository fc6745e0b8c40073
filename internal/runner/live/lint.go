package live

import (
	"bytes"
	"slices"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/manifest"
)

// lint shows what is wrong with the files that the learner has written. What the lesson
// gave is as it should be, also where it is wrong on purpose.
func (e *Engine) lint() {
	problems := e.problems()
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Equal(problems, e.state.Problems) {
		return
	}
	e.state.Problems = problems
	e.publish()
}

func (e *Engine) problems() []Problem {
	files, err := e.Dir.Manifests()
	if err != nil {
		return []Problem{{File: ".", Message: err.Error(), Remedy: "Keep in the workspace only what the lesson needs."}}
	}
	for _, f := range given(e.Lesson) {
		if bytes.Equal(files[f.Path], f.Data) {
			delete(files, f.Path)
		}
	}
	var problems []Problem
	for _, p := range manifest.Lint(files) {
		problems = append(problems, Problem(p))
	}
	return problems
}

// given are the files that come from the lesson.
func given(l *lesson.Lesson) []lesson.File {
	all := l.StartFiles()
	for _, s := range l.Steps {
		all = append(all, s.SolutionFiles()...)
	}
	return all
}
