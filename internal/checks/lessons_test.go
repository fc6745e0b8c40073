package checks

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/lab"
	replicasetupdates "github.com/k8slab/k8slab/lessons/replicaset-updates/checks"
)

// scripted is a lesson whose checks are compiled into this test.
type scripted struct {
	dir       string
	functions map[string]func(*lab.T)
	steps     map[string][]string // the checks of each step
}

var replicaSetUpdates = scripted{
	dir: "../../lessons/replicaset-updates",
	functions: map[string]func(*lab.T){
		"ThreePodsRunTheFirstVersion":  replicasetupdates.ThreePodsRunTheFirstVersion,
		"TemplateNamesTheNewVersion":   replicasetupdates.TemplateNamesTheNewVersion,
		"ApplyReplacedNoPod":           replicasetupdates.ApplyReplacedNoPod,
		"OnlyTheDeletedPodWasReplaced": replicasetupdates.OnlyTheDeletedPodWasReplaced,
		"ReplacementRunsTheNewVersion": replicasetupdates.ReplacementRunsTheNewVersion,
		"BarePodWasAdopted":            replicasetupdates.BarePodWasAdopted,
		"SurplusPodWasRemoved":         replicasetupdates.SurplusPodWasRemoved,
		"RelabelledPodWasReleased":     replicasetupdates.RelabelledPodWasReleased,
		"ReleasedPodWasReplaced":       replicasetupdates.ReleasedPodWasReplaced,
	},
	steps: map[string][]string{
		"create":  {"ThreePodsRunTheFirstVersion"},
		"change":  {"TemplateNamesTheNewVersion", "ApplyReplacedNoPod"},
		"delete":  {"OnlyTheDeletedPodWasReplaced", "ReplacementRunsTheNewVersion"},
		"adopt":   {"BarePodWasAdopted", "SurplusPodWasRemoved"},
		"release": {"RelabelledPodWasReleased", "ReleasedPodWasReplaced"},
	},
}

func (l scripted) source(t testing.TB) []byte {
	src, err := os.ReadFile(filepath.Join(l.dir, "checks", "checks.go"))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// judge runs the checks natively and interpreted, and reports where they differ.
func (l scripted) judge(t *testing.T, w *Worker, r Request) []Finding {
	t.Helper()
	r.Filename, r.Source = "checks.go", l.source(t)
	native := RunNative(r, l.functions)
	interpreted, err := w.Run(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(native) != len(interpreted) {
		t.Fatalf("%d findings native, %d interpreted", len(native), len(interpreted))
	}
	for i := range native {
		native[i].Position, interpreted[i].Position = "", cmp.Or(native[i].Position, interpreted[i].Position)
		if n, i := native[i], interpreted[i]; n.Outcome != i.Outcome || n.Message != i.Message || n.Hint != i.Hint {
			t.Errorf("native and interpreted differ:\n%+v\n%+v", n, i)
		}
	}
	return interpreted
}

func TestDiscoverFindsAllCompiledChecks(t *testing.T) {
	found, err := Discover("checks.go", replicaSetUpdates.source(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range found {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	if want := slices.Sorted(maps.Keys(replicaSetUpdates.functions)); !slices.Equal(names, want) {
		t.Errorf("discovered %s, compiled %s", names, want)
	}
}

// TestNothingPassesOnNothing runs every check where nothing was recorded.
func TestNothingPassesOnNothing(t *testing.T) {
	l, w := replicaSetUpdates, startWorker(t)
	empty := newWorld(t)
	for step := range l.steps {
		empty.step(step)
		empty.settle(step)
	}
	for step, names := range l.steps {
		for what, r := range map[string]Request{
			"no timeline":       {Step: step, Names: names},
			"an empty timeline": {Step: step, Names: names, Timeline: newWorld(t).timeline()},
			"an empty step":     {Step: step, Names: names, Timeline: empty.timeline()},
		} {
			for _, f := range l.judge(t, w, r) {
				if f.Outcome != Waiting || f.Hint == "" && !strings.Contains(f.Message, "not begun") {
					t.Errorf("%s: %+v", what, f)
				}
			}
		}
	}
}

// told is a finding in a line or more.
func told(f Finding) string {
	s := fmt.Sprintf("%s %s", f.Check, f.Outcome)
	if f.Message != "" {
		s += ": " + f.Message
	}
	return s
}
