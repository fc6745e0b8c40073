package embedded

import (
	"context"
	"net"
)

// gate holds connections back until what they lead to is ready. Clients can be
// started before it then: none of them fails, and none pauses before it tries
// again, as every client of Kubernetes does when nobody answers.
type gate struct{ opened chan struct{} }

func newGate() gate { return gate{make(chan struct{})} }

// open lets everybody through. It may be called once.
func (g gate) open() { close(g.opened) }

// dial connects when the gate is open.
func (g gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	select {
	case <-g.opened:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}
