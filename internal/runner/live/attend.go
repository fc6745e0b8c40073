package live

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// attention is what a step gets while it is the current one: its checks are run
// whenever something has happened that may change what they say.
type attention struct {
	*Engine
	lab      *runner.Lab
	recorder *recorder.Recorder
	step     lesson.Step

	grown   chan struct{}           // something was recorded
	settled chan *timeline.Timeline // the lab had settled at its end
	synced  chan struct{}           // the recorder had everything, some time after all checks passed

	rest     *timeline.Timeline // the last of settled
	syncing  bool               // synced is going to receive
	inSync   bool               // synced has received
	done     bool               // there is nothing left to judge
	took     time.Duration      // by the last judgement
	failures int                // judgements in a row that came to nothing
}

// attend judges a step until ctx ends. An error means that our side broke.
func (e *Engine) attend(ctx context.Context, lab *runner.Lab, s lesson.Step) error {
	a := &attention{
		Engine: e, lab: lab, recorder: lab.Recorder(), step: s,
		grown: make(chan struct{}, 1), settled: make(chan *timeline.Timeline), synced: make(chan struct{}, 1),
	}
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return a.watch(ctx) })
	all.Go(func() error { return a.waitSettled(ctx) })
	err := all.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// watch judges whenever there is a reason to.
func (a *attention) watch(ctx context.Context) error {
	if err := a.judge(ctx); err != nil {
		return err
	}
	for {
		asked, err := a.wait(ctx)
		if err != nil {
			return err
		}
		if err := a.pause(ctx, asked != nil); err != nil {
			return err
		}
		if a.Manual && asked == nil {
			a.tell(a.recorder.Timeline())
			continue
		}
		if err := a.judge(ctx); err != nil {
			return err
		}
		if asked != nil {
			close(asked)
		}
	}
}

// wait returns when there is a reason to judge. If somebody asks for it, the
// recording has everything by then that had happened.
func (a *attention) wait(ctx context.Context) (asked chan struct{}, err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-a.recorder.Done():
		return nil, a.recorder.Err()
	case <-a.recorder.Changed():
		nudge(a.grown)
	case <-a.files:
	case a.rest = <-a.settled:
	case <-a.synced:
		a.inSync = true
	case asked = <-a.asked:
		if a.recorder.CatchUp(ctx) != nil && ctx.Err() == nil {
			a.tellNote("The cluster was slow to answer, so a verdict may not know of the last moments yet.")
		}
	}
	return asked, nil
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause leaves the processor to the cluster for as long as the last judgement took,
// while many things happen. Somebody who asks does not wait.
func (a *attention) pause(ctx context.Context, asked bool) error {
	if asked {
		return nil
	}
	const longest = 60 * time.Millisecond
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(a.took, longest)):
		return nil
	}
}

// judge runs the checks on what was recorded so far and shows what they say.
func (a *attention) judge(ctx context.Context) error {
	t := a.recorder.Timeline()
	if a.done || len(a.step.Checks) == 0 {
		a.tell(t)
		return nil
	}
	if _, err := a.Dir.Manifests(); err != nil {
		return nil //nolint:nilerr // it is among the problems of the workspace, and until it is mended nothing can be said
	}
	began := time.Now()
	findings, settled, err := a.findings(ctx, t)
	if err != nil {
		return a.later(ctx, err)
	}
	a.took, a.failures = time.Since(began), 0
	all := !slices.ContainsFunc(findings, func(f checks.Finding) bool { return f.Outcome != checks.Passed })
	a.show(t, findings, settled)
	switch {
	case all && (settled || a.inSync):
		a.finish(ctx, settled)
	case all && !a.syncing:
		a.syncing = true
		go a.sync(ctx)
	case a.inSync:
		a.syncing, a.inSync = false, false
	}
	return nil
}

// mostFailures is how many judgements in a row may come to nothing: on a machine that is too
// busy, the worker may not be ready in time.
const mostFailures = 5

// later judges again in a moment, unless it came to nothing too often.
func (a *attention) later(ctx context.Context, err error) error {
	if a.failures++; a.failures == mostFailures || ctx.Err() != nil {
		return err
	}
	if a.failures == 1 {
		a.tellNote(fmt.Sprintf("The checks could not be run, and are tried again. (%v)", err))
	}
	time.AfterFunc(time.Second, func() { nudge(a.files) })
	return nil
}

func (a *attention) tellNote(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.note("%s", text)
	a.publish()
}

// findings judges the open window, and the closed one too if nothing moves any more: then
// what has not been contradicted so far counts. What would only fail because the
// step is not over is still waited for, since the learner has time. So is what files
// do not say yet: a failure is what no later edit and no command can undo.
func (a *attention) findings(ctx context.Context, t *timeline.Timeline) (findings []checks.Finding, settled bool, err error) {
	open, err := a.lab.Findings(ctx, a.step, t, false)
	awaitFiles(open)
	if err != nil || t != a.rest {
		return open, false, err
	}
	closed, err := a.lab.Findings(ctx, a.step, t, true)
	if err != nil {
		return nil, false, err
	}
	for i, f := range closed {
		if f.Outcome == checks.Failed && open[i].Outcome == checks.Waiting {
			closed[i].Outcome = checks.Waiting
		}
	}
	return closed, true, nil
}

// awaitFiles has checks wait that only files contradict.
func awaitFiles(findings []checks.Finding) {
	for i, f := range findings {
		if f.Outcome == checks.Failed && f.OfFiles {
			findings[i].Outcome = checks.Waiting
		}
	}
}

// sync gets the recording in sync. Events of several kinds come in any order, so all that
// passed at one moment is believed when it does with all that had happened.
func (a *attention) sync(ctx context.Context) {
	if a.recorder.Sync(ctx) == nil {
		a.synced <- struct{}{}
	}
}

// show shows what checks say.
func (a *attention) show(t *timeline.Timeline, findings []checks.Finding, settled bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over() {
		return
	}
	before := a.state.Checks
	shown := make([]Check, len(findings))
	same := len(before) == len(findings)
	earned := 0
	for i, f := range findings {
		c := Check{Name: f.Check, Title: f.Title, Points: a.step.Checks[i].Points, Outcome: f.Outcome, Message: f.Message, Remedy: f.Hint, Position: f.Position, Evidence: f.Evidence, Changed: time.Now()}
		if i < len(before) && before[i].Outcome == c.Outcome {
			c.Changed = before[i].Changed
		}
		if f.Outcome == checks.Passed {
			earned += c.Points
		}
		same = same && reflect.DeepEqual(before[i], c)
		shown[i] = c
	}
	changed := !same
	if changed {
		a.state.Checks = shown
		a.refresh(a.step)
	}
	if k := a.record.Step(a.step.ID); settled && earned > k.Points {
		k.Points = earned
		a.save()
		a.refresh(a.step)
		same = false
	}
	if a.motion(t) || !same {
		a.publish()
	}
	if changed {
		a.remember(a.step, findings)
	}
}

// tell shows whether the lab moves.
func (a *attention) tell(t *timeline.Timeline) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over() && a.motion(t) {
		a.publish()
	}
}

// over reports that the step is not the current one any more, or is begun again. The
// caller holds the lock.
func (a *attention) over() bool { return a.state.Current != a.step.ID || a.state.Phase != "" }

// motion works out whether the lab moves, and reports whether that has changed. The
// caller holds the lock.
func (a *attention) motion(t *timeline.Timeline) bool {
	settled, why := t == a.rest, ""
	if !settled {
		_, why = timeline.Settled(t.State())
	}
	same := a.state.Settled == settled && a.state.Moving == why
	a.state.Settled, a.state.Moving = settled, why
	return !same
}

// finish notes that the step is done, and closes its window if the lab has settled: what
// the learner tries afterwards does not count.
func (a *attention) finish(ctx context.Context, settled bool) {
	if !a.keepDone() || !settled {
		return
	}
	if err := a.lab.Settled(ctx, a.step); err != nil && ctx.Err() == nil {
		a.tellNote(fmt.Sprintf("The recording does not say that this step is done. (%v)", err))
	}
}

// keepDone reports whether the step was the current one still.
func (a *attention) keepDone() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over() {
		return false
	}
	a.done = true
	k := a.record.Step(a.step.ID)
	k.Points = a.step.Points()
	if k.Done.IsZero() {
		k.Done = time.Now().UTC().Truncate(time.Second)
	}
	a.save()
	a.refresh(a.step)
	a.publish()
	return true
}

// waitSettled tells each time that the lab has settled.
func (a *attention) waitSettled(ctx context.Context) error {
	for {
		err := a.recorder.WaitSettled(ctx, runner.QuietTime)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-a.grown:
		default:
		}
		if t := a.recorder.Timeline(); err == nil && a.isSettled(t) {
			select {
			case a.settled <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := a.waitGrown(ctx, err != nil); err != nil {
			return err
		}
	}
}

func (a *attention) isSettled(t *timeline.Timeline) bool {
	settled, _ := timeline.Settled(t.State())
	return settled
}

// waitGrown returns when something was recorded, or after a while if the cluster did
// not answer.
func (a *attention) waitGrown(ctx context.Context, again bool) error {
	var later <-chan time.Time
	if again {
		later = time.After(time.Second)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.recorder.Done():
		return a.recorder.Err()
	case <-a.grown:
	case <-later:
	}
	return nil
}
