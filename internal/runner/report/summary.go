package report

import (
	"fmt"
	"strings"
)

// A Summary is the end of a run.
type Summary struct {
	Steps    []StepSummary
	Cluster  string // what it ran on, or empty
	Timeline string // path of the recording, or empty
	Replay   string // the command that judges the recording again, or empty
}

// A StepSummary is what has come of a step.
type StepSummary struct {
	Title     string
	Outcome   Outcome // the worst of its checks; empty if it has none
	Points    int     // reached
	MaxPoints int
}

// Summary tells what has come of the run.
func (t *Text) Summary(s Summary) {
	t.rule("Result")
	points, most := 0, 0
	for _, step := range s.Steps {
		points, most = points+step.Points, most+step.MaxPoints
		t.stepSummary(step)
	}
	if most > 0 {
		t.paragraph(t.bold(fmt.Sprintf("%d of %s", points, plural(most, "point"))) + "\n")
	}
	t.evidence(s)
}

func (t *Text) stepSummary(s StepSummary) {
	if s.Outcome == "" {
		return // nothing was to be reached
	}
	symbol, _, colour := t.outcome(s.Outcome)
	score := fmt.Sprintf("%d of %d", s.Points, s.MaxPoints)
	room := max(t.opts.Width-2-len(score)-2, 10)
	title := wrap(clean(s.Title), room)
	last := len(title) - 1
	for i, line := range title[:last] {
		t.print(lead(i, t.colour(colour, symbol)) + line + "\n")
	}
	t.print(lead(last, t.colour(colour, symbol)) + pad(title[last], room) + "  " + score + "\n")
}

// lead is what stands before a line of a title: the symbol in the first one.
func lead(line int, symbol string) string {
	if line > 0 {
		return "  "
	}
	return symbol + " "
}

// evidence says where the recording is.
func (t *Text) evidence(s Summary) {
	var lines []string
	if s.Cluster != "" {
		lines = append(lines, "Cluster: "+clean(s.Cluster))
	}
	if s.Timeline != "" {
		lines = append(lines, "What happened is recorded in "+clean(s.Timeline))
	}
	if s.Replay != "" {
		lines = append(lines, "To judge it again: "+clean(s.Replay))
	}
	if len(lines) > 0 {
		t.paragraph(strings.Join(lines, "\n") + "\n")
	}
}
