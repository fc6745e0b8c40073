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
	blocks := w.judged(st.Checks)
	if len(st.Checks) == 0 && st.Phase == "" {
		blocks = append(blocks, report.Wrap("Nothing is judged in this step.", w.columns))
	}
	for _, p := range st.Problems {
		blocks = append(blocks, w.problem(p))
	}
	if !st.Settled && st.Moving != "" && st.Phase == "" {
		blocks = append(blocks, w.paragraph(w.faint(w.either("⋯ ", "~ ")), w.faint(report.Line(st.Moving)), w.columns))
	}
	return spaced(blocks)
}

// judged writes checks. Those that say the same one after the other are one block, which
// says it at its end.
func (w writer) judged(all []live.Check) [][]string {
	told := make([]report.Verdict, len(all))
	for i, c := range all {
		told[i] = report.Verdict{Title: c.Title, Outcome: report.Outcome(c.Outcome), Message: c.Message, Hint: c.Shown(), Position: c.Position}
	}
	var blocks [][]string
	goesOn := false
	for i, v := range report.Once(told) {
		lines := w.check(v)
		if goesOn {
			lines = append(blocks[len(blocks)-1], lines...)
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, lines)
		goesOn = v.Message != told[i].Message
	}
	return blocks
}

// check writes a check: of one that has passed only the title.
func (w writer) check(v report.Verdict) []string {
	outcome := checks.Outcome(v.Outcome)
	lines := w.paragraph(w.sign(outcome)+" ", w.bold(report.Line(v.Title)), w.columns)
	if outcome == checks.Passed || outcome == "" {
		return lines
	}
	label := map[checks.Outcome]string{checks.Waiting: "not yet: ", checks.Failed: "failed: ", checks.Error: "our mistake: "}[outcome]
	if v.Message != "" {
		lines = append(lines, w.paragraph("  ", label+report.Printable(strings.TrimSpace(v.Message)), w.columns)...)
	}
	if v.Hint != "" {
		lines = append(lines, w.remedy(v.Hint)...)
	}
	if outcome == checks.Error && v.Position != "" {
		lines = append(lines, w.paragraph("  ", "at "+report.Line(v.Position), w.columns)...)
	}
	return lines
}

// remedy is what to do about what stands above it.
func (w writer) remedy(text string) []string {
	return w.paragraph("  "+w.colour(cyan, w.either("→", ">"))+" ", report.Printable(text), w.columns)
}

func (w writer) problem(p live.Problem) []string {
	where := report.Line(p.File)
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", where, p.Line)
	}
	lines := w.paragraph(w.colour(red, "!")+" ", w.bold(where)+": "+report.Printable(p.Message), w.columns)
	if p.Remedy != "" {
		lines = append(lines, w.remedy(p.Remedy)...)
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
