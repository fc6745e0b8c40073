package container

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/cri-streaming/pkg/streaming"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// streamServer serves exec, attach and port-forward to the kubelet, on a loopback port of the host.
// Whoever has the address of a stream may use it, once, within a minute: the addresses cannot be
// guessed.
type streamServer struct {
	streams streaming.Server
	http    *http.Server
	conns   *connTracker
	served  chan struct{}
}

func newStreamServer(r *Runtime) (*streamServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for streams: %w", err)
	}
	config := streaming.DefaultConfig
	config.BaseURL = &url.URL{Scheme: "http", Host: listener.Addr().String()}
	streams, err := streaming.NewServer(config, streamRuntime{r})
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("serve streams: %w", err)
	}
	s := &streamServer{
		streams: streams,
		http:    &http.Server{Handler: streams, ReadHeaderTimeout: 10 * time.Second},
		conns:   &connTracker{Listener: listener, open: map[net.Conn]struct{}{}},
		served:  make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(s.conns) // ends with close
	}()
	return s, nil
}

// close ends the server and every stream, which http.Server leaves alone.
func (s *streamServer) close() error {
	err := s.http.Close()
	s.conns.closeAll()
	<-s.served
	return err
}

// connTracker is a listener that knows its open connections.
type connTracker struct {
	net.Listener

	mu   sync.Mutex
	done bool
	open map[net.Conn]struct{}
}

// Accept waits for the next connection.
func (t *connTracker) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tracked := &trackedConn{Conn: conn, tracker: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		conn.Close()
		return nil, net.ErrClosed
	}
	t.open[tracked] = struct{}{}
	return tracked, nil
}

func (t *connTracker) closeAll() {
	t.mu.Lock()
	open := t.open
	t.done, t.open = true, nil
	t.mu.Unlock()
	for conn := range open {
		conn.Close()
	}
}

type trackedConn struct {
	net.Conn
	tracker *connTracker
}

// Close closes the connection and forgets it.
func (c *trackedConn) Close() error {
	c.tracker.mu.Lock()
	delete(c.tracker.open, c)
	c.tracker.mu.Unlock()
	return c.Conn.Close()
}

// streamRuntime is what the streaming server does with its streams.
type streamRuntime struct{ *Runtime }

// Exec runs a command. The error for a non-zero exit code is a utilexec.CodeExitError.
func (r streamRuntime) Exec(ctx context.Context, id string, argv []string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	ctx, stop := r.streamContext(ctx)
	defer stop()
	return r.streamExec(ctx, id, argv, in, writer(out), writer(errs), tty, resize)
}

// Attach connects a client to the main process until either ends.
func (r streamRuntime) Attach(ctx context.Context, id string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	ctx, stop := r.streamContext(ctx)
	defer stop()
	return r.attach(ctx, id, in, writer(out), writer(errs), resize)
}

// PortForward copies between a client and a port of the Pod.
func (r streamRuntime) PortForward(ctx context.Context, id string, port int32, client io.ReadWriteCloser) error {
	ctx, stop := r.streamContext(ctx)
	defer stop()
	return r.forward(ctx, id, port, client)
}

// streamContext ends with the request or the runtime.
func (r *Runtime) streamContext(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(r.life, cancel)
	return ctx, func() { release(); cancel() }
}

// writer makes an absent stream one that drops what is written.
func writer(w io.WriteCloser) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}
