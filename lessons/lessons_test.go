package lessons

import (
	"slices"
	"testing"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// TestCourse parses every lesson: a built-in lesson has no problems, not even
// warnings, and its steps name each of its checks once.
func TestCourse(t *testing.T) {
	names, err := lesson.List(FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			l, err := lesson.Parse(FS(), name)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range l.Warnings {
				t.Error(w)
			}
			sameChecks(t, l)
			everyCheckFails(t, l)
			twoHints(t, l)
		})
	}
}

func sameChecks(t *testing.T, l *lesson.Lesson) {
	written, err := checks.Discover(l.ChecksSource())
	if err != nil {
		t.Fatal(err)
	}
	var have, named []string
	for _, c := range written {
		have = append(have, c.Name)
	}
	for _, c := range l.Checks() {
		named = append(named, c.Name)
	}
	slices.Sort(have)
	slices.Sort(named)
	if !slices.Equal(have, named) {
		t.Errorf("the script has the checks %v, the steps name %v", have, named)
	}
}

// everyCheckFails wants a near miss for each check: to lessons of others this is a
// warning.
func everyCheckFails(t *testing.T, l *lesson.Lesson) {
	failing := map[string]bool{}
	for _, c := range l.Wrong {
		for _, f := range c.Fails {
			failing[f.Check] = true
		}
	}
	for _, c := range l.Checks() {
		if !failing[c.Name] {
			t.Errorf("%s:%d: no near miss fails the check %s", l.Name, c.Line, c.Name)
		}
	}
}

// twoHints wants help in two tiers wherever there are points.
func twoHints(t *testing.T, l *lesson.Lesson) {
	for _, s := range l.Steps {
		if s.Points() > 0 && len(s.Hints) < 2 {
			t.Errorf("step %s has %d hints, want 2", s.ID, len(s.Hints))
		}
	}
}
