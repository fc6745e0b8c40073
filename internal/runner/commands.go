package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// lineLimit is how long a command may take. What takes longer, waits for something
// that does not come.
const lineLimit = 10 * time.Minute

// run types commands and runs them one after another, each to its end, in the
// shell of the step.
func (l *lab) run(ctx context.Context, commands []lesson.Command) error {
	for _, c := range commands {
		if err := l.Presenter.Command(ctx, c.Text); err != nil {
			return err
		}
		exit, err := l.runLine(ctx, c.Text)
		if err != nil {
			return fmt.Errorf("%s:%d: run %q: %w", c.File, c.Line, c.Text, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if refusal := l.refused(); refusal != nil {
			return &RefusedError{File: c.File, Line: c.Line, Refusal: *refusal}
		}
		if err := l.mark(ctx, markCommand, c.Text, exit); err != nil {
			return err
		}
	}
	return nil
}

// runLine runs a line in the shell of the step, or in a new one if a line
// before it has ended that, as if somebody had opened another terminal.
func (l *lab) runLine(ctx context.Context, line string) (exit int, err error) {
	if l.session == nil {
		stdout, stderr := l.Presenter.Output()
		l.session, err = startSession(ctx, sessionConfig{
			root: l.dir.file("shell"), workspace: l.dir.Workspace(),
			kubectl: l.kubectl, stdout: stdout, stderr: stderr,
		})
		if err != nil {
			return 0, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, lineLimit)
	defer cancel()
	exit, alive, err := l.session.run(limited, line)
	if limited.Err() != nil && ctx.Err() == nil {
		l.refuse(Refusal{Reason: fmt.Sprintf("the command did not end within %v", lineLimit), Remedy: "Have it end by itself, with --timeout for example."})
		alive, err = false, nil
	}
	if !alive {
		err = errors.Join(err, l.endSession())
	}
	return exit, err
}

// endSession ends the shell of a step, if there is one.
func (l *lab) endSession() error {
	if l.session == nil {
		return nil
	}
	s := l.session
	l.session = nil
	return s.close()
}

// refuse notes the first refusal of the command at hand.
func (l *lab) refuse(r Refusal) {
	l.refusalMu.Lock()
	defer l.refusalMu.Unlock()
	if l.refusal == nil {
		l.refusal = &r
	}
}

// refused returns and forgets what refuse has noted.
func (l *lab) refused() *Refusal {
	l.refusalMu.Lock()
	defer l.refusalMu.Unlock()
	r := l.refusal
	l.refusal = nil
	return r
}
