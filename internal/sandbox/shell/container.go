package shell

import (
	"cmp"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"path"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// Config says what the processes of a container share.
type Config struct {
	// Files is the container's file tree. It must not be nil. Closing it is left to the caller.
	Files *files.Tree
	// Hostname is what hostname and uname say.
	Hostname string
	// User is who the processes are said to run as. Files have no owners.
	User User
	// Programs are added to the coreutils of this package, or replace them, by name. One is run when the
	// tree has a virtual executable for it (files.Options.Programs). Signals that come before such a
	// program has called Notify wait for that, so that a server which is stopped as soon as it was
	// started leaves as if it had been ready.
	Programs map[string]Program
	// Dial and Listen are the container's network, for wget and nc. If nil, there is none.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
	// Now is the container's clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx is done. Another pace can be set here; nil is real time.
	Sleep func(ctx context.Context, d time.Duration) error
	// Memory is that of the machine in bytes, for free; 0 means 8 GiB.
	Memory int64
	// Processes limits how many can exist at a time; 0 means 256.
	Processes int
}

// User is an identity as id prints it. The zero value is root.
type User struct {
	UID, GID int64
	Groups   []int64 // supplementary ones
}

// Program is an executable of the container. It runs in the process that p describes, has to return
// soon after ctx is done, and returns the exit code.
type Program func(ctx context.Context, p *Proc) int

// Container is a set of processes over one file tree: PID 1, which is the first that is
// started, its children, and what is executed in the container later. Its methods are safe for
// concurrent use.
type Container struct {
	files    *files.Tree
	config   Config
	programs map[string]Program
	started  time.Time

	mu        sync.Mutex
	last      int // the newest process id
	processes map[int]*Process
	closed    bool
	running   sync.WaitGroup

	memory memory
}

// Command says what is to be started and with which surroundings.
type Command struct {
	Argv []string // at least one element
	Env  []string // NAME=value
	Dir  string   // working directory, made if it does not exist; "" means "/"
	// Stdin may be nil, which is an empty input. It is read ahead; somebody has to end its Read when
	// the process is done, by closing it for example.
	Stdin io.Reader
	// Stdout and Stderr may be nil. They are not written to concurrently.
	Stdout, Stderr io.Writer
	// TTY makes an interactive shell print prompts. Line editing is the caller's, and so are keys that
	// send signals: see Process.Interrupt. Stdin may go on after an io.EOF then, which is a Ctrl-D.
	TTY bool
	// Size is how many rows and columns the terminal has; nil if nobody knows.
	Size func() (rows, columns int)
}

// StartError says why a command could not be started, in the words of a container runtime.
type StartError struct {
	Name string
	Err  error
}

func (e *StartError) Error() string {
	if errors.Is(e.Err, errNotFound) {
		return `exec: "` + e.Name + `": executable file not found in $PATH`
	}
	return `exec: "` + e.Name + `": ` + e.Err.Error()
}

// Unwrap returns Err.
func (e *StartError) Unwrap() error { return e.Err }

// ErrEnded means that the container's PID 1 has ended, or that the container was closed.
var ErrEnded = errors.New("container is not running")

// New makes a container in which nothing runs yet.
func New(c Config) *Container {
	programs := programs()
	maps.Copy(programs, c.Programs)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = realSleep
	}
	c.Processes = cmp.Or(c.Processes, 256)
	c.Memory = cmp.Or(c.Memory, 8<<30)
	return &Container{files: c.Files, config: c, programs: programs, started: c.Now(), processes: map[int]*Process{}}
}

func realSleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Binaries are the virtual executables of an image that has all programs of this package, for
// files.Options.Programs: "/bin/sh" to "sh" and so on.
func Binaries() map[string]string {
	all := map[string]string{"/usr/bin/env": "env"}
	for name := range programs() {
		all["/bin/"+name] = name
	}
	return all
}

// Start starts a command. The first one of a container is its PID 1: when it ends, all others are
// killed and nothing can be started any more. When ctx is done, the process is killed.
// An error is a *StartError, or ErrEnded.
func (c *Container) Start(ctx context.Context, cmd Command) (*Process, error) {
	if len(cmd.Argv) == 0 || cmd.Argv[0] == "" {
		return nil, &StartError{Err: errNotFound}
	}
	dir := path.Clean("/" + cmd.Dir)
	if err := c.files.MkdirAll(dir, 0o755); err != nil {
		return nil, &StartError{Name: cmd.Argv[0], Err: err}
	}
	proc := &Proc{Args: cmd.Argv, Env: slices.Clone(cmd.Env), Dir: dir, tty: cmd.TTY}
	if !hasEnv(proc.Env, "PATH") {
		proc.Env = append(proc.Env, "PATH="+defaultPath)
	}
	image, err := c.load(proc.Dir, getenv(proc.Env, "PATH"), cmd.Argv)
	if err != nil {
		return nil, &StartError{Name: cmd.Argv[0], Err: err}
	}
	process, err := c.fork(nil, cmd.Argv)
	if err != nil {
		return nil, err
	}
	process.awaitsNotify(image)
	process.fds = standard(cmd)
	if process.session = process; cmd.TTY {
		process.terminal = &terminal{cmd.Size}
	}
	stop := context.AfterFunc(ctx, process.Kill)
	proc.attach(process)
	go process.run(func() int {
		defer stop()
		return image.exec(process.ctx, proc)
	})
	return process, nil
}

// Run starts a command, waits for its end and returns its exit code.
func (c *Container) Run(ctx context.Context, cmd Command) (int, error) {
	p, err := c.Start(ctx, cmd)
	if err != nil {
		return 0, err
	}
	return p.Wait(), nil
}

// Close kills all processes, waits until they have ended, and lets nothing start any more.
func (c *Container) Close() {
	c.end(nil)
	c.running.Wait()
}

// end kills everything but one process.
func (c *Container) end(except *Process) {
	c.mu.Lock()
	c.closed = true
	all := slices.Collect(maps.Values(c.processes))
	c.mu.Unlock()
	for _, p := range all {
		if p != except {
			p.Kill()
		}
	}
}

// fork makes a process. A child inherits ignored signals and open files.
func (c *Container) fork(parent *Process, argv []string) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrEnded
	}
	if len(c.processes) >= c.config.Processes {
		return nil, syscall.EAGAIN
	}
	c.last++
	p := &Process{
		container: c,
		pid:       c.last,
		argv:      argv,
		started:   c.config.Now(),
		actions:   map[Signal]action{},
		fds:       &descriptors{},
		umask:     0o022,
		notify:    make(chan struct{}, 1),
		done:      make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	if parent != nil {
		p.inherit(parent)
	}
	c.processes[p.pid] = p
	c.running.Add(1)
	return p, nil
}

// reap takes an ended process out of the table. The end of PID 1 is the end of all.
func (c *Container) reap(p *Process) {
	c.mu.Lock()
	delete(c.processes, p.pid)
	c.mu.Unlock()
	if p.pid == 1 {
		c.end(p)
	}
	c.running.Done()
}

// process looks a process id up.
func (c *Container) process(pid int) (*Process, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.processes[pid]
	return p, ok
}

// Processes lists the running processes by id.
func (c *Container) Processes() []*Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Collect(maps.Values(c.processes))
	slices.SortFunc(all, func(a, b *Process) int { return a.pid - b.pid })
	return all
}
