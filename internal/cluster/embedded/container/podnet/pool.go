package podnet

import (
	"fmt"
	"net/netip"
	"sync"
)

// A Pool hands out the Pod addresses of one node. Its methods may be called from several
// goroutines.
type Pool struct {
	prefix netip.Prefix

	mu    sync.Mutex
	taken map[netip.Addr]bool
	last  netip.Addr
}

// NewPool returns a pool over an IPv4 prefix such as 10.244.1.0/24. The network address, the first
// host address (the bridge of a node) and the broadcast address are never handed out.
func NewPool(prefix netip.Prefix) (*Pool, error) {
	if !prefix.IsValid() || !prefix.Addr().Is4() || prefix.Bits() > 29 {
		return nil, fmt.Errorf("address pool: %s is not an IPv4 prefix of 29 bits or fewer", prefix)
	}
	prefix = prefix.Masked()
	return &Pool{prefix: prefix, taken: map[netip.Addr]bool{}, last: prefix.Addr().Next()}, nil
}

// Take hands out an address that nobody has. It goes round the range before it reuses an address,
// so that a stale address meets nobody for as long as possible.
func (p *Pool) Take() (netip.Addr, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ip := p.last
	for {
		if ip = ip.Next(); !p.usable(ip) {
			ip = p.prefix.Addr().Next().Next()
		}
		if !p.taken[ip] {
			p.taken[ip], p.last = true, ip
			return ip, nil
		}
		if ip == p.last {
			return netip.Addr{}, fmt.Errorf("no IP addresses available in range set: %s", p.rangeText())
		}
	}
}

// Give takes an address back. One that was not handed out is ignored.
func (p *Pool) Give(ip netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, ip)
}

// usable says whether ip is inside the range and not its broadcast address.
func (p *Pool) usable(ip netip.Addr) bool {
	return p.prefix.Contains(ip) && p.prefix.Contains(ip.Next())
}

// rangeText is the range as the host-local plugin prints it.
func (p *Pool) rangeText() string {
	first := p.prefix.Addr().Next()
	last := first
	for p.usable(last.Next()) {
		last = last.Next()
	}
	return first.String() + "-" + last.String()
}
