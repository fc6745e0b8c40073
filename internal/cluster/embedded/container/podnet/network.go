// Package podnet is the network of a simulated cluster: TCP between Pods that live in one process.
//
// Pod addresses cannot be bound on the host (10.244.0.0/16 is nobody's there, ports under 1024 need
// root, macOS has one loopback address), so nothing here touches a socket of the host. A Network
// joins Namespaces, one per Pod or node, each with one IP address and a loopback of its own. A
// process gets its Sockets from a Namespace: all listeners and connections of a Sockets end
// together, as the kernel closes what a dead process had open.
//
// Errors read like the kernel's: a port without listener refuses the connection, an address that
// nobody has is a host without route.
//
// Deliberately absent: UDP, ICMP, IPv6, packet loss and delay, network policies. Service addresses
// and names are not known here either; Options has a hook for each.
package podnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// unreachableAfter is how long a dial to an address that nobody has takes before it ends in "no
// route to host": three unanswered ARP requests, as on a node's bridge.
const unreachableAfter = 3 * time.Second

// Options are the parts of the network that somebody else knows. The zero value is a network
// without names and without Services.
type Options struct {
	// Resolve turns a host name into addresses, for the Pod at from. It may be nil; then every
	// name is unknown.
	Resolve func(ctx context.Context, from netip.Addr, host string) ([]netip.Addr, error)
	// Redirect replaces the destination of a connection, as the rules of a Service do; ok is
	// false where there is nothing to replace. An error refuses the connection. It may be nil.
	Redirect func(from netip.Addr, to netip.AddrPort) (instead netip.AddrPort, ok bool, err error)
}

// Network joins Namespaces. Its methods may be called from several goroutines.
type Network struct {
	options Options

	mu         sync.Mutex
	namespaces map[netip.Addr]*Namespace
}

// New returns a network that nobody has joined.
func New(options Options) *Network {
	return &Network{options: options, namespaces: map[netip.Addr]*Namespace{}}
}

// Join adds a namespace with the given IPv4 address. An address that is taken is an error.
func (n *Network) Join(ip netip.Addr) (*Namespace, error) {
	if !ip.Is4() || ip.IsUnspecified() || ip.IsLoopback() {
		return nil, fmt.Errorf("join the pod network: %s is not an address of a Pod", ip)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, taken := n.namespaces[ip]; taken {
		return nil, fmt.Errorf("join the pod network: address %s is in use", ip)
	}
	ns := &Namespace{
		network:   n,
		ip:        ip,
		listeners: map[netip.AddrPort]*listener{},
		sockets:   map[*Sockets]struct{}{},
		used:      map[uint16]int{},
	}
	n.namespaces[ip] = ns
	return ns, nil
}

// DialContext connects to an address from outside of every Pod, as the API server's proxy does.
// The connection ends when either side closes it or the namespace at the other end is closed.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.DialFrom(ctx, outside, network, address)
}

// DialFrom is DialContext with the source address that the other side sees. Nobody has to have
// it, and its loopback answers nobody.
func (n *Network) DialFrom(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error) {
	return n.dial(ctx, nil, source, network, address)
}

func (n *Network) namespace(ip netip.Addr) *Namespace {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.namespaces[ip]
}

func (n *Network) leave(ns *Namespace) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.namespaces[ns.ip] == ns {
		delete(n.namespaces, ns.ip)
	}
}

// outside is the source address of a connection that comes from no Pod: a node's first address.
var outside = netip.AddrFrom4([4]byte{10, 244, 0, 1})

// dial connects from the given sockets, or from outside if they are nil.
func (n *Network) dial(ctx context.Context, from *Sockets, source netip.Addr, network, address string) (net.Conn, error) {
	if network != "tcp" && network != "tcp4" {
		return nil, &net.OpError{Op: "dial", Net: network, Err: net.UnknownNetworkError(network)}
	}
	targets, err := n.targets(ctx, source, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	for _, target := range targets {
		var conn net.Conn
		if conn, err = n.connect(ctx, from, source, target); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// targets lists the addresses behind "host:port", at least one.
func (n *Network) targets(ctx context.Context, source netip.Addr, address string) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, &net.AddrError{Err: "invalid port", Addr: service}
	}
	ips, err := n.lookup(ctx, source, host)
	if err != nil {
		return nil, err
	}
	targets := make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		targets[i] = netip.AddrPortFrom(ip, uint16(port))
	}
	return targets, nil
}

func (n *Network) lookup(ctx context.Context, source netip.Addr, host string) ([]netip.Addr, error) {
	if host == "" || host == "localhost" {
		return []netip.Addr{loopback}, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	if n.options.Resolve != nil {
		ips, err := n.options.Resolve(ctx, source, host)
		if err != nil || len(ips) > 0 {
			return ips, err
		}
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// connect makes one connection. Its errors name the address that was asked for, also where the
// connection was redirected.
func (n *Network) connect(ctx context.Context, from *Sockets, source netip.Addr, asked netip.AddrPort) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(asked), Err: err}
	}
	target := asked
	if n.options.Redirect != nil {
		instead, ok, err := n.options.Redirect(source, asked)
		if err != nil {
			return fail(err)
		}
		if ok {
			target = instead
		}
	}
	ns := n.namespace(target.Addr())
	if target.Addr().IsLoopback() || target.Addr().IsUnspecified() {
		if from == nil {
			return fail(os.NewSyscallError("connect", syscall.ECONNREFUSED))
		}
		target = netip.AddrPortFrom(loopback, target.Port())
		ns, source = from.namespace, loopback
	}
	if ns == nil {
		return fail(noAnswer(ctx))
	}
	conn, err := ns.accept(ctx, from, source, target)
	if err != nil {
		return fail(err)
	}
	return conn, nil
}

// noAnswer waits as long as the kernel waits for an address that nobody has.
func noAnswer(ctx context.Context) error {
	timer := time.NewTimer(unreachableAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		return os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	case <-ctx.Done():
		return dialCancelled(ctx)
	}
}

// dialCancelled is what package net returns for a dial whose context ended.
func dialCancelled(ctx context.Context) error {
	if ctx.Err() == context.DeadlineExceeded {
		return os.ErrDeadlineExceeded
	}
	return context.Canceled
}
