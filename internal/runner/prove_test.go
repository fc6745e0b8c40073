package runner

import (
	"slices"
	"testing"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

func TestCasesOfLessonsTakeTurns(t *testing.T) {
	group := proofGroup{}
	for _, name := range []string{"a", "a", "a", "b", "b"} {
		l := &lesson.Lesson{Name: name} // as it is played, so each case has its own
		group.jobs = append(group.jobs, proofJob{proofCase: proofCase{lesson: l}})
	}
	if got, want := group.inTurns(), []int{0, 3, 1, 4, 2}; !slices.Equal(got, want) {
		t.Errorf("begun in the order %v, want %v", got, want)
	}
}
