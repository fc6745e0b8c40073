package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// recordSession runs this program again, with other arguments, in a terminal of its
// own between the person's and the program, and records what that shows: the player,
// and whatever is run in its shell and its editor.
func recordSession(ctx context.Context, s streams, path string, h cast.Header, args []string) (err error) {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	recorded, err := recordTo(ctx, path, s.out, h)
	if err != nil {
		return err
	}
	code := exitBroken
	defer func() { err = errors.Join(err, recorded.end(code)) }()
	inner := &exec.Cmd{Path: executable, Args: append([]string{os.Args[0]}, args...)}
	exit, err := runInTerminal(ctx, inner, s, recorded)
	if err != nil {
		return err
	}
	code = exit
	fmt.Fprintf(s.err, "Recorded in %s.\n", path)
	if code != exitPassed {
		return verdict(code)
	}
	return nil
}

// runInTerminal runs a program in a pseudo-terminal that is as large as ours, shows
// there what it is sent here, and the reverse, until it ends.
func runInTerminal(ctx context.Context, inner *exec.Cmd, s streams, also io.Writer) (exit int, err error) {
	ours := s.in.(*os.File) // interactive has seen that it is a terminal
	tty, err := pty.Start(inner)
	if err != nil {
		return 0, fmt.Errorf("record: make a terminal: %w", err)
	}
	defer tty.Close() // a program that is still there is hung up on
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer close(resized)
	defer signal.Stop(resized)
	resized <- syscall.SIGWINCH
	go func() {
		for range resized {
			_ = pty.InheritSize(ours, tty) // it stays as large as it is
		}
	}()
	before, err := term.MakeRaw(int(ours.Fd()))
	if err != nil {
		return 0, fmt.Errorf("record: read the keys: %w", err)
	}
	defer func() { err = errors.Join(err, term.Restore(int(ours.Fd()), before)) }()
	stop := context.AfterFunc(ctx, func() { _ = tty.Close() })
	defer stop()
	go func() { _, _ = io.Copy(tty, ours) }()
	_, _ = io.Copy(io.MultiWriter(s.out, also), tty) // it ends with an error when the program does
	err = inner.Wait()
	var status *exec.ExitError
	if errors.As(err, &status) && status.Exited() {
		return status.ExitCode(), nil
	}
	return exitPassed, err
}

// commandLine is how a command was called, without one of its flags.
func commandLine(c *cobra.Command, without string) []string {
	line := strings.Fields(c.CommandPath())[1:]
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != without {
			line = append(line, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(line, c.Flags().Args()...)
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
