package lesson

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// front is a front matter with 12 lines, up to and including the second ---.
const front = `---
format: 1
title: Some title
summary: Something is learned.
minutes: 5
objectives:
  - Do it.
cluster:
  nodes: 2
images: ["nginx:1.25"]
points: 3
---
`

// steps are a guided step and an exercise; the first heading is in line 14.
const steps = `
## Create it {#create deadline=90s}

Read this.

` + "```sh {run}" + `
# not typed
kubectl apply \
  -f web.yaml
kubectl get pods; kubectl get rs
` + "```" + `

` + "```checks" + `
Created 1
` + "```" + `

` + "```hint" + `
Look.
` + "```" + `

## Change it {#change}

` + "```question {#predict}" + `
prompt: How many?
answer: 0|none
explain: Look at the names.
` + "```" + `

` + "```checks" + `
Changed  2
` + "```" + `

The end.
`

const manifest = `kind: Pod
spec:
  containers:
    - image: nginx:1.25
`

// goodFiles is a valid lesson named demo.
func goodFiles() fstest.MapFS {
	files := fstest.MapFS{}
	for name, data := range map[string]string{
		"demo/lesson.md":                        front + steps,
		"demo/checks/checks.go":                 "package checks\n",
		"demo/start/web.yaml":                   manifest,
		"demo/solution/change/web.yaml":         manifest,
		"demo/solution/change/commands.sh":      "kubectl apply -f web.yaml\n",
		"demo/wrong/nothing/case.yaml":          "summary: Nothing.\nfails:\n  - check: Changed\n    message: not changed\n",
		"demo/wrong/nothing/change/web.yaml":    manifest + "# wrong\n",
		"demo/wrong/nothing/create/commands.sh": "true\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(data)}
	}
	return files
}

func TestParse(t *testing.T) {
	l, err := Parse(goodFiles(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Warnings) > 0 {
		t.Errorf("warnings: %v", l.Warnings)
	}
	if l.Title != "Some title" || l.Minutes != 5 || l.Cluster.Nodes != 2 || l.Points != 3 || !slices.Equal(l.Paces, []float64{1}) {
		t.Errorf("front matter: %+v", l)
	}
	if len(l.Steps) != 2 {
		t.Fatalf("%d steps, want 2", len(l.Steps))
	}
	create, change := l.Steps[0], l.Steps[1]
	if create.ID != "create" || create.Title != "Create it" || create.Deadline != 90*time.Second || create.Exercise || create.Line != 14 {
		t.Errorf("first step: %+v", create)
	}
	if change.ID != "change" || change.Deadline != DefaultDeadline || !change.Exercise {
		t.Errorf("second step: %+v", change)
	}
	if got := change.SolutionFiles(); len(got) != 1 || got[0].Path != "web.yaml" {
		t.Errorf("solution files: %v", got)
	}
	if got := change.Checks; len(got) != 1 || got[0] != (CheckRef{Name: "Changed", Points: 2, Line: 42}) {
		t.Errorf("checks: %+v", got)
	}
	if path, src := l.ChecksSource(); path != "checks/checks.go" || len(src) == 0 {
		t.Errorf("checks source: %q, %d bytes", path, len(src))
	}
}

func TestBlocks(t *testing.T) {
	l, err := Parse(goodFiles(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, s := range l.Steps {
		for _, b := range s.Blocks {
			kinds = append(kinds, kindName(b))
		}
	}
	want := []string{"text", "run", "checks", "hint", "question", "checks", "text"}
	if !slices.Equal(kinds, want) {
		t.Errorf("blocks %v, want %v", kinds, want)
	}
	if got := l.Steps[0].Blocks[0].(Text); got != (Text{Line: 16, Markdown: "Read this."}) {
		t.Errorf("text: %+v", got)
	}
	if got := l.Steps[0].Hints; len(got) != 1 || got[0].Markdown != "Look." {
		t.Errorf("hints: %+v", got)
	}
}

func kindName(b Block) string {
	switch b.(type) {
	case Text:
		return "text"
	case Run:
		return "run"
	case Given:
		return "given"
	case Checks:
		return "checks"
	case Hint:
		return "hint"
	case Question:
		return "question"
	}
	return "?"
}

func TestCommands(t *testing.T) {
	l, err := Parse(goodFiles(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	want := []Command{
		{"demo/lesson.md", 20, "kubectl apply \\\n  -f web.yaml"},
		{"demo/lesson.md", 22, "kubectl get pods; kubectl get rs"},
	}
	if got := l.Steps[0].Commands(); !slices.Equal(got, want) {
		t.Errorf("guided: %+v, want %+v", got, want)
	}
	want = []Command{{"demo/solution/change/commands.sh", 1, "kubectl apply -f web.yaml"}}
	if got := l.Steps[1].Commands(); !slices.Equal(got, want) {
		t.Errorf("exercise: %+v, want %+v", got, want)
	}
}

// TestWith plays a case: its files and commands replace those of the lesson, and
// the lesson itself stays.
func TestWith(t *testing.T) {
	l, err := Parse(goodFiles(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	wrong := l.With(l.Wrong[0])
	if got := wrong.Steps[0].Commands(); len(got) != 1 || got[0].Text != "true" {
		t.Errorf("commands: %+v", got)
	}
	if got := wrong.Steps[0].runCommands(); len(got) != 1 || got[0].Text != "true" {
		t.Errorf("commands in the run blocks: %+v", got)
	}
	if got := l.Steps[0].runCommands(); len(got) != 2 {
		t.Errorf("the lesson's own run blocks have changed: %+v", got)
	}
	if got := string(wrong.Steps[1].SolutionFiles()[0].Data); !strings.HasSuffix(got, "# wrong\n") {
		t.Errorf("file: %q", got)
	}
	if got := wrong.Steps[1].Commands(); len(got) != 1 || got[0].Text != "kubectl apply -f web.yaml" {
		t.Errorf("commands that the case leaves alone: %+v", got)
	}
	if got := string(l.Steps[1].SolutionFiles()[0].Data); got != manifest {
		t.Errorf("the lesson itself has changed: %q", got)
	}
}

func TestUnknownLesson(t *testing.T) {
	for name, want := range map[string]string{
		"dmeo":    `there is no lesson "dmeo"; did you mean "demo"? "k8slab list" shows all lessons`,
		"other":   `there is no lesson "other"; "k8slab list" shows all lessons`,
		"../demo": `there is no lesson "../demo"; did you mean "demo"? "k8slab list" shows all lessons`,
		".":       `there is no lesson "."; "k8slab list" shows all lessons`,
		"":        `there is no lesson ""; "k8slab list" shows all lessons`,
	} {
		_, err := Parse(goodFiles(), name)
		var unknown *UnknownError
		if !errors.As(err, &unknown) || err.Error() != want {
			t.Errorf("Parse(%q): %v, want %s", name, err, want)
		}
	}
}
