package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/cast"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// castFile records what a command shows as an asciicast.
type castFile struct {
	*cast.Writer
	file *os.File
	stop func()
}

// Size of a terminal that is none.
const (
	pipeCols = 80
	pipeRows = 24
)

// recordTo begins a recording of what goes to the terminal of out, which may be none.
func recordTo(ctx context.Context, path string, out io.Writer, h cast.Header) (*castFile, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, &usageError{fmt.Errorf("record: %w", err), "--record takes the name of a file to write, such as lesson.cast."}
	}
	h.Cols, h.Rows, h.Type = pipeCols, pipeRows, os.Getenv("TERM")
	terminal, isFile := out.(*os.File)
	if isFile {
		if cols, rows, err := term.GetSize(int(terminal.Fd())); err == nil {
			h.Cols, h.Rows = cols, rows
		}
	}
	w, err := cast.New(file, h)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c := &castFile{w, file, func() {}}
	if isFile && term.IsTerminal(int(terminal.Fd())) {
		c.watchSize(ctx, terminal)
	}
	return c, nil
}

// watchSize records when the terminal gets another size.
func (c *castFile) watchSize(ctx context.Context, terminal *os.File) {
	ctx, c.stop = context.WithCancel(ctx)
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	go func() {
		defer signal.Stop(changed)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				if cols, rows, err := term.GetSize(int(terminal.Fd())); err == nil {
					c.Resize(cols, rows)
				}
			}
		}
	}()
}

// end writes the exit code and closes the file. The error is that of the recording.
func (c *castFile) end(code int) error {
	c.stop()
	c.Exit(code)
	return errors.Join(c.Close(), c.file.Close())
}

// addTo has the recording get what is shown.
func (c *castFile) addTo(o *report.Options) {
	o.Out = io.MultiWriter(o.Out, c.Cooked())
	o.Err = io.MultiWriter(o.Err, c.Cooked())
}

// markingPresenter marks the steps of a lesson in a recording.
type markingPresenter struct {
	runner.Presenter
	cast *castFile
}

func (p *markingPresenter) Step(number, of int, s lesson.Step) {
	p.cast.Mark(s.Title)
	p.Presenter.Step(number, of, s)
}

// codeOf is the exit code to which a run's error leads.
func codeOf(err error) int {
	var v verdict
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &v):
		return int(v)
	default:
		return exitCode(err)
	}
}
