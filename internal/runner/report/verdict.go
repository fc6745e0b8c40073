package report

import (
	"slices"
	"strings"
)

// An Outcome is what a check has found.
type Outcome string

// The outcomes, as package checks has them.
const (
	Passed  Outcome = "passed"
	Waiting Outcome = "waiting" // not contradicted, and evidence is missing: "not yet"
	Failed  Outcome = "failed"  // contradicted by what was observed
	Broken  Outcome = "error"   // the script or the cluster broke; nobody's fault but ours
)

// A Verdict is what is told about one check.
type Verdict struct {
	Title    string // what the check is about, one line
	Outcome  Outcome
	Message  string // what was seen, when, and where; may have several lines
	Hint     string // the next step
	Position string // in the check's script, such as "checks.go:25"
	Points   int    // that the check is worth
}

// Verdicts tells what the checks of a step have found. Of one that has passed
// only the title is shown.
func (t *Text) Verdicts(vs []Verdict) {
	t.gap()
	for _, v := range Once(vs) {
		t.verdict(v)
	}
	t.gap()
}

// Once returns the verdicts without what the next one says as well: it is said at the end
// of those that have it in common.
func Once(vs []Verdict) []Verdict {
	once := slices.Clone(vs)
	for i, v := range vs[:max(len(vs)-1, 0)] {
		next := vs[i+1]
		if next.Outcome == Passed || v.Hint != next.Hint {
			continue
		}
		once[i].Hint = ""
		if v.Outcome == next.Outcome && v.Message == next.Message && v.Position == next.Position {
			once[i].Message, once[i].Position = "", ""
		}
	}
	return once
}

func (t *Text) verdict(v Verdict) {
	symbol, word, colour := t.outcome(v.Outcome)
	head := t.colour(colour, symbol+" "+pad(word, wordWidth))
	title := wrap(clean(v.Title)+points(v), t.opts.Width-indent)
	t.print(head + " " + strings.Join(title, "\n"+strings.Repeat(" ", indent)) + "\n")
	if v.Outcome == Passed {
		return
	}
	t.detail("", v.Message)
	t.detail("hint: ", v.Hint)
	if v.Outcome == Broken {
		t.detail("at ", v.Position)
	}
}

// wordWidth is the width of the longest word of an outcome; indent that of all
// that stands before a title.
const (
	wordWidth = len("not yet")
	indent    = wordWidth + 3
)

func (t *Text) outcome(o Outcome) (symbol, word, colour string) {
	g := t.glyphs()
	switch o {
	case Passed:
		return g.passed, "passed", green
	case Waiting:
		return g.waiting, "not yet", yellow
	case Failed:
		return g.failed, "failed", red
	}
	return g.broken, "error", red
}

// points says what a check is worth that has not passed.
func points(v Verdict) string {
	if v.Outcome == Passed || v.Points == 0 {
		return ""
	}
	return " (" + plural(v.Points, "point") + ")"
}

func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-width(s), 0))
}

// detail prints text under a verdict, if there is some.
func (t *Text) detail(label, text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	margin := strings.Repeat(" ", indent)
	for i, paragraph := range strings.Split(strings.TrimSpace(cleanText(text)), "\n") {
		if i == 0 {
			paragraph = label + paragraph
		}
		for _, line := range wrap(paragraph, t.opts.Width-indent) {
			t.print(strings.TrimRight(margin+line, " ") + "\n")
		}
	}
}
