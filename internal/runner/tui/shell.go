package tui

import (
	"fmt"
	"io"
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"
)

// A Shell has the terminal to itself until it ends.
type Shell struct {
	Cmd      *exec.Cmd
	Greeting string // said before it begins
	Done     func() // does what is to be done when it has ended; may be nil
}

var _ tea.ExecCommand = Shell{}

// SetStdin, SetStdout and SetStderr connect the terminal.
func (s Shell) SetStdin(r io.Reader)  { s.Cmd.Stdin = r }
func (s Shell) SetStdout(w io.Writer) { s.Cmd.Stdout = w }
func (s Shell) SetStderr(w io.Writer) { s.Cmd.Stderr = w }

// Run greets, and runs the shell.
func (s Shell) Run() error {
	if s.Done != nil {
		defer s.Done()
	}
	if _, err := fmt.Fprintln(s.Cmd.Stdout, s.Greeting); err != nil {
		return err
	}
	return s.Cmd.Run()
}
