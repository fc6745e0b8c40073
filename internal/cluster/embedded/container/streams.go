package container

import (
	"io"
	"sync"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// streams are the standard streams of a container's main process: its output goes to the log and to
// everybody who is attached, its input comes from whoever is attached.
type streams struct {
	log            *logFile
	stdout, stderr *fanOut
	lines          []*logWriter

	tty   *terminal      // nil without a terminal
	stdin io.Reader      // of the process; nil if it has none
	input *io.PipeWriter // the other end of stdin, unless that is the terminal
	once  bool           // stdin ends with the first client that attached
}

// newStreams makes the streams that the container's configuration asks for. It takes the log over.
func newStreams(config *runtimeapi.ContainerConfig, log *logFile) *streams {
	out := &logWriter{log: log, stream: "stdout"}
	err := &logWriter{log: log, stream: "stderr"}
	s := &streams{
		log:    log,
		stdout: newFanOut(out),
		stderr: newFanOut(err),
		lines:  []*logWriter{out, err},
		once:   config.GetStdinOnce(),
	}
	if config.GetTty() {
		s.tty = newTerminal(s.stdout)
		s.stderr = s.stdout
	}
	switch {
	case config.GetStdin() && s.tty != nil:
		s.stdin = s.tty
	case config.GetStdin():
		s.stdin, s.input = io.Pipe()
	}
	return s
}

// stdio is the process's side of the streams.
func (s *streams) stdio() stdio {
	if s.tty != nil {
		return stdio{in: s.stdin, out: s.tty.output(), err: s.tty.output(), tty: s.tty}
	}
	return stdio{in: s.stdin, out: s.stdout, err: s.stderr}
}

// endInput is the end of what the process can read. It may be called more than once.
func (s *streams) endInput() {
	if s.tty != nil {
		s.tty.hangUp()
	}
	if s.input != nil {
		s.input.Close()
	}
}

// close ends the input, writes what is left of the output and lets the attached go.
func (s *streams) close() {
	s.endInput()
	for _, l := range s.lines {
		l.flush()
	}
	s.stdout.close()
	s.stderr.close()
	s.log.close()
}

// stdio are the streams of a process. in may be nil, and so is tty without a terminal.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	tty      *terminal
}

// fanOut copies what is written to a first writer and to clients that come and go.
type fanOut struct {
	first io.Writer

	mu      sync.Mutex
	closed  bool
	clients map[*client]struct{}
}

func newFanOut(first io.Writer) *fanOut {
	return &fanOut{first: first, clients: map[*client]struct{}{}}
}

// Write never waits for a client.
func (f *fanOut) Write(p []byte) (int, error) {
	n, err := f.first.Write(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.clients {
		c.push(p)
	}
	return n, err
}

// attach adds a client that gets everything from now on.
func (f *fanOut) attach(to io.Writer) *client {
	c := newClient(to)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		c.finish()
		return c
	}
	f.clients[c] = struct{}{}
	return c
}

func (f *fanOut) detach(c *client) {
	f.mu.Lock()
	delete(f.clients, c)
	f.mu.Unlock()
	c.finish()
}

// close lets the clients go when they have got everything.
func (f *fanOut) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for c := range f.clients {
		c.finish()
	}
	clear(f.clients)
}

// maxBehind is how many bytes a client may be behind before it loses some.
const maxBehind = 1 << 20

// client is somebody who is attached to an output. Its goroutine writes, so that nobody else waits
// for a slow connection.
type client struct {
	to   io.Writer
	done chan struct{} // closed when nothing more will be written

	mu      sync.Mutex
	change  *sync.Cond
	behind  []byte
	stopped bool
}

func newClient(to io.Writer) *client {
	c := &client{to: to, done: make(chan struct{})}
	c.change = sync.NewCond(&c.mu)
	go c.run()
	return c
}

func (c *client) push(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped && len(c.behind)+len(p) <= maxBehind {
		c.behind = append(c.behind, p...)
		c.change.Signal()
	}
}

// finish takes nothing more; what is there is still written.
func (c *client) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.change.Signal()
}

func (c *client) run() {
	defer close(c.done)
	for {
		data, ok := c.next()
		if !ok {
			return
		}
		if _, err := c.to.Write(data); err != nil {
			c.finish()
			return
		}
	}
}

func (c *client) next() ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.behind) == 0 && !c.stopped {
		c.change.Wait()
	}
	data := c.behind
	c.behind = nil
	return data, len(data) > 0
}
