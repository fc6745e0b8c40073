package shell

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running process of a container: a goroutine with an id, signals and open files.
type Process struct {
	container *Container
	pid, ppid int
	started   time.Time
	ctx       context.Context // done when the process was killed
	cancel    context.CancelFunc
	fds       *descriptors
	umask     fs.FileMode
	held      int      // see hold
	session   *Process // that it was started from, or itself
	terminal  *terminal

	mu       sync.Mutex
	argv     []string
	actions  map[Signal]action
	pending  []Signal      // caught by a shell, its trap has not run yet
	notify   chan struct{} // gets a value when pending grows
	signals  chan Signal   // of a program that asked for signals
	early    bool          // signals are pending until the program asks for them
	killedBy Signal
	status   int
	ended    bool
	done     chan struct{}
}

// action is what a process does with a signal; the zero value is the default action.
type action int

const (
	byDefault action = iota
	ignore
	catch
)

// PID is the process id in the container.
func (p *Process) PID() int { return p.pid }

// Argv is the command line. It changes when a shell uses exec.
func (p *Process) Argv() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.argv)
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end and returns the exit code: 128+n if signal n ended the process.
func (p *Process) Wait() int {
	<-p.done
	return p.status
}

// Signal sends a signal from outside the container, as a container runtime does. As in the kernel,
// PID 1 gets only signals that it handles, and SIGKILL.
func (p *Process) Signal(s Signal) { p.deliver(s, false) }

// Kill is Signal(SIGKILL).
func (p *Process) Kill() { p.Signal(SIGKILL) }

// deliver sends a signal. One from inside the container cannot kill PID 1.
func (p *Process) deliver(s Signal, inside bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	init := p.pid == 1
	switch act := p.actions[s]; {
	case p.ended || s == 0:
	case s == SIGKILL:
		if !init || !inside {
			p.die(s)
		}
	case p.early:
		p.remember(s)
	case act == ignore:
	case act == catch:
		p.catch(s)
	case !init && !s.harmless():
		p.die(s)
	}
}

// catch hands a signal to the program or the shell. One that is already waiting is not doubled.
func (p *Process) catch(s Signal) {
	if p.signals != nil {
		select {
		case p.signals <- s:
		default:
		}
		return
	}
	p.remember(s)
	select {
	case p.notify <- struct{}{}:
	default:
	}
}

func (p *Process) remember(s Signal) {
	if !slices.Contains(p.pending, s) {
		p.pending = append(p.pending, s)
	}
}

// awaitsNotify says that the process is about to run a program.
func (p *Process) awaitsNotify(prog image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.early = prog.added
}

// handle makes the process catch signals, and delivers those that came before.
func (p *Process) handle(c chan Signal, signals []Signal) {
	p.mu.Lock()
	p.signals, p.early = c, false
	for _, s := range signals {
		p.actions[s] = catch
	}
	waiting := p.pending
	p.pending = nil
	p.mu.Unlock()
	for _, s := range waiting {
		p.deliver(s, true)
	}
}

// die lets the goroutine know that the process is dead. The first reason counts.
func (p *Process) die(s Signal) {
	if p.killedBy == 0 {
		p.killedBy = s
	}
	p.cancel()
}

// setAction changes what happens on a signal and returns what happened before.
func (p *Process) setAction(s Signal, a action) action {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.actions[s]
	p.actions[s] = a
	return old
}

// diedOf makes a process that ends by itself look as if a signal had ended it.
func (p *Process) diedOf(s Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid != 1 {
		p.killedBy = s
	}
}

// caught takes the next caught signal.
func (p *Process) caught() (Signal, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		return 0, false
	}
	s := p.pending[0]
	p.pending = p.pending[1:]
	return s, true
}

// hasCaught says whether a trap is due.
func (p *Process) hasCaught() (Signal, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		return 0, false
	}
	return p.pending[0], true
}

// inherit is what fork gives a child: open files and ignored signals.
func (p *Process) inherit(parent *Process) {
	p.ppid = parent.pid
	p.fds = parent.fds.dup()
	p.session, p.terminal = parent.session, parent.terminal
	p.umask = parent.umask
	parent.mu.Lock()
	defer parent.mu.Unlock()
	for s, a := range parent.actions {
		if a == ignore {
			p.actions[s] = ignore
		}
	}
}

// replace is what exec does to a process: another command line, caught signals back to default.
func (p *Process) replace(prog image) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.early || !prog.added {
		p.pending = nil // was caught by what has gone, or by nobody
	}
	p.argv, p.early = prog.argv, prog.added
	for s, a := range p.actions {
		if a == catch {
			delete(p.actions, s)
		}
	}
}

// outOfMemory is the panic of a shell that asked for more than it may have.
type outOfMemory struct{}

// run is the life of the process.
func (p *Process) run(main func() int) {
	status := p.guard(main)
	p.container.Grow(int64(-p.held))
	p.fds.close()
	p.mu.Lock()
	p.ended = true
	if p.killedBy != 0 {
		status = 128 + int(p.killedBy)
	}
	p.status = status & 0xff
	p.mu.Unlock()
	p.cancel()
	p.container.reap(p)
	close(p.done)
}

// guard keeps a panic of one process from ending all others, and us.
func (p *Process) guard(main func() int) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case outOfMemory:
			p.container.exhaust()
			fmt.Fprintf(p.stream(2), "%s: out of memory\n", p.name()) // unless it is dead
			status = 2
		default:
			fmt.Fprintf(p.stream(2), "%s: internal error: %v\n", p.name(), r)
			status = 128 + int(SIGABRT)
		}
	}()
	return main()
}

func (p *Process) name() string {
	argv := p.Argv()
	if len(argv) == 0 {
		return "?"
	}
	return argv[0]
}

// stream is an open file as programs see it.
func (p *Process) stream(fd int) stream { return stream{p, fd} }

// kill sends a signal to the process with the given id, from inside the container.
func (c *Container) kill(pid int, s Signal) error {
	p, ok := c.process(pid)
	if !ok {
		return syscall.ESRCH
	}
	p.deliver(s, true)
	return nil
}

// commandLine is what ps shows.
func (p *Process) commandLine() string { return strings.Join(p.Argv(), " ") }
