package runner

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// lessonMD is a lesson with two steps, of which the second one is an exercise.
const lessonMD = `---
format: 1
title: Demo
summary: A demo.
minutes: 5
objectives: [Try it.]
points: 2
ISOLATION---

## Guided {#guided}

` + "```sh {given}\nkubectl get nodes\n```\n\n```sh {run}\nkubectl get pods\n```\n\n```checks\nOne 1\n```" + `

## Exercise {#exercise}

` + "```checks\nTwo 1\n```\n"

// parsed returns a lesson with a check script of these functions.
func parsed(t *testing.T, front, script string) *lesson.Lesson {
	t.Helper()
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	l, err := lesson.Parse(fstest.MapFS{
		"demo/lesson.md":                    file(strings.Replace(lessonMD, "ISOLATION", front, 1)),
		"demo/checks/checks.go":             file("package checks\n\nimport \"github.com/k8slab/k8slab/lab\"\n\n" + script),
		"demo/solution/exercise/web.yaml":   file("kind: Pod\n"),
		"demo/wrong/nothing/case.yaml":      file("summary: Nothing.\nfails: [{check: One, message: x}]\n"),
		"demo/wrong/nothing/guided/web.txt": file("x"),
	}, "demo")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const bothChecks = "// One.\nfunc One(t *lab.T) { t.Now().Pods(\"\") }\n\n// Two.\nfunc Two(t *lab.T) { t.Now().Pods(\"\") }\n"

func TestLint(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         []string
	}{
		{"as it should be", bothChecks, []string{
			"demo/lesson.md:27: warning: no near miss fails the check Two. Add one to wrong/, or it may look at nothing."}},
		{"other names", "// Three.\nfunc Three(t *lab.T) { t.Now().Pods(\"\") }\n", []string{
			"demo/lesson.md:21: there is no check One. Write the function in demo/checks/checks.go, or correct the name.",
			"demo/lesson.md:27: there is no check Two. Write the function in demo/checks/checks.go, or correct the name.",
			"demo/checks/checks.go:6: no step has the check Three. Name it in a checks block, or begin its name with a lower-case letter if it only helps others.",
			"demo/lesson.md:27: warning: no near miss fails the check Two. Add one to wrong/, or it may look at nothing."}},
	} {
		var got []string
		for _, p := range Lint(parsed(t, "", test.script)) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q\nwant %q", test.name, got, test.want)
		}
	}
}

func TestUntouched(t *testing.T) {
	l := parsed(t, "", bothChecks).Untouched()
	for _, s := range l.Steps {
		if len(s.Commands()) > 0 || len(s.SolutionFiles()) > 0 {
			t.Errorf("step %s has commands %v and files %v", s.ID, s.Commands(), s.SolutionFiles())
		}
		for _, b := range s.Blocks {
			if _, ok := b.(lesson.Run); ok {
				t.Errorf("step %s has commands to type", s.ID)
			}
		}
	}
	if !slices.ContainsFunc(l.Steps[0].Blocks, func(b lesson.Block) bool { _, ok := b.(lesson.Given); return ok }) {
		t.Error("what the runner types is gone")
	}
}

// aProvider is a provider of which only the name is asked.
type aProvider struct {
	cluster.Provider
	name string
}

func (p aProvider) Name() string { return p.name }

func TestPlan(t *testing.T) {
	shared, alone := parsed(t, "", bothChecks), parsed(t, "isolation: cluster\n", bothChecks)
	larger := parsed(t, "cluster: {nodes: 2}\n", bothChecks)
	plan, err := ProveParams{
		Lessons:  []*lesson.Lesson{shared, alone, larger, shared},
		Provider: func(*lesson.Lesson) (cluster.Provider, error) { return aProvider{name: "a"}, nil },
	}.plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	numbers := map[int]bool{}
	for _, g := range plan {
		got = append(got, len(g.jobs))
		for _, j := range g.jobs {
			numbers[j.number] = true
		}
	}
	// Both times the shared one, each case of the lonely one, and the larger one.
	if want := []int{6, 1, 1, 1, 3}; !slices.Equal(got, want) || len(numbers) != 12 {
		t.Errorf("groups of %v cases, want %v; %d numbers", got, want, len(numbers))
	}
}
