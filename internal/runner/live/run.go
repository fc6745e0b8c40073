package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
)

// Run starts the cluster and lets the learner work until the session is stopped, is
// idle for too long, or breaks. It returns how it ended; then the cluster is gone.
func (e *Engine) Run(ctx context.Context) End {
	defer close(e.gone)
	defer e.hub.close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	e.mu.Lock()
	e.stop = stop
	e.mu.Unlock()
	go e.keep(ctx, stop)
	e.lint()
	go watchFiles(ctx, e.Dir.Workspace(), e.touched)
	end := endOf(e.work(ctx))
	e.change(func(s *State) {
		s.Phase = ""
		if e.save(); s.Unsaved != "" {
			end.lose(s.Unsaved)
		}
		if !end.Wanted {
			s.Failure, s.Remedy = end.Reason, end.Remedy
		}
	})
	return end
}

// errStopped is why a session ends that somebody stops.
var errStopped = errors.New("it was stopped")

// idleError is why a session ends that nobody uses.
type idleError time.Duration

func (e idleError) Error() string { return "nobody used it for " + Spell(time.Duration(e)) }

// Spell is a duration in words that a person would use.
func Spell(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "an hour"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d == time.Minute:
		return "a minute"
	case d%time.Minute == 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	default:
		return d.String()
	}
}

func endOf(err error) End {
	var idle idleError
	var broken *cluster.Error
	reason, _, _ := strings.Cut(err.Error(), "\n") // what follows is what came of it
	end := End{At: time.Now().UTC().Truncate(time.Second), Reason: reason}
	if errors.Is(err, syscall.ENOSPC) {
		end.Remedy = "Free some space; then `k8slab start` goes on with the step that you were in. What you have done is kept."
	}
	end.Wanted = errors.Is(err, errStopped) || errors.As(err, &idle)
	if errors.As(err, &broken) {
		end.Remedy, end.Log = cmp.Or(broken.Hint, end.Remedy), broken.Log
	}
	return end
}

// A cluster that died soon after it began, several times in a row, is not started again.
const (
	soon       = time.Minute
	mostDeaths = 3
)

// work goes from cluster to cluster. It returns why it ended.
func (e *Engine) work(ctx context.Context) error {
	next := move{step: e.index(), again: true}
	deaths := 0
	for {
		began := time.Now()
		to, err := e.stint(ctx, next)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			next = to
			continue
		case !errors.Is(err, errDied):
			return err
		}
		if deaths++; time.Since(began) > soon {
			deaths = 1
		}
		if deaths == mostDeaths {
			return err
		}
		next = e.revive(err)
	}
}

// revive says what to do with a new cluster after the death of one.
func (e *Engine) revive(err error) move {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.moves: // what was asked of the dead one is done with the new one anyway
	default:
	}
	e.note("The cluster died, so another one is started and the step begins again. (%v)", err)
	e.enter(e.current())
	e.publish()
	return move{step: e.index(), again: true}
}

// errDied is in the error of a cluster that ended by itself.
var errDied = errors.New("the cluster ended by itself")

// stint is the life of one cluster: it begins where a step begins. It returns what to
// do with a new one.
func (e *Engine) stint(ctx context.Context, to move) (next move, err error) {
	lab, err := runner.OpenLab(ctx, runner.LabParams{
		Lesson: e.Lesson, Dir: e.Dir, Provider: e.Provider, Kubectl: e.Kubectl, Checks: e.Checks, Transcript: e.Log,
		Phase: func(what string) { e.change(func(s *State) { s.Phase = what }) },
	})
	if err != nil {
		return move{}, err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	if err := lab.Prepare(ctx, to.step); err != nil {
		return move{}, because(lab, err)
	}
	e.change(func(s *State) {
		s.Kubernetes, s.Kubeconfig = lab.Kubernetes(), lab.Kubeconfig()
		s.Recording++
		e.forget()
	})
	for {
		if next, err = e.do(ctx, lab, to); err != nil || next.fresh {
			return next, because(lab, err)
		}
		to = next
	}
}

// because says whether the cluster is the reason of an error.
func because(lab *runner.Lab, err error) error {
	select {
	case <-lab.Done():
		if err == nil {
			return nil
		}
		return fmt.Errorf("%w: %w", errDied, lab.Err())
	default:
		return err
	}
}

// do enters a step and attends to it until another one is to be entered.
func (e *Engine) do(ctx context.Context, lab *runner.Lab, to move) (next move, err error) {
	step := e.Lesson.Steps[to.step]
	e.change(func(s *State) { s.Phase = fmt.Sprintf("preparing step %d of %d", to.step+1, len(e.Lesson.Steps)) })
	if err := lab.Enter(ctx, step, to.again); err != nil {
		return move{}, err
	}
	attending, done := context.WithCancel(ctx)
	defer done()
	e.change(func(s *State) {
		s.Phase, s.Entered = "", time.Now()
		e.left = attending.Done()
	})
	failed := make(chan error, 1)
	go func() { failed <- e.attend(attending, lab, step) }()
	select {
	case next = <-e.moves:
		done()
		return next, <-failed
	case err = <-failed:
		done()
		return move{}, err
	case <-lab.Done():
		done()
		return move{}, errors.Join(lab.Err(), <-failed)
	case <-ctx.Done():
		done()
		return move{}, errors.Join(context.Cause(ctx), <-failed)
	}
}

// touched is called when the workspace has changed.
func (e *Engine) touched() {
	e.mu.Lock()
	e.used = time.Now()
	e.mu.Unlock()
	e.lint()
	select {
	case e.files <- struct{}{}:
	default:
	}
}

// saveAgain is how often a record that could not be written is tried again.
const saveAgain = 2 * time.Second

// keep ends a session that nobody uses, and saves what could not be saved.
func (e *Engine) keep(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(saveAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		e.mu.Lock()
		if e.state.Unsaved != "" {
			if e.save(); e.state.Unsaved == "" {
				e.publish()
			}
		}
		if e.state.Phase != "" {
			e.used = time.Now() // somebody waits for it
		}
		idle := e.Idle > 0 && time.Since(e.used) > e.Idle
		e.mu.Unlock()
		if idle {
			stop(idleError(e.Idle))
		}
	}
}
