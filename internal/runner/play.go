// Package runner runs the steps of a lesson against a cluster: it provisions the
// lab, types commands, waits until the cluster has settled, has the checks
// judge what was recorded, and returns the verdicts. Play is where to start.
//
// It is the only place that waits. Checks are functions of a finished record,
// presenters are told what happened, and providers know nothing of lessons.
//
// Deliberately absent: printing, which a Presenter does; the choice of provider
// and exit code, which are the command line's.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// PlayParams says what to play, on what, and for whom.
type PlayParams struct {
	Lesson    *lesson.Lesson
	Lab       string // the lab's name, see ClaimLab
	LabsDir   string // where labs are
	Provider  cluster.Provider
	Kubectl   string // a program that is kubectl when it is executed with KubectlArg
	Checks    checks.WorkerOptions
	Presenter Presenter
}

// Presenter shows a run to a person, in the order in which things happen. Calls
// never overlap.
type Presenter interface {
	// Lesson opens the run.
	Lesson(l *lesson.Lesson)
	// Phase says what is being waited for; an empty phase ends the waiting.
	Phase(what string)
	// Step opens a step; number counts from 1.
	Step(number, of int, s lesson.Step)
	Text(markdown string)
	// Question asks; Explain follows when what was asked about has been seen.
	Question(q lesson.Question)
	Explain(q lesson.Question)
	// Changed shows what becomes of a file of the workspace; before is nil for a
	// new one.
	Changed(path string, before, after []byte)
	// Command shows a command as it is typed, before it runs. It returns early,
	// with the context's error, when that ends.
	Command(ctx context.Context, text string) error
	// Output is where a command's output goes while it runs.
	Output() (stdout, stderr io.Writer)
	Verdicts(verdicts []Verdict)
	// Summary closes the run.
	Summary(r Result)
}

// Play runs every step of a lesson with its reference solution. It returns an
// error if our side broke before the end; failed checks are in the result. The
// cluster is gone when it returns, whatever the reason; the timeline stays.
func Play(ctx context.Context, p PlayParams) (result Result, err error) {
	dir, err := ClaimLab(p.LabsDir, p.Lab)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, dir.Release()) }()
	if err := dir.fill(p.Lesson.StartFiles()); err != nil {
		return Result{}, fmt.Errorf("copy the lesson's files: %w", err)
	}
	p.Presenter.Lesson(p.Lesson)
	result = Result{Lesson: p.Lesson, Timeline: dir.Timeline()}
	err = p.in(ctx, dir, &result)
	return result, err
}

// in plays the lesson on a cluster that lives as long as that takes.
func (p PlayParams) in(ctx context.Context, dir *LabDir, result *Result) (err error) {
	defer p.Presenter.Phase("")
	spec := cluster.Spec{Lab: p.Lab, Dir: dir.Path, Nodes: p.Lesson.Cluster.Nodes, Images: p.Lesson.Images}
	site, err := openSite(ctx, p.Provider, spec, p.Presenter.Phase)
	if err != nil {
		return because(ctx, err)
	}
	defer func() { err = errors.Join(err, site.close()) }()
	result.Cluster, result.Kubernetes = site.provider, site.kubernetes
	ctx, stop := site.contextOf(ctx)
	defer stop()
	worker, err := startWorker(ctx, p.Lesson, p.Checks)
	if err != nil {
		return because(ctx, err)
	}
	if worker != nil {
		defer worker.Close()
	}
	rules, only := site.home()
	lab, err := site.openLab(ctx, labConfig{
		Lesson: p.Lesson, Presenter: p.Presenter, Kubectl: p.Kubectl, Worker: worker,
		dir: dir, name: p.Lab, kubeconfig: site.Kubeconfig(), kubectlCache: dir.file(kubectlCacheDir),
		rules: rules, only: only,
	})
	if err != nil {
		return because(ctx, err)
	}
	defer func() { err = errors.Join(err, lab.close()) }()
	p.Presenter.Phase("")
	if err := lab.play(ctx, result); err != nil {
		return because(ctx, err)
	}
	p.Presenter.Summary(*result)
	return nil
}

// defaultNamespace is where a learner who has a cluster of their own works.
const defaultNamespace = "default"

// because prefers the reason why a context ended to the many errors which that
// leads to. An error that has another reason is not lost.
func because(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	switch {
	case cause == nil:
		return err
	case errors.Is(err, ctx.Err()):
		return cause
	default:
		return errors.Join(cause, err)
	}
}

func (l *lab) play(ctx context.Context, result *Result) error {
	l.show(l.Lesson.Intro)
	for i, s := range l.Lesson.Steps {
		l.Presenter.Step(i+1, len(l.Lesson.Steps), s)
		verdicts, err := l.playStep(ctx, s)
		if err != nil {
			return fmt.Errorf("step %q: %w", s.ID, err)
		}
		result.Verdicts = append(result.Verdicts, verdicts...)
		if err := l.dir.WriteVerdicts(result.Verdicts); err != nil {
			return err
		}
	}
	return l.mark(ctx, markEnd, "", 0)
}

// playStep shows a step, types what belongs to it, and judges what came of it.
func (l *lab) playStep(ctx context.Context, s lesson.Step) ([]Verdict, error) {
	if err := l.mark(ctx, markStep, s.ID, 0); err != nil {
		return nil, err
	}
	if err := l.do(ctx, s); err != nil {
		return nil, err
	}
	if err := l.endSession(); err != nil {
		return nil, err
	}
	verdicts, err := l.judge(ctx, s)
	if err != nil {
		return nil, err
	}
	l.explain(s)
	return verdicts, nil
}

// do shows the blocks of a step and does what they ask for.
func (l *lab) do(ctx context.Context, s lesson.Step) error {
	solved := !s.Exercise
	if solved {
		// Only a known mistake (lesson.With) brings files into a guided step.
		if err := l.dir.fill(s.SolutionFiles()); err != nil {
			return err
		}
	}
	for _, b := range s.Blocks {
		if _, ok := b.(lesson.Checks); ok && !solved {
			solved = true
			if err := l.solve(ctx, s); err != nil {
				return err
			}
		}
		if err := l.playBlock(ctx, b); err != nil {
			return err
		}
	}
	if solved {
		return nil
	}
	return l.solve(ctx, s)
}

func (l *lab) playBlock(ctx context.Context, b lesson.Block) error {
	switch b := b.(type) {
	case lesson.Text:
		l.Presenter.Text(b.Markdown)
	case lesson.Question:
		l.Presenter.Question(b)
	case lesson.Given:
		return l.run(ctx, b.Commands)
	case lesson.Run:
		return l.run(ctx, b.Commands)
	}
	return nil // hints and checks are not shown where they stand
}

func (l *lab) show(blocks []lesson.Block) {
	for _, b := range blocks {
		if t, ok := b.(lesson.Text); ok {
			l.Presenter.Text(t.Markdown)
		}
	}
}

// solve does what an exercise asks for: lay the solution's files over the
// workspace, then type its commands.
func (l *lab) solve(ctx context.Context, s lesson.Step) error {
	for _, f := range s.SolutionFiles() {
		before, err := l.dir.read(f.Path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		l.Presenter.Changed(f.Path, before, f.Data)
	}
	if err := l.dir.fill(s.SolutionFiles()); err != nil {
		return err
	}
	return l.run(ctx, s.Commands())
}

func (l *lab) explain(s lesson.Step) {
	for _, b := range s.Blocks {
		if q, ok := b.(lesson.Question); ok {
			l.Presenter.Explain(q)
		}
	}
}
