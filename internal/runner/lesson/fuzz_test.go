package lesson

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzParse feeds anything as lesson.md: there is never a panic, every problem
// has a message, a remedy and a line that exists, and a lesson that is valid has
// what its users rely on.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "---\n", "---\n---\n", front, front + steps, steps, "\ufeff" + front + steps,
		strings.ReplaceAll(front+steps, "\n", "\r\n"),
		front + "\n## A {#a}\n\n```sh {run}\ncat <<EOF\n# x\nEOF\n```\n", front + "\n## A {#a}\n\n```sh {run}",
		front + "\n## A {\n\n> ```checks\n\nB {#b}\n---\n##\n", "---\nformat: &a [*a]\ncluster: {<<: {nodes: 1}}\n---\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		files := goodFiles()
		files["demo/lesson.md"] = &fstest.MapFile{Data: src}
		l, err := Parse(files, "demo")
		var invalid *InvalidError
		switch {
		case err == nil:
			sound(t, l, src)
		case errors.As(err, &invalid):
			soundProblems(t, invalid.Problems, src)
		default:
			t.Errorf("error %v", err)
		}
	})
}

func soundProblems(t *testing.T, found []Problem, src []byte) {
	lines := strings.Count(string(src), "\n") + 1
	for _, p := range found {
		if p.Message == "" || p.Remedy == "" || p.File == "" {
			t.Errorf("incomplete problem %+v", p)
		}
		if p.File == "demo/lesson.md" && (p.Line < 0 || p.Line > lines) {
			t.Errorf("problem in line %d of %d: %s", p.Line, lines, p)
		}
	}
}

func sound(t *testing.T, l *Lesson, src []byte) {
	soundProblems(t, l.Warnings, src)
	sum := 0
	for _, s := range l.Steps {
		sum += s.Points()
		if s.ID == "" || s.Title == "" || s.Deadline <= 0 {
			t.Errorf("step %+v", s)
		}
		for _, c := range s.Commands() {
			if strings.TrimSpace(c.Text) == "" || c.Line < 1 {
				t.Errorf("command %+v", c)
			}
		}
	}
	if len(l.Steps) == 0 || sum != l.Points {
		t.Errorf("%d steps, %d points of %d", len(l.Steps), sum, l.Points)
	}
}

// FuzzCommands cuts any shell script into commands that, put together again, say
// the same.
func FuzzCommands(f *testing.F) {
	for _, seed := range []string{
		"a; b\nc", "kubectl x <<EOF\n# not a comment\n\nEOF\n# comment\nb # c\n", "if a; then\n b\nfi; c\n", "a \\\n b", "f() { a; }\n\n\nf &\n", "echo 'a\n# b'\n",
		"a <<A; b <<B\n1\nA\n2\nB\nc", "a && \\\n# x\nb",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p := &parser{}
		commands := p.script("x", []byte(src))
		if p.problems.haveErrors() {
			return
		}
		var joined strings.Builder
		for _, c := range commands {
			joined.WriteString(c.Text + "\n")
		}
		again := p.script("x", []byte(joined.String()))
		if len(again) != len(commands) {
			t.Fatalf("%d commands became %d:\n%+v\n%+v", len(commands), len(again), commands, again)
		}
		for i := range again {
			if again[i].Text != commands[i].Text {
				t.Errorf("%q became %q", commands[i].Text, again[i].Text)
			}
		}
	})
}
