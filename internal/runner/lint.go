package runner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// Lint says what is wrong with a lesson that Parse has found to be valid, and that
// can be known without playing it: the check script, and whether each check in a
// step is there and the reverse.
func Lint(l *lesson.Lesson) []lesson.Problem {
	name, source := l.ChecksSource()
	if name == "" {
		return nil
	}
	script := l.Name + "/" + name
	var problems []lesson.Problem
	for _, p := range checks.Lint(script, source) {
		problems = append(problems, lesson.Problem{File: p.Position, Severity: lesson.Error, Message: strings.TrimSuffix(p.Message, "."), Remedy: "See docs/writing-checks.md."})
	}
	found, err := checks.Discover(script, source)
	if err != nil {
		return problems // the linter has said so
	}
	return append(problems, compareChecks(l, script, found)...)
}

func compareChecks(l *lesson.Lesson, script string, found []checks.Check) []lesson.Problem {
	var problems []lesson.Problem
	report := func(file string, line int, remedy, format string, args ...any) {
		problems = append(problems, lesson.Problem{File: file, Line: line, Severity: lesson.Error, Message: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	refs := l.Checks()
	for _, r := range refs {
		if !slices.ContainsFunc(found, func(c checks.Check) bool { return c.Name == r.Name }) {
			report(l.Name+"/lesson.md", r.Line, "Write the function in "+script+", or correct the name.", "there is no check %s", r.Name)
		}
	}
	for _, c := range found {
		if !slices.ContainsFunc(refs, func(r lesson.CheckRef) bool { return r.Name == c.Name }) {
			report(script, c.Line, "Name it in a checks block, or begin its name with a lower-case letter if it only helps others.", "no step has the check %s", c.Name)
		}
	}
	return append(problems, neverFailing(l)...)
}

// neverFailing warns about checks that no near miss shows to fail.
func neverFailing(l *lesson.Lesson) []lesson.Problem {
	failing := map[string]bool{}
	for _, c := range l.Wrong {
		for _, f := range c.Fails {
			failing[f.Check] = true
		}
	}
	var problems []lesson.Problem
	for _, r := range l.Checks() {
		if !failing[r.Name] {
			problems = append(problems, lesson.Problem{
				File: l.Name + "/lesson.md", Line: r.Line, Severity: lesson.Warning,
				Message: "no near miss fails the check " + r.Name, Remedy: "Add one to wrong/, or it may look at nothing.",
			})
		}
	}
	return problems
}
