package shell

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// file is what a descriptor refers to. Read and Write end when ctx is done.
type file interface {
	Read(ctx context.Context, b []byte) (int, error)
	Write(ctx context.Context, b []byte) (int, error)
	Close() error
}

// openFile is a file that several descriptors share; the last close closes it.
type openFile struct {
	file
	refs atomic.Int32
}

func opened(f file) *openFile {
	o := &openFile{file: f}
	o.refs.Store(1)
	return o
}

func (o *openFile) dup() *openFile {
	o.refs.Add(1)
	return o
}

func (o *openFile) release() {
	if o.refs.Add(-1) == 0 {
		o.file.Close()
	}
}

// maxDescriptors is how many files a process can have open through its shell.
const maxDescriptors = 64

// descriptors are the open files of a process. The lock is for programs that read or write from
// several goroutines.
type descriptors struct {
	mu   sync.Mutex
	open map[int]*openFile
}

// get returns what is at fd, or nil.
func (d *descriptors) get(fd int) *openFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[fd]
}

func (d *descriptors) dup() *descriptors {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := maps.Clone(d.open)
	for _, o := range c {
		o.dup()
	}
	return &descriptors{open: c}
}

func (d *descriptors) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open {
		o.release()
	}
	clear(d.open)
}

// swap puts o at fd, or closes fd if o is nil, and returns what was there. References move along.
func (d *descriptors) swap(fd int, o *openFile) *openFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.open[fd]
	if o == nil {
		delete(d.open, fd)
	} else {
		d.open[fd] = o
	}
	return old
}

// set is swap that closes what was at fd.
func (d *descriptors) set(fd int, o *openFile) {
	if old := d.swap(fd, o); old != nil {
		old.release()
	}
}

// standard makes the descriptors of a command that is started from outside.
func standard(cmd Command) *descriptors {
	lock := &sync.Mutex{}
	return &descriptors{open: map[int]*openFile{
		0: opened(input(cmd.Stdin, cmd.TTY)),
		1: opened(output(cmd.Stdout, lock)),
		2: opened(output(cmd.Stderr, lock)),
	}}
}

// stream is a descriptor of a process as an io.Reader and io.Writer.
type stream struct {
	process *Process
	fd      int
}

// Read reads, and fails when the process is killed.
func (s stream) Read(b []byte) (int, error) {
	o := s.process.fds.get(s.fd)
	if o == nil {
		return 0, syscall.EBADF
	}
	return o.Read(s.process.ctx, b)
}

// Write writes. Writing to a pipe that nobody reads sends SIGPIPE to the process.
func (s stream) Write(b []byte) (int, error) {
	o := s.process.fds.get(s.fd)
	if o == nil {
		return 0, syscall.EBADF
	}
	n, err := o.Write(s.process.ctx, b)
	if errors.Is(err, syscall.EPIPE) {
		s.process.broken()
	}
	return n, err
}

// broken is SIGPIPE, which kills PID 1 too: nothing but an error would tell it otherwise,
// and a program that ignores errors would write forever.
func (p *Process) broken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.actions[SIGPIPE] {
	case byDefault:
		p.die(SIGPIPE)
	case catch:
		p.catch(SIGPIPE)
	}
}

// treeFile is a file of the tree.
type treeFile struct{ *files.File }

func (f treeFile) Read(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

func (f treeFile) Write(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return f.File.Write(b)
}

// textFile is a here-document.
type textFile struct{ *strings.Reader }

func (f textFile) Read(_ context.Context, b []byte) (int, error) { return f.Reader.Read(b) }
func (textFile) Write(context.Context, []byte) (int, error)      { return 0, syscall.EBADF }
func (textFile) Close() error                                    { return nil }

// sink is a writer of the host, for example a log file.
type sink struct {
	w    io.Writer
	lock *sync.Mutex // of all sinks of a command
}

func output(w io.Writer, lock *sync.Mutex) file {
	if w == nil {
		w = io.Discard
	}
	return sink{w, lock}
}

func (sink) Read(context.Context, []byte) (int, error) { return 0, syscall.EBADF }
func (sink) Close() error                              { return nil }

// Write writes. Whoever listens outside and fails is a broken pipe to the container.
func (s sink) Write(ctx context.Context, b []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	n, err := s.w.Write(b)
	if err != nil {
		err = syscall.EPIPE
	}
	return n, err
}

// input makes a file of a reader of the host, which is copied from as soon as something is read.
func input(r io.Reader, tty bool) file {
	if r == nil {
		return textFile{strings.NewReader("")}
	}
	return &hostReader{r: r, tty: tty, pipe: newPipe()}
}

// hostReader is a reader of the host.
type hostReader struct {
	r    io.Reader
	tty  bool
	once sync.Once
	pipe *pipe
}

func (s *hostReader) Read(ctx context.Context, b []byte) (int, error) {
	s.once.Do(func() { go s.copy() })
	return s.pipe.read(ctx, b)
}

// copy reads ahead. At a terminal, the end of the file is one key among others.
func (s *hostReader) copy() {
	defer s.pipe.closeWrite()
	for {
		_, err := io.Copy(writerFunc(func(b []byte) (int, error) {
			return s.pipe.write(context.Background(), b)
		}), s.r)
		if err != nil || !s.tty {
			return
		}
		s.pipe.end()
	}
}

func (s *hostReader) Write(context.Context, []byte) (int, error) { return 0, syscall.EBADF }

func (s *hostReader) Close() error {
	s.pipe.closeRead()
	return nil
}

// writerFunc is a function as an io.Writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
