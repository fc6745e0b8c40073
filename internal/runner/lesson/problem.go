package lesson

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Severity says whether a problem stops a lesson.
type Severity string

// An Error stops the lesson, a Warning does not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// A Problem is something that an author should change.
type Problem struct {
	File     string // path from the root of the lessons, such as "replicaset-updates/lesson.md"
	Line     int    // from 1; 0 if it is about the whole file
	Column   int    // from 1; 0 if it is about the whole line
	Severity Severity
	Message  string // what is wrong, without a final stop
	Remedy   string // what to do about it, a sentence
}

// String returns the problem as one line: file:line:column: message. Remedy
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Column} {
		if n > 0 {
			fmt.Fprintf(&b, ":%d", n)
		}
	}
	b.WriteString(": ")
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	fmt.Fprintf(&b, "%s. %s", p.Message, p.Remedy)
	return b.String()
}

// InvalidError is a lesson that cannot be used. Problems has all problems that
// were found, warnings too, sorted by file and line.
type InvalidError struct {
	Lesson   string
	Problems []Problem
}

// Error lists all problems, one per line.
func (e *InvalidError) Error() string {
	lines := []string{fmt.Sprintf("lesson %q is not valid:", e.Lesson)}
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// position is a place in a file of the lessons.
type position struct {
	file         string
	line, column int
}

// problems collects.
type problems []Problem

func (ps *problems) errorf(at position, remedy, format string, args ...any) {
	ps.add(Error, at, remedy, fmt.Sprintf(format, args...))
}

func (ps *problems) warnf(at position, remedy, format string, args ...any) {
	ps.add(Warning, at, remedy, fmt.Sprintf(format, args...))
}

func (ps *problems) add(s Severity, at position, remedy, message string) {
	*ps = append(*ps, Problem{
		File: at.file, Line: at.line, Column: at.column,
		Severity: s, Message: message, Remedy: remedy,
	})
}

func (ps problems) sorted() []Problem {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}

func (ps problems) haveErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// nearest returns the known word that somebody who wrote word most likely meant,
// or "" if none is near: about a third of the letters may differ.
func nearest(word string, known []string) string {
	return within((len(word)+2)/3, word, known)
}

// within returns the known word that differs least from word, in at most that
// many letters, or "". Case does not count.
func within(distance int, word string, known []string) string {
	best, bestDistance := "", distance+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}
