package checks

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/checks/fixture"
)

var update = flag.Bool("update", false, "rewrite the findings in testdata, and the timelines that are made up")

// TestFixtures is the differential test: every check of every lesson, compiled and
// interpreted, on every recorded case. What they say is in findings.txt.
func TestFixtures(t *testing.T) {
	if *update {
		makeFixture(t, "made-reference", func(w *world) {
			reference(w, func(w *world) { w.apply(v2, 3) })
		})
		makeFixture(t, "made-scaled-through-zero", func(w *world) {
			reference(w, func(w *world) { w.apply(v1, 0); w.apply(v2, 0); w.apply(v2, 3) })
		})
	}
	dirs, err := filepath.Glob("testdata/*/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%d fixtures, %v", len(dirs), err)
	}
	worker := startWorker(t)
	for _, dir := range dirs {
		t.Run(strings.TrimPrefix(filepath.ToSlash(dir), "testdata/"), func(t *testing.T) {
			c, err := fixture.Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			got := findings(t, c, worker)
			if *update {
				if err := fixture.WriteFindings(dir, got); err != nil {
					t.Fatal(err)
				}
			}
			want, err := fixture.Findings(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// findings runs the checks of every step, natively and interpreted, and tells
// what they say.
func findings(t *testing.T, c *fixture.Case, worker *Worker) string {
	t.Helper()
	var b strings.Builder
	for _, s := range c.Steps {
		r := Request{Names: s.Checks, Step: s.ID, Namespace: c.Namespace, Manifests: s.Manifests, Timeline: c.Timeline}
		for _, f := range scriptedLesson(c.Lesson).judge(t, worker, r) {
			fmt.Fprintf(&b, "%s: %s\n", s.ID, told(f))
			if f.Outcome == Error || f.Outcome != Passed && f.Hint == "" {
				t.Errorf("%s says %s, with the remedy %q", f.Check, told(f), f.Hint)
			}
		}
	}
	return b.String()
}

// TestEveryCheckPassesOnTheSolution wants a recorded case for every check, one that
// it passes.
func TestEveryCheckPassesOnTheSolution(t *testing.T) {
	for _, l := range scriptedLessons(t) {
		t.Run(l.name, func(t *testing.T) {
			dir := filepath.Join("testdata", l.name, "solution")
			text, err := fixture.Findings(dir)
			if err != nil {
				t.Skip("it is not recorded yet: make fixtures")
			}
			said := strings.Split(text, "\n")
			for _, name := range l.names(t) {
				if !slices.ContainsFunc(said, func(line string) bool { return strings.HasSuffix(line, ": "+name+" passed") }) {
					t.Errorf("%s did not pass on %s", name, dir)
				}
			}
		})
	}
}

// lessonSteps are the steps of replicaset-updates that have checks, in order.
var lessonSteps = []string{"create", "change", "delete", "adopt", "release"}

// reference plays all steps as the lesson does, but for the step change.
func reference(w *world, change func(*world)) {
	do := map[string]func(*world){
		"create":  func(w *world) { w.apply(v1, 3) },
		"change":  change,
		"delete":  func(w *world) { w.delete(w.owned()[0]) },
		"adopt":   func(w *world) { w.add("stray", v1, web, nil) },
		"release": func(w *world) { w.label(w.owned()[0], "debug") },
	}
	for _, step := range lessonSteps {
		w.step(step)
		do[step](w)
		w.settle(step)
	}
}

// makeFixture writes a case that a model of the cluster made up.
func makeFixture(t *testing.T, name string, play func(*world)) {
	w := newWorld(t)
	play(w)
	c := &fixture.Case{Lesson: "replicaset-updates", Name: name, Namespace: "default", Timeline: w.timeline()}
	for _, step := range lessonSteps {
		c.Steps = append(c.Steps, fixture.Step{ID: step, Checks: replicaSetSteps()[step], Manifests: webYAML(v2, "3")})
	}
	if err := c.Write("testdata"); err != nil {
		t.Fatal(err)
	}
}
