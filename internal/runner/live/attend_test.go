package live

import (
	"slices"
	"testing"

	"github.com/k8slab/k8slab/internal/checks"
)

func TestFilesCanStillBeChanged(t *testing.T) {
	findings := []checks.Finding{
		{Outcome: checks.Failed, OfFiles: true},
		{Outcome: checks.Failed},
		{Outcome: checks.Passed, OfFiles: true},
		{Outcome: checks.Error, OfFiles: true},
	}
	awaitFiles(findings)
	var got []checks.Outcome
	for _, f := range findings {
		got = append(got, f.Outcome)
	}
	if want := []checks.Outcome{checks.Waiting, checks.Failed, checks.Passed, checks.Error}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
