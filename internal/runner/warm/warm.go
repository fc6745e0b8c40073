// Package warm runs commands in a process that has already started. A program that
// links Kubernetes spends 0.1 to 0.2 s of processor time before its main function
// begins; a lesson has dozens of commands that take less than that themselves.
//
// Start is where to begin; the process that it starts calls Serve. Commands have
// files of their own, which are handed over a socket, so that they write to them as
// any program does. A process runs one command at a time, and as long as they
// succeed: most programs leave by os.Exit when they fail, and so does the process.
//
// Deliberately absent: isolation of commands from each other. What one leaves in
// the memory of the process, the next one finds.
package warm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// socketFD is the descriptor on which the process is asked.
const socketFD = 3

// grace is how long a command that was cancelled may take to end, and how long
// its output may stay open after it.
const grace = 2 * time.Second

// maxComplaint is how much is kept of what a process writes to the standard error
// that it was started with: a stack trace, at most.
const maxComplaint = 64 << 10

// Command is what a process is asked to run.
type Command struct {
	Args []string          // without the program's name
	Dir  string            // the working directory
	Env  map[string]string // set before the command; nothing is unset after it

	Stdin          io.Reader // nothing if nil
	Stdout, Stderr io.Writer // discarded if nil
	Report         io.Writer // what the command says to its caller; discarded if nil
}

// request is a Command on its way; its files go with it, in the order of request.files.
type request struct {
	Args []string          `json:"args"`
	Dir  string            `json:"dir"`
	Env  map[string]string `json:"env"`
}

// Process is a program that waits for commands. It may be used by one goroutine at
// a time.
type Process struct {
	command   *exec.Cmd
	socket    *net.UnixConn
	complaint limited
	ended     bool
}

// Start starts a program that calls Serve.
func Start(argv, env []string) (*Process, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("make a socket: %w", err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "socket"), os.NewFile(uintptr(pair[1]), "socket")
	defer theirs.Close()
	connection, err := net.FileConn(ours) // which has a descriptor of its own
	if err = errors.Join(err, ours.Close()); err != nil {
		return nil, err
	}
	p := &Process{socket: connection.(*net.UnixConn), command: exec.Command(argv[0], argv[1:]...)}
	p.command.Env = env
	p.command.Stderr = &p.complaint
	p.command.ExtraFiles = []*os.File{theirs}
	p.command.WaitDelay = grace
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return p, nil
}

// Ended reports whether the process can run no more commands.
func (p *Process) Ended() bool { return p.ended }

// Close ends the process.
func (p *Process) Close() {
	_ = p.socket.Close() // it waits there, and ends
	if !p.ended {
		_ = p.command.Process.Kill() // or it has done so
		_ = p.command.Wait()
	}
	p.ended = true
}

// Run runs a command to its end and returns its exit code. When ctx ends, the
// command is interrupted, and killed if that does not help.
func (p *Process) Run(ctx context.Context, c Command) (exit int, err error) {
	ends, err := newEnds(c)
	if err != nil {
		return 0, err
	}
	if err := p.ask(c, ends.theirs); err != nil {
		ends.close()
		return 0, p.end(err)
	}
	ends.handOver()
	stop := context.AfterFunc(ctx, p.interrupt)
	exit, answered := p.answer()
	if interrupted := !stop(); interrupted && answered {
		p.Close() // before the interrupt meets the next command
	}
	if !answered {
		exit, err = p.wait()
	}
	ends.wait()
	if !answered && p.complaint.Len() > 0 && c.Stderr != nil {
		_, _ = p.complaint.WriteTo(c.Stderr) // the last words of a command that broke
	}
	return exit, err
}

// ask sends a command and its files.
func (p *Process) ask(c Command, files []*os.File) error {
	message, err := json.Marshal(request{c.Args, c.Dir, c.Env})
	if err != nil {
		return err
	}
	var descriptors []int
	for _, f := range files {
		descriptors = append(descriptors, int(f.Fd()))
	}
	// The descriptors go with the first byte.
	if _, _, err := p.socket.WriteMsgUnix([]byte{'\n'}, unix.UnixRights(descriptors...), nil); err != nil {
		return err
	}
	_, err = p.socket.Write(append(message, '\n'))
	return err
}

// answer waits until the command has succeeded or the process has ended.
func (p *Process) answer() (exit int, answered bool) {
	var code [1]byte
	_, err := io.ReadFull(p.socket, code[:])
	return int(code[0]), err == nil
}

// interrupt asks the process to end, and sees to it.
func (p *Process) interrupt() {
	_ = p.command.Process.Signal(os.Interrupt) // or it has ended
	time.AfterFunc(grace, func() { _ = p.command.Process.Kill() })
}

// wait returns how the process ended.
func (p *Process) wait() (exit int, err error) {
	p.ended = true
	err = errors.Join(p.command.Wait(), p.socket.Close())
	var status *exec.ExitError
	if errors.As(err, &status) && status.Exited() {
		return status.ExitCode(), nil
	}
	return 0, err
}

// end ends a process that could not be asked.
func (p *Process) end(cause error) error {
	p.Close()
	return fmt.Errorf("ask the process of the command: %w", cause)
}

// ends are the files of a command: theirs, and what is done with the other ends.
type ends struct {
	theirs  []*os.File
	made    []*os.File // of theirs; the others are the caller's own
	ours    []*os.File
	outputs sync.WaitGroup
}

func newEnds(c Command) (_ *ends, err error) {
	e := &ends{}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if err := e.input(c.Stdin); err != nil {
		return nil, err
	}
	if err := e.output(c.Stdout); err != nil {
		return nil, err
	}
	if same(c.Stdout, c.Stderr) { // then nothing is written at the same time, and the order stays
		e.theirs = append(e.theirs, e.theirs[len(e.theirs)-1])
	} else if err := e.output(c.Stderr); err != nil {
		return nil, err
	}
	return e, e.output(c.Report)
}

// same reports whether two writers are one. Some types cannot be compared.
func same(a, b io.Writer) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// input copies in the background. If nobody reads any more, that ends with r.
func (e *ends) input(r io.Reader) error {
	if f, ok := r.(*os.File); ok {
		e.theirs = append(e.theirs, f)
		return nil
	}
	if r == nil {
		r = bytes.NewReader(nil)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return err
	}
	e.theirs, e.made = append(e.theirs, theirs), append(e.made, theirs)
	go func() {
		_, _ = io.Copy(ours, r) // a command need not read what it gets
		_ = ours.Close()
	}()
	return nil
}

func (e *ends) output(w io.Writer) error {
	if f, ok := w.(*os.File); ok {
		e.theirs = append(e.theirs, f)
		return nil
	}
	if w == nil {
		w = io.Discard
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	e.theirs, e.made, e.ours = append(e.theirs, theirs), append(e.made, theirs), append(e.ours, ours)
	e.outputs.Go(func() { _, _ = io.Copy(w, ours) }) // who does not want the output any more has left
	return nil
}

// handOver closes what the process has now.
func (e *ends) handOver() {
	for _, f := range e.made {
		_ = f.Close()
	}
	e.made = nil
}

// wait waits for the last of the output.
func (e *ends) wait() {
	cut := time.AfterFunc(grace, func() {
		for _, f := range e.ours {
			_ = f.SetReadDeadline(time.Now())
		}
	})
	e.outputs.Wait()
	cut.Stop()
	for _, f := range e.ours {
		_ = f.Close()
	}
}

func (e *ends) close() {
	e.handOver()
	e.wait()
}

// limited keeps the beginning of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxComplaint - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
