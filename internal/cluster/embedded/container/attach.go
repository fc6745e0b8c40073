package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

// attach connects a client to a container's main process until the container ends, the client goes
// away, or, for a client that only types, its input ends.
func (r *Runtime) attach(ctx context.Context, id string, in io.Reader, out, errs io.Writer, sizes <-chan remotecommand.TerminalSize) error {
	c, err := r.runningContainer(id)
	if err != nil {
		return err
	}
	s := c.streams
	clients := map[*client]*fanOut{s.stdout.attach(out): s.stdout}
	if s.stderr != s.stdout {
		clients[s.stderr.attach(errs)] = s.stderr
	}
	defer func() {
		for client, from := range clients {
			from.detach(client)
		}
	}()
	if s.tty != nil {
		go s.tty.resize(sizes, ctx.Done())
	}
	if in != nil && s.stdin != nil {
		go s.takeInput(in)
	}
	select {
	case <-c.exited:
	case <-ctx.Done():
		return ctx.Err()
	}
	for client := range clients {
		select {
		case <-client.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// takeInput copies what a client types to the main process.
func (s *streams) takeInput(in io.Reader) {
	if s.tty != nil {
		s.tty.takeKeys(in)
	} else {
		_, _ = io.Copy(s.input, in)
	}
	if s.once {
		s.endInput()
	}
}

// withTerminal puts a terminal between a client and a process. It hangs up when the client has gone.
func withTerminal(in io.Reader, out io.Writer) stdio {
	t := newTerminal(out)
	streams := stdio{out: t.output(), err: t.output(), tty: t}
	if in != nil {
		streams.in = t
		go func() {
			defer t.hangUp()
			t.takeKeys(in)
		}()
	}
	return streams
}

// forward copies between a client and a port on the loopback of a sandbox.
func (r *Runtime) forward(ctx context.Context, id string, port int32, client io.ReadWriteCloser) error {
	defer client.Close()
	sockets, err := r.sandboxSockets(id)
	if err != nil {
		return err
	}
	defer sockets.Close()
	conn, err := sockets.DialContext(ctx, "tcp", net.JoinHostPort("localhost", strconv.Itoa(int(port))))
	if err != nil {
		return fmt.Errorf("failed to execute portforward in network namespace: failed to connect to localhost:%d inside namespace %q: %w", port, id, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close(); client.Close() })
	defer stop()
	return splice(conn, client)
}

// sandboxSockets are new sockets in a sandbox.
func (r *Runtime) sandboxSockets(id string) (*podnet.Sockets, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sandboxes[id]; s != nil && s.network != nil {
		return s.network.Sockets(), nil
	}
	return nil, status.Errorf(codes.Unknown, "failed to find sandbox %q: sandbox container is not running", id)
}

// splice copies both ways. The end of the client's data is passed on; the end of the Pod's data is
// the end.
func splice(conn net.Conn, client io.ReadWriter) error {
	go func() {
		_, _ = io.Copy(conn, client)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err := io.Copy(client, conn)
	if errors.Is(err, net.ErrClosed) { // the client has gone away
		return nil
	}
	return err
}
