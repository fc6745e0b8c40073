package runner

import (
	"slices"
	"testing"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

func verdicts(outcomes ...checks.Outcome) []Verdict {
	var all []Verdict
	for i, o := range outcomes {
		name := string(rune('A' + i))
		all = append(all, Verdict{Finding: checks.Finding{Check: name, Outcome: o, Message: "what " + name + " saw", Position: "checks.go:7"}})
	}
	return all
}

func TestExpectations(t *testing.T) {
	fails := []lesson.Failure{{Check: "A", Message: "A saw"}}
	for _, test := range []struct {
		name string
		got  []string
		want []string
	}{
		{"start, all fail", expectNothing(verdicts(checks.Failed, checks.Failed)), nil},
		{"start, one passes", expectNothing(verdicts(checks.Failed, checks.Passed)), []string{"B passes, although nothing was done"}},
		{"start, one breaks", expectNothing(verdicts(checks.Error)), []string{"A broke at checks.go:7: what A saw"}},
		{"solution, all pass", expectAll(verdicts(checks.Passed, checks.Passed)), nil},
		{"solution, one fails", expectAll(verdicts(checks.Passed, checks.Failed)), []string{`B fails with "what B saw"; it has to pass`}},
		{"wrong, as it says", expectFailures(fails, verdicts(checks.Failed, checks.Passed)), nil},
		{"wrong, passes", expectFailures(fails, verdicts(checks.Passed, checks.Passed)), []string{`A passes; it has to fail with "A saw"`}},
		{"wrong, another fails too", expectFailures(fails, verdicts(checks.Failed, checks.Failed)), []string{`B fails with "what B saw"; it has to pass`}},
		{"wrong, another message", expectFailures([]lesson.Failure{{Check: "A", Message: "B saw"}}, verdicts(checks.Failed)), []string{`A fails with "what A saw"; it has to fail with "B saw"`}},
		{"wrong, breaks", expectFailures(fails, verdicts(checks.Error)), []string{"A broke at checks.go:7: what A saw"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}
