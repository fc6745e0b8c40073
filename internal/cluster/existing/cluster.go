package existing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
)

const (
	// watchEvery is how often a cluster looks whether its namespace is still there.
	watchEvery = 5 * time.Second

	// abandonTimeout bounds the removal of namespaces of a Create that failed.
	abandonTimeout = time.Minute
)

// Cluster is a lab's part of a cluster.
type Cluster struct {
	*access
	context   string
	dir       string
	run       string // what its namespaces have in common
	namespace string
	claim     *claim.Claim // nil if there is none

	end  sync.Once
	done chan struct{}
	err  error // set before done is closed

	unwatch context.CancelFunc
	watched sync.WaitGroup

	closing chan struct{} // holds one token; who has it closes
	removed bool          // needs the token
}

var _ cluster.Shared = (*Cluster)(nil)

func newCluster(a *access, spec cluster.Spec) *Cluster {
	return &Cluster{
		access:  a,
		context: a.kubeconfig.CurrentContext,
		dir:     spec.Dir,
		run:     newRun(),
		done:    make(chan struct{}),
		unwatch: func() {},
		closing: make(chan struct{}, 1),
	}
}

// Kubeconfig implements cluster.Cluster: it is a copy of the context.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir, kubeconfigFile) }

// Namespace implements cluster.Shared.
func (c *Cluster) Namespace() string { return c.namespace }

// Done implements cluster.Cluster. The lab's part of the cluster ends by itself when
// somebody else removes its first namespace.
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

// Close implements cluster.Cluster. It returns when the namespaces are gone.
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
	c.watched.Wait()
	if err := c.remove(ctx); err != nil {
		return c.fault("leave", err)
	}
	c.removed = true
	c.finish(nil)
	return nil
}

// remove removes what was made, and waits until it is gone.
func (c *Cluster) remove(ctx context.Context) error {
	if err := removeRun(ctx, c.client, c.run); err != nil {
		return &strayError{err}
	}
	if err := os.Remove(c.Kubeconfig()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if c.claim == nil {
		return nil
	}
	return c.claim.Done()
}

// abandon removes what a Create has made that failed. It does so although ctx has
// ended.
func (c *Cluster) abandon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
	defer cancel()
	return c.remove(ctx)
}

// start watches over the first namespace.
func (c *Cluster) start() {
	ctx, unwatch := context.WithCancel(context.Background())
	c.unwatch = unwatch
	c.watched.Go(func() {
		if err := c.awaitRemoval(ctx); err != nil {
			c.finish(c.fault("use", err))
		}
	})
}

// awaitRemoval returns an error when the namespace is going, and nil when ctx ends.
// A cluster that does not answer for a while is still there.
func (c *Cluster) awaitRemoval(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		ns, err := c.client.CoreV1().Namespaces().Get(ctx, c.namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && ns.DeletionTimestamp != nil {
			return fmt.Errorf("somebody has removed the namespace %s", c.namespace)
		}
	}
}

// finish closes Done. Only the first call counts.
func (c *Cluster) finish(err error) {
	c.end.Do(func() {
		c.err = err
		close(c.done)
	})
}

func (c *Cluster) fault(verb string, err error) error {
	return &cluster.Error{Op: fmt.Sprintf("%s the cluster of context %q", verb, c.context), Hint: hint(err), Err: err}
}

// writeKubeconfig writes the copy of the context, with the lab's namespace in it.
func (c *Cluster) writeKubeconfig() error {
	config := c.kubeconfig.DeepCopy()
	config.Contexts[config.CurrentContext].Namespace = c.namespace
	content, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("write the lab's kubeconfig: %w", err)
	}
	if err := os.WriteFile(c.Kubeconfig(), content, 0o600); err != nil {
		return fmt.Errorf("write the lab's kubeconfig: %w", err)
	}
	return nil
}
