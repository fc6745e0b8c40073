package sameness

import (
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// Golden is a shape as a story has it.
type Golden []goldenLine

// goldenLine is a line that all providers show or, if one is named, only this one.
type goldenLine struct{ provider, text string }

// providers are those that lines may be for. With two of them, what is not one's is the other's.
var providers = []string{"embedded", "kind"}

func parseGolden(text string) Golden {
	var g Golden
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		provider, rest, found := strings.Cut(line, ": ")
		if found && slices.Contains(providers, provider) {
			g = append(g, goldenLine{provider, rest})
		} else {
			g = append(g, goldenLine{"", line})
		}
	}
	return g
}

// String is what parseGolden reads.
func (g Golden) String() string {
	var b strings.Builder
	for _, line := range g {
		if line.provider != "" {
			b.WriteString(line.provider + ": ")
		}
		b.WriteString(line.text + "\n")
	}
	return b.String()
}

// Of returns the shape that a provider shows.
func (g Golden) Of(provider string) []string {
	var lines []string
	for _, line := range g {
		if line.provider == "" || line.provider == provider {
			lines = append(lines, line.text)
		}
	}
	return lines
}

// Differs reports that not all providers show the same.
func (g Golden) Differs() bool {
	return slices.ContainsFunc(g, func(l goldenLine) bool { return l.provider != "" })
}

// With returns the shape when a provider shows these lines, and the other what it did. Of
// a shape that is empty, both show them.
func (g Golden) With(provider string, lines []string) Golden {
	other := providers[0]
	if other == provider {
		other = providers[1]
	}
	before := g.Of(other)
	if len(g) == 0 {
		before = lines
	}
	var merged Golden
	add := func(provider string, lines []string) {
		for _, text := range lines {
			merged = append(merged, goldenLine{provider, text})
		}
	}
	for _, op := range difflib.NewMatcherWithJunk(before, lines, false, nil).GetOpCodes() {
		if op.Tag == 'e' {
			add("", lines[op.J1:op.J2])
			continue
		}
		add(other, before[op.I1:op.I2])
		add(provider, lines[op.J1:op.J2])
	}
	return merged
}

// difference returns what has to be taken from one shape and added to it to have another,
// and is empty if nothing.
func difference(want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: terminated(want), FromFile: "story", B: terminated(got), ToFile: "cluster", Context: 4,
	})
	if err != nil {
		return err.Error()
	}
	return diff
}

func terminated(lines []string) []string {
	ended := make([]string, len(lines))
	for i, line := range lines {
		ended[i] = line + "\n"
	}
	return ended
}
