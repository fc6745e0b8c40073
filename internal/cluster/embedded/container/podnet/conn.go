package podnet

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// conn is one end of a connection. What is written at one end waits in a buffer until it is read at
// the other, as in the kernel: small writes never block, which programs rely on without knowing.
type conn struct {
	local, remote netip.AddrPort
	in, out       *stream

	mu      sync.Mutex
	closed  bool
	onClose []func()
}

// pipe returns the two ends of a connection: the dialer's and the listener's.
func pipe(dialer, listener netip.AddrPort) (near, far *conn) {
	there, back := newStream(), newStream()
	near = &conn{local: dialer, remote: listener, in: back, out: there}
	far = &conn{local: listener, remote: dialer, in: there, out: back}
	return near, far
}

// Read returns what has arrived, or waits for it. After the other end was closed and all was read
// it is io.EOF.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrap("read", err)
}

// Write waits only while the buffer is full.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrap("write", err)
}

// CloseWrite tells the other end that nothing more comes; reading goes on.
func (c *conn) CloseWrite() error {
	c.out.finish()
	return nil
}

// CloseRead refuses what still comes; writing goes on.
func (c *conn) CloseRead() error {
	c.in.abandon(io.EOF)
	return nil
}

// Close ends both directions. What was written before still arrives.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.wrap("close", net.ErrClosed)
	}
	c.closed = true
	hooks := c.onClose
	c.onClose = nil
	c.mu.Unlock()
	c.out.finish()
	c.out.refuse(net.ErrClosed)
	c.in.abandon(net.ErrClosed)
	for _, hook := range hooks {
		hook()
	}
	return nil
}

// reset ends the connection as a dead listener does: the other end reads "connection reset by
// peer".
func (c *conn) reset() {
	c.out.abort(os.NewSyscallError("read", syscall.ECONNRESET))
	c.Close()
}

func (c *conn) whenClosed(hook func()) {
	c.mu.Lock()
	if !c.closed {
		c.onClose = append(c.onClose, hook)
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	go hook() // the caller holds the lock that the hook takes
}

// LocalAddr returns the address of this end.
func (c *conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr returns the address of the other end.
func (c *conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// SetDeadline sets both deadlines; the zero time means none.
func (c *conn) SetDeadline(t time.Time) error {
	c.in.readers.set(t)
	c.out.writers.set(t)
	return nil
}

// SetReadDeadline ends a waiting Read at t.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.readers.set(t)
	return nil
}

// SetWriteDeadline ends a waiting Write at t.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.writers.set(t)
	return nil
}

func (c *conn) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
