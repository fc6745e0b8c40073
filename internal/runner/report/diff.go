package report

import (
	"bytes"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// diffContext is the number of equal lines shown around a change.
const diffContext = 2

// Changed shows how a file of the workspace changes. Before is nil if the file
// is new. Nothing is shown if nothing has changed.
func (t *Text) Changed(name string, before, after []byte) {
	if before != nil && bytes.Equal(before, after) {
		return
	}
	heading := clean(name) + " is changed:"
	if before == nil {
		heading = clean(name) + " is new:"
	}
	t.paragraph(heading + "\n")
	for _, line := range diffLines(string(before), string(after)) {
		t.print("  " + t.diffLine(cleanText(line)) + "\n")
	}
	t.gap()
}

// diffLines returns a unified diff without its header.
func diffLines(before, after string) []string {
	diff, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{ // a strings.Builder does not fail
		A: splitLines(before), B: splitLines(after), Context: diffContext,
	})
	return strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
}

// splitLines returns the lines of s, each with its line break. The last one gets
// one if it has none.
func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.SplitAfter(strings.TrimSuffix(s, "\n")+"\n", "\n")[:strings.Count(strings.TrimSuffix(s, "\n"), "\n")+1]
}

func (t *Text) diffLine(line string) string {
	switch {
	case strings.HasPrefix(line, "+"):
		return t.colour(green, line)
	case strings.HasPrefix(line, "-"):
		return t.colour(red, line)
	case strings.HasPrefix(line, "@@"):
		return t.faint(line)
	}
	return line
}
