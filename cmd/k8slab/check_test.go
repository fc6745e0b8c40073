package main

import (
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/live"
)

// TestAdviseNext: under the verdicts stands what helps now, and nothing else.
func TestAdviseNext(t *testing.T) {
	two := func(a, b checks.Outcome) []live.Check { return []live.Check{{Outcome: a}, {Outcome: b}} }
	tests := map[string]struct {
		state live.State
		want  string
	}{
		"something is missing": {live.State{Checks: two(checks.Passed, checks.Waiting), MoreHints: 1}, "`k8slab hint` helps.\n"},
		"it moves":             {live.State{Checks: two(checks.Passed, checks.Passed), MoreHints: 1, Moving: "Pod a is terminating"}, "The cluster is still at work: Pod a is terminating.\n"},
		"it has to rest":       {live.State{Checks: two(checks.Passed, checks.Passed), MoreHints: 1}, "All checks pass. The step is done when the cluster has come to rest.\n"},
		"failed":               {live.State{Checks: two(checks.Passed, checks.Failed), MoreHints: 1}, "`k8slab reset` does the step again, with --files on the files as they were. `k8slab hint` helps.\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			adviseNext(streams{err: &out}, test.state)
			if out.String() != test.want {
				t.Errorf("got %q, want %q", out.String(), test.want)
			}
		})
	}
}
