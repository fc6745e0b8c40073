// Package tui is the full-screen player: the text of a step on one side, on the other
// the verdicts on it, as they change, and the picture of what its cluster does. Narrow
// terminals switch between the three. [Run] shows a session, [Choose] a course.
//
// Everything that can be seen comes from the session's [live.State], so that several
// players, and the commands in other terminals, agree. The Model is pure: Update
// takes messages, View draws, and what takes time is a tea.Cmd.
//
// Deliberately absent: judging, starting and stopping labs, and the choice of shell
// and editor; those are given to it.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// Options are what a player shows and what it may use.
type Options struct {
	Lesson  *lesson.Lesson
	Session live.Session

	// Said is what there was to say when the lab was opened. It is shown first: on the
	// whole screen if it has several lines.
	Said string

	In   io.Reader      // the terminal
	Look report.Options // Out is the terminal; Width does not matter

	// Shell returns the learner's shell in the lab. Nil: there is none.
	Shell func(live.State) (Shell, error)
	// Editor returns the learner's editor on a file. Nil: there is none.
	Editor func(path string) (*exec.Cmd, error)
	// Resume starts a lab again that has ended. Nil: that is not possible.
	Resume func(context.Context) (live.Session, error)
	// Output is where frames go, if it is not Look.Out: such as into a recording, too.
	Output io.Writer

	Now func() time.Time // time.Now if nil
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// Result is how a player was left.
type Result struct {
	State       live.State // the last one; zero if there was none
	Interrupted bool       // by Ctrl-C or a signal
	Ended       bool       // the session has ended
}

// Run shows a session until the learner leaves or ctx ends. The session goes on.
func Run(ctx context.Context, o Options) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	last, err := run(ctx, newModel(ctx, o), o.In, o.Look, o.Output)
	m, ok := last.(*Model)
	if !ok {
		return Result{}, err
	}
	return Result{State: m.state, Interrupted: !m.left, Ended: m.ended != ""}, err
}

// run runs a full-screen program.
func run(ctx context.Context, m tea.Model, in io.Reader, look report.Options, out io.Writer) (tea.Model, error) {
	if out == nil {
		out = look.Out
	}
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithAltScreen(), tea.WithInput(in), tea.WithOutput(out))
	last, err := p.Run()
	switch {
	case errors.Is(err, tea.ErrInterrupted):
		return last, nil
	case ctx.Err() != nil:
		return last, context.Cause(ctx)
	case err != nil:
		return last, fmt.Errorf("show the player: %w", err)
	}
	return last, nil
}
