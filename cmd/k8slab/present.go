package main

import (
	"io"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// textPresenter shows a run as text. Package report knows how to say things;
// here is what it is told.
type textPresenter struct {
	*tell
	progress *report.Progress // nil while nothing is waited for
}

// tell is report.Text under a name that leaves Text to the method.
type tell = report.Text

var _ runner.Presenter = (*textPresenter)(nil)

func (p *textPresenter) Phase(what string) {
	switch {
	case what == "" && p.progress != nil:
		p.progress.Abort()
		p.progress = nil
	case what != "" && p.progress == nil:
		p.progress = p.Progress("cluster")
		fallthrough
	case what != "":
		p.progress.Phase(what)
	}
}

func (p *textPresenter) Text(markdown string) { p.Markdown(markdown) }

func (p *textPresenter) Output() (stdout, stderr io.Writer) {
	out := p.tell.Output()
	return out, out
}

func (p *textPresenter) Verdicts(verdicts []runner.Verdict) {
	told := make([]report.Verdict, len(verdicts))
	for i, v := range verdicts {
		told[i] = report.Verdict{
			Title: v.Title, Outcome: outcome(v.Outcome), Message: v.Message,
			Hint: v.Hint, Position: v.Position, Points: v.Points,
		}
	}
	p.tell.Verdicts(told)
}

func (p *textPresenter) Summary(r runner.Result) {
	summary := report.Summary{Timeline: r.Timeline, Cluster: clusterLine(r.Cluster, r.Kubernetes)}
	for _, s := range r.Lesson.Steps {
		step := report.StepSummary{Title: s.Title, MaxPoints: s.Points()}
		of := runner.Result{Lesson: r.Lesson, Verdicts: r.Step(s.ID)}
		if len(of.Verdicts) > 0 {
			step.Outcome = outcome(of.Outcome())
			step.Points, _ = of.Points()
		}
		summary.Steps = append(summary.Steps, step)
	}
	p.tell.Summary(summary)
}

func outcome(o checks.Outcome) report.Outcome { return report.Outcome(o) }
