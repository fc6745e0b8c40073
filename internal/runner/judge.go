package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// QuietTime is how long nothing may have happened before a lab has settled. It
// is what remains to wait for when all that is known has come to its end.
const QuietTime = time.Second

// The marks that the runner writes.
const (
	markStep    = "step"    // a step was entered
	markCommand = "command" // a command ended
	markSettled = "settled" // a step has come to its end
	markEnd     = "end"     // of the lesson
)

func (l *lab) mark(ctx context.Context, kind, name string, exit int) error {
	if err := l.recorder.Mark(ctx, timeline.Mark{Type: kind, Name: name, Exit: exit}); err != nil {
		return fmt.Errorf("mark the timeline: %w", err)
	}
	return nil
}

// judge waits until the step has settled, closes its window and runs its checks.
// A step that has not settled at its deadline is judged as it is: its window
// stays open, and what a check still waits for has not come.
func (l *lab) judge(ctx context.Context, s lesson.Step) ([]Verdict, error) {
	if len(s.Checks) == 0 {
		return nil, nil
	}
	l.Presenter.Phase("waiting until nothing changes any more")
	unsettled, err := l.settle(ctx, s)
	l.Presenter.Phase("")
	if err != nil {
		return nil, err
	}
	findings, err := l.findings(ctx, s, l.recorder.Timeline(), false)
	if err != nil {
		return nil, err
	}
	verdicts := verdictsOf(s, findings, unsettled)
	l.Presenter.Verdicts(verdicts)
	return verdicts, nil
}

// settle waits until the lab has settled and closes the step's window, or returns
// what was still moving at the deadline.
func (l *lab) settle(ctx context.Context, s lesson.Step) (unsettled string, err error) {
	deadline, cancel := context.WithTimeout(ctx, s.Deadline)
	defer cancel()
	err = l.recorder.WaitSettled(deadline, QuietTime)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		var moving *recorder.UnsettledError
		if errors.As(err, &moving) {
			unsettled = moving.Reason
		}
		return unsettled, nil
	}
	if err != nil {
		return "", fmt.Errorf("wait until the lab has settled: %w", err)
	}
	return "", l.mark(ctx, markSettled, s.ID, 0)
}

// findings runs the checks of a step. Settled is for who knows more than the record.
func (l *lab) findings(ctx context.Context, s lesson.Step, t *timeline.Timeline, settled bool) ([]checks.Finding, error) {
	manifests, err := l.dir.manifests()
	if err != nil {
		return nil, err
	}
	path, source := l.Lesson.ChecksSource()
	names := make([]string, len(s.Checks))
	for i, c := range s.Checks {
		names[i] = c.Name
	}
	r := checks.Request{
		Filename: path, Source: source, Names: names, Step: s.ID, Namespace: l.rules.Namespace,
		Manifests: manifests, Timeline: t, Settled: settled,
	}
	findings, err := l.Worker.Run(ctx, r)
	if err == nil && l.judged != nil {
		l.judged(r)
	}
	return findings, err
}

// verdictsOf pairs findings with what the step gives for them. At the deadline,
// what still waits has failed; what was still moving then, if anything, may be why.
func verdictsOf(s lesson.Step, findings []checks.Finding, unsettled string) []Verdict {
	points := map[string]int{}
	for _, c := range s.Checks {
		points[c.Name] = c.Points
	}
	verdicts := make([]Verdict, 0, len(findings))
	for _, f := range findings {
		if f.Outcome == checks.Waiting {
			f.Outcome = checks.Failed
			if unsettled != "" {
				f.Message += fmt.Sprintf(" (after %v: %s)", s.Deadline, unsettled)
			}
		}
		verdicts = append(verdicts, Verdict{Finding: f, Step: s.ID, Points: points[f.Check]})
	}
	return verdicts
}
