package runner

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

func TestClaimLab(t *testing.T) {
	root := t.TempDir()
	first, err := ClaimLab(root, "lab")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ClaimLab(root, "lab"); !errors.Is(err, ErrLabRunning) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("a second claim: %v", err)
	}
	if _, err := ClaimLab(root, "other"); err != nil {
		t.Errorf("another lab beside it: %v", err)
	}
	leftover := filepath.Join(first.Path, "leftover")
	if err := os.MkdirAll(filepath.Join(leftover, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := ClaimLab(root, "lab"); err != nil {
		t.Errorf("after the release: %v", err)
	}
	if _, err := os.Stat(leftover); !errors.Is(err, os.ErrNotExist) {
		t.Error("what an earlier run left is still there")
	}
}

func TestLabNames(t *testing.T) {
	for _, name := range []string{"", "Lab", "a/b", "..", "-a", "a-", strings.Repeat("a", 41), "a\nb"} {
		if _, err := ClaimLab(t.TempDir(), name); err == nil || !strings.Contains(err.Error(), "no name for a lab") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLabsAndTheirKubeconfig(t *testing.T) {
	root := t.TempDir()
	if _, err := RunningKubeconfig(filepath.Join(root, "absent"), ""); err == nil || !strings.Contains(err.Error(), "no lab is running") {
		t.Errorf("no labs at all: %v", err)
	}
	ended, err := ClaimLab(root, "ended")
	if err != nil {
		t.Fatal(err)
	}
	if err := ended.Release(); err != nil {
		t.Fatal(err)
	}
	running, err := ClaimLab(root, "running")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := RunningKubeconfig(root, ""); err == nil || !strings.Contains(err.Error(), "still starting") {
		t.Errorf("one without a cluster yet: %v", err)
	}
	if err := os.WriteFile(filepath.Join(running.Path, "kubeconfig"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := RunningKubeconfig(root, ""); err != nil || got != filepath.Join(running.Path, "kubeconfig") {
		t.Errorf("the only one: %q, %v", got, err)
	}
	if _, err := RunningKubeconfig(root, "ended"); err == nil || !strings.Contains(err.Error(), `no lab with the name "ended" is running`) {
		t.Errorf("one that has ended: %v", err)
	}
	if _, err := ClaimLab(root, "second"); err != nil {
		t.Fatal(err)
	}
	if _, err := RunningKubeconfig(root, ""); err == nil || !strings.Contains(err.Error(), "K8SLAB_LAB") {
		t.Errorf("two of them: %v", err)
	}
}

// A symbolic link in the workspace leads nowhere: a submission is data.
func TestWorkspaceStaysInside(t *testing.T) {
	d, err := ClaimLab(t.TempDir(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.fill([]lesson.File{{Path: "a/web.yaml", Data: []byte("kind: Pod")}, {Path: "notes.txt", Data: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(d.Workspace(), "link.yaml")); err != nil {
		t.Fatal(err)
	}
	manifests, err := d.manifests()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifests) != 1 || string(manifests["a/web.yaml"]) != "kind: Pod" {
		t.Errorf("manifests: %q", manifests)
	}
	if _, err := d.read("link.yaml"); err == nil {
		t.Error("a link out of the workspace was read")
	}
	if err := d.fill([]lesson.File{{Path: "link.yaml", Data: []byte("overwritten")}}); err == nil {
		t.Error("a link out of the workspace was written through")
	}
}

func TestOutcomeAndPoints(t *testing.T) {
	verdict := func(o checks.Outcome, points int) Verdict {
		return Verdict{Finding: checks.Finding{Outcome: o}, Points: points}
	}
	for _, test := range []struct {
		verdicts         []Verdict
		want             checks.Outcome
		earned, possible int
	}{
		{nil, checks.Passed, 0, 0},
		{[]Verdict{verdict(checks.Passed, 2), verdict(checks.Passed, 1)}, checks.Passed, 3, 3},
		{[]Verdict{verdict(checks.Passed, 2), verdict(checks.Failed, 1)}, checks.Failed, 2, 3},
		{[]Verdict{verdict(checks.Error, 2), verdict(checks.Failed, 1), verdict(checks.Passed, 1)}, checks.Error, 1, 4},
	} {
		r := Result{Verdicts: test.verdicts}
		earned, possible := r.Points()
		if r.Outcome() != test.want || earned != test.earned || possible != test.possible {
			t.Errorf("%v: %s, %d of %d", test.verdicts, r.Outcome(), earned, possible)
		}
	}
}

func TestWaitingHasFailedAtTheDeadline(t *testing.T) {
	s := lesson.Step{ID: "step", Deadline: time.Minute, Checks: []lesson.CheckRef{{Name: "A", Points: 2}, {Name: "B", Points: 1}}}
	got := verdictsOf(s, []checks.Finding{{Check: "A", Outcome: checks.Waiting, Message: "not all are ready"}, {Check: "B", Outcome: checks.Passed}}, "Pod web is terminating")
	if got[0].Outcome != checks.Failed || got[0].Points != 2 || got[1].Outcome != checks.Passed || got[1].Step != "step" {
		t.Errorf("%+v", got)
	}
	if want := "not all are ready (after 1m0s: Pod web is terminating)"; got[0].Message != want || got[1].Message != "" {
		t.Errorf("got %q, want %q", got[0].Message, want)
	}
}
