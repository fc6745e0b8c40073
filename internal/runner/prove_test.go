package runner

import (
	"slices"
	"testing"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

func TestCasesOfLessonsTakeTurns(t *testing.T) {
	a, b := &lesson.Lesson{Name: "a"}, &lesson.Lesson{Name: "b"}
	group := proofGroup{}
	for _, l := range []*lesson.Lesson{a, a, a, b, b} {
		group.jobs = append(group.jobs, proofJob{proofCase: proofCase{lesson: l}})
	}
	if got, want := group.inTurns(), []int{0, 3, 1, 4, 2}; !slices.Equal(got, want) {
		t.Errorf("begun in the order %v, want %v", got, want)
	}
}
