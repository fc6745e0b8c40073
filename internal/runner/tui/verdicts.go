package tui

import (
	"fmt"
	"strings"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// verdicts writes what the checks of the current step say now, what is wrong with the
// files, and what moves.
func (w writer) verdicts(st live.State) []string {
	var blocks [][]string
	for _, c := range st.Checks {
		blocks = append(blocks, w.check(c))
	}
	if len(st.Checks) == 0 && st.Phase == "" {
		blocks = append(blocks, report.Wrap("Nothing is judged in this step.", w.columns))
	}
	for _, p := range st.Problems {
		blocks = append(blocks, w.problem(p))
	}
	if !st.Settled && st.Moving != "" && st.Phase == "" {
		blocks = append(blocks, w.paragraph(w.faint(w.either("⋯ ", "~ ")), w.faint(report.Line(st.Moving)), w.columns))
	}
	if n := len(st.Notices); n > 0 {
		blocks = append(blocks, w.paragraph("", w.faint(report.Line(st.Notices[n-1].Message)), w.columns))
	}
	return spaced(blocks)
}

// check writes a check: of one that has passed only the title.
func (w writer) check(c live.Check) []string {
	lines := w.paragraph(w.sign(c.Outcome)+" ", w.bold(report.Line(c.Title)), w.columns)
	if c.Outcome == checks.Passed || c.Outcome == "" {
		return lines
	}
	label := map[checks.Outcome]string{checks.Waiting: "not yet: ", checks.Failed: "failed: ", checks.Error: "our mistake: "}[c.Outcome]
	lines = append(lines, w.paragraph("  ", label+report.Printable(strings.TrimSpace(c.Message)), w.columns)...)
	if c.Remedy != "" {
		lines = append(lines, w.paragraph("  "+w.colour(cyan, w.either("→", ">"))+" ", report.Printable(c.Remedy), w.columns)...)
	}
	if c.Outcome == checks.Error && c.Position != "" {
		lines = append(lines, w.paragraph("  ", "at "+report.Line(c.Position), w.columns)...)
	}
	return lines
}

func (w writer) problem(p live.Problem) []string {
	where := report.Line(p.File)
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, p.Line)
	}
	lines := w.paragraph(w.colour(red, "!")+" ", w.bold(where)+": "+report.Printable(p.Message), w.columns)
	if p.Remedy != "" {
		lines = append(lines, w.paragraph("  "+w.colour(cyan, w.either("→", ">"))+" ", report.Printable(p.Remedy), w.columns)...)
	}
	return lines
}

// spaced joins blocks with an empty line where one of them has several lines.
func spaced(blocks [][]string) []string {
	var lines []string
	for i, b := range blocks {
		if i > 0 && (len(b) > 1 || len(blocks[i-1]) > 1) {
			lines = append(lines, "")
		}
		lines = append(lines, b...)
	}
	return lines
}

// tally counts the checks that have passed, and says whether one has failed.
func tally(all []live.Check) (passed int, failed, broken bool) {
	for _, c := range all {
		switch c.Outcome {
		case checks.Passed:
			passed++
		case checks.Failed:
			failed = true
		case checks.Error:
			broken = true
		}
	}
	return passed, failed, broken
}
