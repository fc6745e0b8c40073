package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// LabParams says what a learner's lab is made of.
type LabParams struct {
	Lesson     *lesson.Lesson
	Dir        *LabDir
	Provider   cluster.Provider
	Kubectl    string // see PlayParams
	Checks     checks.WorkerOptions
	Transcript io.Writer         // gets what the runner types by itself, and what comes of it
	Phase      func(what string) // is told what is being waited for
}

// Lab is a cluster in which a learner does a lesson, with what watches and judges
// it. Who has one enters steps and asks for findings; nothing goes on by itself but
// the recording. Its methods are not for concurrent use, except Findings, Recorder,
// Done and Err.
type Lab struct {
	params LabParams
	site   *site
	worker *checks.Worker
	*lab          // nil before Prepare
	stop   func() // ends ctx
	ctx    context.Context
}

// OpenLab creates the lab's cluster.
func OpenLab(ctx context.Context, p LabParams) (_ *Lab, err error) {
	o := &Lab{params: p}
	spec := cluster.Spec{Lab: p.Dir.Name, Dir: p.Dir.Path, Nodes: p.Lesson.Cluster.Nodes, Images: p.Lesson.Images}
	if o.site, err = openSite(ctx, p.Provider, spec, p.Phase); err != nil {
		return nil, because(ctx, err)
	}
	o.ctx, o.stop = o.site.contextOf(context.WithoutCancel(ctx))
	if o.worker, err = startWorker(ctx, p.Lesson, p.Checks); err != nil {
		return nil, errors.Join(because(ctx, err), o.Close())
	}
	return o, nil
}

// Prepare brings the cluster to where a step begins, by the reference solution of the
// steps before it, which is done in a workspace of its own and not recorded. Then it
// starts the recording.
func (o *Lab) Prepare(ctx context.Context, step int) error {
	ctx, cancel := o.both(ctx)
	defer cancel()
	if err := o.doBefore(ctx, step); err != nil {
		return because(ctx, err)
	}
	if err := os.Rename(o.params.Dir.Timeline(), o.params.Dir.file(earlierTimeline)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("keep the earlier timeline: %w", err)
	}
	var err error
	if o.lab, err = o.site.openLab(ctx, o.config(o.params.Dir)); err != nil {
		return because(ctx, err)
	}
	return nil
}

func (o *Lab) config(dir *LabDir) labConfig {
	rules, only := o.site.home()
	return labConfig{
		Lesson: o.params.Lesson, Presenter: &scribe{out: o.params.Transcript}, Kubectl: o.params.Kubectl, Worker: o.worker,
		dir: dir, name: o.params.Dir.Name, kubeconfig: o.site.Kubeconfig(), kubectlCache: o.params.Dir.file(kubectlCacheDir),
		rules: rules, only: only,
	}
}

func (o *Lab) doBefore(ctx context.Context, step int) (err error) {
	if step == 0 {
		return nil
	}
	path := o.params.Dir.file(beforeDir)
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	dir, err := o.params.Dir.sub(beforeDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(path)) }()
	if err := dir.fill(o.params.Lesson.StartFiles()); err != nil {
		return err
	}
	before, err := o.site.openLab(ctx, o.config(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, before.close()) }()
	for i, s := range o.params.Lesson.Steps[:step] {
		o.params.Phase(fmt.Sprintf("doing step %d of %d again for you: %s", i+1, step, s.Title))
		if err := before.redo(ctx, s); err != nil {
			return fmt.Errorf("do step %q again: %w", s.ID, err)
		}
	}
	return nil
}

// redo does a step and waits until it has settled; nobody judges it.
func (l *lab) redo(ctx context.Context, s lesson.Step) error {
	if err := l.mark(ctx, markStep, s.ID, 0); err != nil {
		return err
	}
	if err := l.do(ctx, s); err != nil {
		return err
	}
	if err := l.endSession(); err != nil {
		return err
	}
	deadline, cancel := context.WithTimeout(ctx, s.Deadline)
	defer cancel()
	if err := l.recorder.WaitCalm(deadline, calm); err != nil && deadline.Err() == nil {
		return fmt.Errorf("wait until the lab has settled: %w", err)
	}
	return ctx.Err() // a step that does not settle is left at its deadline, as play leaves it
}

// calm is how long nothing may have happened before the next step can be done. Nobody
// judges this one.
const calm = 300 * time.Millisecond

// both returns a context that ends with ctx and with the cluster.
func (o *Lab) both(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(o.ctx, func() { cancel(context.Cause(o.ctx)) })
	return ctx, func() { stop(); cancel(nil) }
}

// Enter begins a step: it marks the timeline and does what the runner does by itself.
// That sees the workspace as it was when the step was entered for the first time;
// again says that this is not the first time.
func (o *Lab) Enter(ctx context.Context, s lesson.Step, again bool) error {
	ctx, cancel := o.both(ctx)
	defer cancel()
	if err := o.enter(ctx, s, again); err != nil {
		return because(ctx, fmt.Errorf("enter step %q: %w", s.ID, err))
	}
	return nil
}

func (o *Lab) enter(ctx context.Context, s lesson.Step, again bool) error {
	given := s.Given()
	begin, err := o.params.Dir.begin(s.ID, again, len(given) > 0)
	if err != nil {
		return err
	}
	if err := o.mark(ctx, markStep, s.ID, 0); err != nil || len(given) == 0 {
		return err
	}
	o.dir = begin
	defer func() { o.dir = o.params.Dir }()
	defer o.kubectls.close() // the rest of the step is the learner's
	return errors.Join(o.run(ctx, given), o.endSession())
}

// Findings runs the checks of a step on what was recorded. Settled says that the lab
// has settled at the end of that, as checks.Request has it.
func (o *Lab) Findings(ctx context.Context, s lesson.Step, t *timeline.Timeline, settled bool) ([]checks.Finding, error) {
	if len(s.Checks) == 0 {
		return nil, nil
	}
	ctx, cancel := o.both(ctx)
	defer cancel()
	findings, err := o.findings(ctx, s, t, settled)
	return findings, because(ctx, err)
}

// Settled closes the window of a step whose lab has settled.
func (o *Lab) Settled(ctx context.Context, s lesson.Step) error {
	return o.mark(ctx, markSettled, s.ID, 0)
}

// Recorder is what records the lab, once it is prepared.
func (o *Lab) Recorder() *recorder.Recorder { return o.recorder }

// Kubeconfig is the path of the learner's kubeconfig.
func (o *Lab) Kubeconfig() string { return o.site.Kubeconfig() }

// Kubernetes is the version of the server.
func (o *Lab) Kubernetes() string { return o.site.kubernetes }

// Done is closed when the cluster has ended.
func (o *Lab) Done() <-chan struct{} { return o.site.Done() }

// Err says why the cluster ended by itself.
func (o *Lab) Err() error { return o.site.Err() }

// Close ends the recording and the cluster.
func (o *Lab) Close() error {
	var errs []error
	if o.lab != nil {
		errs = append(errs, o.lab.close())
	}
	if o.worker != nil {
		o.worker.Close()
	}
	o.stop()
	return errors.Join(append(errs, o.site.close())...)
}
