package podnet

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// loopback is the address that every namespace has for itself.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// The ports that the kernel hands out for connections and for listeners on port 0
// (net.ipv4.ip_local_port_range).
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
)

// A Namespace is one member of the network: an address, and a loopback that only its own sockets
// reach. The containers of a Pod share one.
type Namespace struct {
	network *Network
	ip      netip.Addr

	mu        sync.Mutex
	closed    bool
	listeners map[netip.AddrPort]*listener // by bound address; 0.0.0.0 answers for every address
	sockets   map[*Sockets]struct{}
	used      map[uint16]int // local ports of open connections
	next      uint16         // the ephemeral port to try next, less firstEphemeral
}

// IP returns the address of the namespace on the network.
func (ns *Namespace) IP() netip.Addr { return ns.ip }

// Sockets returns an empty set of sockets for a process in this namespace. In a closed namespace
// the set is closed from the start.
func (ns *Namespace) Sockets() *Sockets {
	s := &Sockets{namespace: ns, open: map[closer]struct{}{}}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		s.closed = true
		return s
	}
	ns.sockets[s] = struct{}{}
	return s
}

// Close leaves the network: every listener and connection of the namespace ends, and the address
// is free again. It may be called more than once.
func (ns *Namespace) Close() {
	ns.mu.Lock()
	if ns.closed {
		ns.mu.Unlock()
		return
	}
	ns.closed = true
	open := ns.sockets
	ns.sockets = nil
	ns.mu.Unlock()
	for s := range open {
		s.Close()
	}
	ns.network.leave(ns)
}

// accept hands a new connection to the listener at target and returns the dialer's end.
func (ns *Namespace) accept(ctx context.Context, from *Sockets, source netip.Addr, target netip.AddrPort) (net.Conn, error) {
	l := ns.listener(target)
	if l == nil {
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	local := netip.AddrPortFrom(source, lastEphemeral)
	if from != nil {
		port, err := from.namespace.takePort()
		if err != nil {
			return nil, os.NewSyscallError("connect", err)
		}
		local = netip.AddrPortFrom(source, port)
	}
	near, far := pipe(local, target)
	if from != nil {
		near.whenClosed(func() { from.namespace.freePort(local.Port()) })
	}
	err := from.keep(near)
	if err == nil {
		err = l.deliver(ctx, far)
	}
	if err != nil {
		near.Close()
		far.Close()
		return nil, err
	}
	return near, nil
}

func (ns *Namespace) listener(target netip.AddrPort) *listener {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if l := ns.listeners[target]; l != nil {
		return l
	}
	return ns.listeners[netip.AddrPortFrom(netip.IPv4Unspecified(), target.Port())]
}

// bind reserves an address for a listener; port 0 asks for a free one.
func (ns *Namespace) bind(l *listener, at netip.AddrPort) error {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.closed {
		return syscall.ENETDOWN
	}
	if at.Port() == 0 {
		port, err := ns.freeLocked()
		if err != nil {
			return err
		}
		at = netip.AddrPortFrom(at.Addr(), port)
	}
	for bound := range ns.listeners {
		if bound.Port() == at.Port() && (bound.Addr() == at.Addr() || bound.Addr().IsUnspecified() || at.Addr().IsUnspecified()) {
			return syscall.EADDRINUSE
		}
	}
	l.addr = at
	ns.listeners[at] = l
	return nil
}

func (ns *Namespace) unbind(l *listener) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.listeners[l.addr] == l {
		delete(ns.listeners, l.addr)
	}
}

func (ns *Namespace) takePort() (uint16, error) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	port, err := ns.freeLocked()
	if err == nil {
		ns.used[port]++
	}
	return port, err
}

func (ns *Namespace) freePort(port uint16) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.used[port]--; ns.used[port] <= 0 {
		delete(ns.used, port)
	}
}

// freeLocked finds an ephemeral port that no listener and no connection has.
func (ns *Namespace) freeLocked() (uint16, error) {
	const ports = lastEphemeral - firstEphemeral + 1
	for range ports {
		port := firstEphemeral + ns.next
		ns.next = (ns.next + 1) % ports
		if ns.used[port] == 0 && !ns.listensLocked(port) {
			return port, nil
		}
	}
	return 0, syscall.EADDRNOTAVAIL
}

func (ns *Namespace) listensLocked(port uint16) bool {
	for bound := range ns.listeners {
		if bound.Port() == port {
			return true
		}
	}
	return false
}
