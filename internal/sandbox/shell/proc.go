package shell

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Proc is what a program sees of its process. It is used by the program's goroutine only.
type Proc struct {
	Args   []string // Args[0] is the name it was called by
	Env    []string // NAME=value
	Dir    string   // working directory, absolute
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	process   *Process
	container *Container
	files     *files.Tree
	tty       bool
	applet    string // name for error messages, without directory
}

// attach connects a Proc with its process.
func (p *Proc) attach(process *Process) {
	p.process, p.container, p.files = process, process.container, process.container.files
	p.Stdin, p.Stdout, p.Stderr = process.stream(0), process.stream(1), process.stream(2)
	p.applet = strings.TrimPrefix(path.Base(p.Args[0]), "-")
}

// PID is the process id in the container.
func (p *Proc) PID() int { return p.process.pid }

// Files is the container's file tree. Names go through Path first.
func (p *Proc) Files() *files.Tree { return p.files }

// Container is the container the process is in.
func (p *Proc) Container() *Container { return p.container }

// Getenv returns a variable of the environment, or "".
func (p *Proc) Getenv(name string) string { return getenv(p.Env, name) }

// Now is the container's time.
func (p *Proc) Now() time.Time { return p.container.config.Now() }

// Sleep waits as the container's pace has it.
func (p *Proc) Sleep(ctx context.Context, d time.Duration) error {
	return p.container.config.Sleep(ctx, d)
}

// Dial connects through the container's network.
func (p *Proc) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.container.config.Dial == nil {
		return nil, syscall.ENETUNREACH
	}
	return p.container.config.Dial(ctx, network, address)
}

// Listen opens a port of the container. Whoever opens it closes it.
func (p *Proc) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if p.container.config.Listen == nil {
		return nil, syscall.EADDRNOTAVAIL
	}
	return p.container.config.Listen(ctx, network, address)
}

// Hostname is the container's.
func (p *Proc) Hostname() string { return p.container.config.Hostname }

// Path makes a name absolute, for use with Files.
func (p *Proc) Path(name string) string { return absolute(p.Dir, name) }

// absolute puts dir in front of a relative name. Nothing is cleaned: what ".." means after a
// symlink is for the tree to find out.
func absolute(dir, name string) string {
	if name == "" || strings.HasPrefix(name, "/") {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// Notify makes the process handle signals instead of dying of them, or of ignoring them as PID 1.
func (p *Proc) Notify(signals ...Signal) <-chan Signal {
	c := make(chan Signal, 8)
	p.process.handle(c, signals)
	return c
}

// Open opens a file by its name relative to Dir. The descriptors of the process can be opened as
// /dev/stdin, /dev/stdout, /dev/stderr and /dev/fd/N.
func (p *Proc) Open(name string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	f, err := p.process.open(p.Path(name), flag, perm)
	if err != nil {
		return nil, err
	}
	return &procFile{p.process.ctx, f}, nil
}

// open is Open without the process's context: what a redirection needs.
func (p *Process) open(name string, flag int, perm fs.FileMode) (*openFile, error) {
	if fd, ok := p.container.descriptor(name); ok {
		if o := p.fds.get(fd); o != nil {
			return o.dup(), nil
		}
	}
	f, err := p.container.files.Open(name, flag, perm&^p.umask)
	if err != nil {
		return nil, err
	}
	return opened(treeFile{f}), nil
}

// descriptor finds out whether name is a descriptor of the process, also through a symlink as
// the nginx image has for its logs.
func (c *Container) descriptor(name string) (int, bool) {
	for range 2 {
		if number, ok := strings.CutPrefix(name, "/dev/fd/"); ok {
			fd, err := strconv.Atoi(number)
			return fd, err == nil
		}
		if fd := slices.Index([]string{"/dev/stdin", "/dev/stdout", "/dev/stderr"}, name); fd >= 0 {
			return fd, true
		}
		target, err := c.files.Readlink(name)
		if err != nil {
			return 0, false
		}
		name = target
	}
	return 0, false
}

// procFile is an open file of a program.
type procFile struct {
	ctx context.Context
	*openFile
}

func (f *procFile) Read(b []byte) (int, error)  { return f.openFile.Read(f.ctx, b) }
func (f *procFile) Write(b []byte) (int, error) { return f.openFile.Write(f.ctx, b) }

func (f *procFile) Close() error {
	f.release()
	return nil
}

// OpenRead opens a file for reading; "-" is the standard input.
func (p *Proc) OpenRead(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(p.Stdin), nil
	}
	f, err := p.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	if info, err := p.files.Stat(p.Path(name)); err == nil && info.IsDir() {
		f.Close()
		return nil, errIsDir(name)
	}
	return f, nil
}

// printf writes to the standard output.
func (p *Proc) printf(format string, args ...any) { fmt.Fprintf(p.Stdout, format, args...) }

// fail writes "program: message" to the standard error and returns exit code 1.
func (p *Proc) fail(format string, args ...any) int {
	fmt.Fprintf(p.Stderr, p.applet+": "+format+"\n", args...)
	return 1
}

// tell writes a line if the program was asked to say what it does.
func (p *Proc) tell(verbose bool, format string, args ...any) {
	if verbose {
		p.printf(format+"\n", args...)
	}
}

// cannot reports an error on a file in busybox's words: "cat: can't open 'x': No such file or directory".
func (p *Proc) cannot(verb, name string, err error) int {
	return p.fail("can't %s '%s': %s", verb, name, files.Reason(err))
}

// getenv finds the last setting of a variable.
func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

func hasEnv(env []string, name string) bool {
	return slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
}
