package podnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// backlog is how many connections wait for a listener to accept them (net.core.somaxconn is 4096;
// far fewer are ever waiting here).
const backlog = 128

type listener struct {
	sockets *Sockets
	addr    netip.AddrPort // set by Namespace.bind
	waiting chan *conn
	done    chan struct{}
	once    sync.Once

	mu      sync.Mutex
	onClose []func()
}

func newListener(s *Sockets) *listener {
	return &listener{sockets: s, waiting: make(chan *conn, backlog), done: make(chan struct{})}
}

// deliver queues the far end of a connection. It blocks while the backlog is full. The connection
// belongs to the listener's process from here on, accepted or not.
func (l *listener) deliver(ctx context.Context, c *conn) error {
	if err := l.sockets.keep(c); err != nil {
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	select {
	case <-l.done:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	default:
	}
	select {
	case l.waiting <- c:
		l.dropIfClosed()
		return nil
	case <-l.done:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return dialCancelled(ctx)
	}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.closedError("accept")
	default:
	}
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.done:
		return nil, l.closedError("accept")
	}
}

// Close stops listening; connections that nobody accepted are reset.
func (l *listener) Close() error {
	err := l.closedError("close")
	l.once.Do(func() {
		err = nil
		l.sockets.namespace.unbind(l)
		close(l.done)
		l.dropIfClosed()
		l.mu.Lock()
		hooks := l.onClose
		l.mu.Unlock()
		for _, hook := range hooks {
			hook()
		}
	})
	return err
}

// dropIfClosed resets what is queued on a closed listener. Both deliver and Close call it, so that
// no connection is left in between.
func (l *listener) dropIfClosed() {
	select {
	case <-l.done:
	default:
		return
	}
	for {
		select {
		case c := <-l.waiting:
			c.reset()
		default:
			return
		}
	}
}

func (l *listener) whenClosed(hook func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.onClose = append(l.onClose, hook)
}

// Addr returns the bound address, with the port that was chosen.
func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

func (l *listener) closedError(op string) error {
	return &net.OpError{Op: op, Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}
