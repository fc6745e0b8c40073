package checks

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// process is one worker process.
type process struct {
	stdin   io.WriteCloser
	answers chan answerLine // closed when the process says no more
	stderr  *capped
	dir     string
	name    string // of the program
	pid     int
	kill    func()
	ended   chan struct{} // closed when the process has been waited for
	state   *os.ProcessState
}

// spawn starts a worker without environment in a directory of its own.
func spawn(argv []string) (*process, error) {
	dir, err := os.MkdirTemp("", "k8slab-checks-")
	if err != nil {
		return nil, fmt.Errorf("start check worker: %w", err)
	}
	p := &process{answers: make(chan answerLine, 1), stderr: &capped{}, dir: dir, name: argv[0], ended: make(chan struct{})}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = []string{}
	cmd.Dir = dir
	cmd.Stderr = p.stderr
	endWithParent(cmd)
	if err := p.start(cmd); err != nil {
		_ = os.Remove(dir)
		return nil, fmt.Errorf("start check worker: %w", err)
	}
	return p, nil
}

func (p *process) start(cmd *exec.Cmd) error {
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, w, err := os.Pipe() // not StdoutPipe: Wait closes that before it is read to the end
	if err != nil {
		return errors.Join(err, in.Close())
	}
	p.stdin, cmd.Stdout = in, w
	started := make(chan error, 1)
	go p.supervise(cmd, w, started)
	if err := <-started; err != nil {
		return errors.Join(err, out.Close())
	}
	go p.read(out)
	return nil
}

// supervise starts the command, waits for it, and cleans up. It stays on one
// thread, because the command dies with the thread that started it.
func (p *process) supervise(cmd *exec.Cmd, stdout io.Closer, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	_ = stdout.Close() // it is the command's now
	if err == nil {
		p.pid = cmd.Process.Pid
		p.kill = sync.OnceFunc(func() { _ = cmd.Process.Kill() })
	}
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // how it ended is in the state
	p.state = cmd.ProcessState
	_ = os.RemoveAll(p.dir)
	close(p.ended)
}

// read turns the output into answers until it ends or is no answer.
func (p *process) read(out io.ReadCloser) {
	defer close(p.answers)
	defer out.Close()
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	for lines.Scan() {
		var a answerLine
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			return
		}
		p.answers <- a
	}
}

// ready returns when the process waits for a request. If it does not come to
// that it is gone, and the error has what it said.
func (p *process) ready(ctx context.Context) error {
	select {
	case a, ok := <-p.answers:
		if ok && a.Ready {
			// It stays the working directory, nothing can be put into it any more, and
			// a host that is killed leaves none behind. Where the system refuses, it is
			// removed at the end.
			_ = os.Remove(p.dir)
			return nil
		}
	case <-ctx.Done():
		p.end()
		return fmt.Errorf("start check worker: %w", ctx.Err())
	}
	p.end()
	return fmt.Errorf("start check worker: %s ended before it was ready (%s): %s", p.name, p.state, p.stderr)
}

// gone reports that the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// collect returns the findings of a request as they come, and the check that was
// begun and not finished. The error is io.EOF if the process ended.
func (p *process) collect(ctx context.Context, checks []Check) (findings []Finding, begun string, err error) {
	for {
		select {
		case <-ctx.Done():
			return findings, begun, ctx.Err()
		case a, ok := <-p.answers:
			switch {
			case !ok:
				return findings, begun, io.EOF
			case a.Error != "":
				return findings, begun, errors.New(a.Error)
			case a.Done && len(findings) == len(checks):
				return findings, "", nil
			case a.Begin != "":
				begun = a.Begin
			case a.Finding != nil && len(findings) < len(checks):
				findings, begun = append(findings, *a.Finding), ""
			}
		}
	}
}

// end kills the process and returns when it is gone.
func (p *process) end() {
	p.kill()
	_ = p.stdin.Close()
	for range p.answers { // what it said too late is not wanted
	}
	<-p.ended
}

// cause says why a process ended by itself, from what it left on stderr.
func (p *process) cause() string {
	text := p.stderr.String()
	switch {
	case p.state.ExitCode() == exitCPU:
		return "it used too much processor time: is there an endless loop?"
	case strings.Contains(text, "stack exceeds"), strings.Contains(text, "stack overflow"):
		return "it called itself without end"
	case strings.Contains(text, "out of memory"), strings.Contains(text, "cannot allocate memory"):
		return fmt.Sprintf("it used more than %d MiB of memory", memoryLimit>>20)
	case strings.Contains(text, "panic: "):
		_, after, _ := strings.Cut(text, "panic: ")
		line, _, _ := strings.Cut(after, "\n")
		return "it panicked outside of the check, in a goroutine of its own: " + line
	case strings.Contains(text, "fatal error: "):
		_, after, _ := strings.Cut(text, "fatal error: ")
		line, _, _ := strings.Cut(after, "\n")
		return "it crashed: " + line
	default:
		return "the worker process ended: " + p.state.String()
	}
}
