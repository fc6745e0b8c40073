package podnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// Sockets are the listeners and connections of one process. Closing them closes all of it.
type Sockets struct {
	namespace *Namespace

	mu     sync.Mutex
	closed bool
	open   map[closer]struct{}
}

// closer is something that a process has open; comparable, so that it can be forgotten again.
type closer interface {
	Close() error
	whenClosed(func())
}

// Namespace returns where the sockets are.
func (s *Sockets) Namespace() *Namespace { return s.namespace }

// Listen opens a listener on an address "host:port" of this namespace: no host or 0.0.0.0 for all
// its addresses, 127.0.0.1 or localhost for its loopback, or its own IP. Port 0 asks for a free one.
func (s *Sockets) Listen(network, address string) (net.Listener, error) {
	at, err := s.local(network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	l := newListener(s)
	if err := s.namespace.bind(l, at); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: net.TCPAddrFromAddrPort(at), Err: os.NewSyscallError("bind", err)}
	}
	if err := s.keep(l); err != nil {
		l.Close()
		return nil, &net.OpError{Op: "listen", Net: network, Addr: net.TCPAddrFromAddrPort(at), Err: err}
	}
	return l, nil
}

// local is the address of this namespace that "host:port" means.
func (s *Sockets) local(network, address string) (netip.AddrPort, error) {
	if network != "tcp" && network != "tcp4" {
		return netip.AddrPort{}, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := net.LookupPort("tcp", service)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ip, err := s.localIP(host)
	return netip.AddrPortFrom(ip, uint16(port)), err
}

func (s *Sockets) localIP(host string) (netip.Addr, error) {
	switch host {
	case "", "0.0.0.0", "::":
		return netip.IPv4Unspecified(), nil
	case "localhost", "127.0.0.1":
		return loopback, nil
	case s.namespace.ip.String():
		return s.namespace.ip, nil
	}
	return netip.Addr{}, os.NewSyscallError("bind", syscall.EADDRNOTAVAIL)
}

// DialContext connects to "host:port" as a process in this namespace.
func (s *Sockets) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.namespace.network.dial(ctx, s, s.namespace.ip, network, address)
}

// Close closes every listener and connection, and refuses new ones. It may be called more than
// once.
func (s *Sockets) Close() error {
	s.mu.Lock()
	open := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for c := range open {
		c.Close()
	}
	ns := s.namespace
	ns.mu.Lock()
	defer ns.mu.Unlock()
	delete(ns.sockets, s)
	return nil
}

// keep closes c together with s. A nil s keeps nothing.
func (s *Sockets) keep(c closer) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.open[c] = struct{}{}
	c.whenClosed(func() { s.forget(c) })
	return nil
}

func (s *Sockets) forget(c closer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}
