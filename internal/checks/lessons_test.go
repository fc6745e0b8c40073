package checks

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/k8slab/k8slab/lab"
	"github.com/k8slab/k8slab/lessons"
)

//go:generate go run ./generate

// scripted is a lesson with its checks, which are compiled into this test.
type scripted struct {
	name      string
	functions map[string]func(*lab.T)
}

// scriptedLesson returns a lesson by name.
func scriptedLesson(name string) scripted { return scripted{name, natives()[name]} }

// scriptedLessons returns the lessons of the course that have a script.
func scriptedLessons(t *testing.T) []scripted {
	course, err := fs.ReadFile(lessons.FS(), "course.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Lessons []string }
	if err := yaml.Unmarshal(course, &list); err != nil {
		t.Fatal(err)
	}
	var all []scripted
	for _, name := range list.Lessons {
		if _, err := fs.Stat(lessons.FS(), name+"/checks/checks.go"); err == nil {
			all = append(all, scriptedLesson(name))
		}
	}
	if len(all) == 0 {
		t.Fatal("no lesson has checks")
	}
	return all
}

func (l scripted) source(t testing.TB) []byte {
	src, err := fs.ReadFile(lessons.FS(), l.name+"/checks/checks.go")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// names returns the names of the checks in the script, in order.
func (l scripted) names(t *testing.T) []string {
	found, err := Discover("checks.go", l.source(t))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range found {
		names = append(names, c.Name)
	}
	return names
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

func TestEveryCheckIsCompiledIn(t *testing.T) {
	for _, l := range scriptedLessons(t) {
		found, compiled := l.names(t), slices.Sorted(maps.Keys(l.functions))
		slices.Sort(found)
		if !slices.Equal(found, compiled) {
			t.Errorf("lesson %s has the checks %s, and the list %s: go generate ./internal/checks", l.name, found, compiled)
		}
	}
}

// TestNothingPassesOnNothing runs every check where nothing was recorded. Nothing can
// contradict it then, so it waits, and says for what.
func TestNothingPassesOnNothing(t *testing.T) {
	w := startWorker(t)
	empty := newWorld(t)
	empty.step("a")
	empty.settle("a")
	for _, l := range scriptedLessons(t) {
		for what, r := range map[string]Request{
			"no timeline":       {Step: "a"},
			"an empty timeline": {Step: "a", Timeline: newWorld(t).timeline()},
			"an empty step":     {Step: "a", Timeline: empty.timeline()},
		} {
			for _, f := range l.judge(t, w, r) {
				if f.Outcome != Waiting || f.Hint == "" && !strings.Contains(f.Message, "not begun") {
					t.Errorf("%s, %s: %s, hint %q", l.name, what, told(f), f.Hint)
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
