package embedded

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestGateHoldsConnectionsBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	g := newGate()
	dialled := make(chan error, 1)
	go func() {
		c, err := g.dial(t.Context(), "tcp", listener.Addr().String())
		if err == nil {
			err = c.Close()
		}
		dialled <- err
	}()
	select {
	case err := <-dialled:
		t.Fatalf("dialled through a closed gate: %v", err)
	default:
	}
	g.open()
	if err := <-dialled; err != nil {
		t.Error(err)
	}
}

func TestGateLetsGo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := newGate().dial(ctx, "tcp", "127.0.0.1:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v; want %v", c, err, context.Canceled)
	}
}
