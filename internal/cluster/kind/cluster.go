package kind

import (
	"context"
	"sync"

	"github.com/k8slab/k8slab/internal/cluster"
)

// Cluster is a running kind cluster.
type Cluster struct {
	made *creation // what it consists of

	end  sync.Once
	done chan struct{}
	err  error // set before done is closed

	unwatch context.CancelFunc
	watched chan struct{} // closed when the watch has ended

	closing chan struct{} // holds one token; who has it closes
	removed bool          // needs the token
}

var _ cluster.Cluster = (*Cluster)(nil)

func newCluster(made *creation) *Cluster {
	ctx, unwatch := context.WithCancel(context.Background())
	c := &Cluster{
		made:    made,
		done:    make(chan struct{}),
		unwatch: unwatch,
		watched: make(chan struct{}),
		closing: make(chan struct{}, 1),
	}
	go c.watch(ctx)
	return c
}

// Kubeconfig implements cluster.Cluster.
func (c *Cluster) Kubeconfig() string { return c.made.kubeconfig }

// Done implements cluster.Cluster. The cluster ends by itself when its control
// plane's container has exited or the engine is gone. A paused control plane, or
// a worker that stops, is no end.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Err implements cluster.Cluster.
func (c *Cluster) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Close implements cluster.Cluster. It removes the containers with their volumes,
// and the kubeconfig. The log stays. If it fails, an end of the control plane is
// no longer watched for, and Done waits for the Close that succeeds.
func (c *Cluster) Close(ctx context.Context) error {
	select {
	case c.closing <- struct{}{}:
		defer func() { <-c.closing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.removed {
		return nil
	}
	c.unwatch()
	<-c.watched
	if err := c.made.remove(ctx); err != nil {
		return c.fault("close", err)
	}
	c.removed = true
	c.made.log.close()
	c.finish(nil)
	return c.made.release(false)
}

// watch ends the cluster when its control plane has stopped.
func (c *Cluster) watch(ctx context.Context) {
	defer close(c.watched)
	if err := c.made.engine.awaitStop(ctx, c.made.name+"-control-plane"); err != nil {
		c.finish(c.fault("run", err))
	}
}

// finish closes Done. Only the first call counts, so that Close does not take
// back why the cluster ended by itself.
func (c *Cluster) finish(err error) {
	c.end.Do(func() {
		c.err = err
		close(c.done)
	})
}

func (c *Cluster) fault(verb string, err error) error {
	c.made.log.failure(err)
	return &cluster.Error{
		Op:   verb + " the kind cluster " + c.made.name,
		Log:  c.made.log.path(),
		Hint: hint(err),
		Err:  err,
	}
}
