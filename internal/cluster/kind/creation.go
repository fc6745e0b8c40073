package kind

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	kindcluster "sigs.k8s.io/kind/pkg/cluster"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
)

const (
	// removeTimeout bounds the removal of a cluster that was not finished.
	// Containers go in 1 to 4 seconds; an engine that is short of memory or
	// disk takes longer.
	removeTimeout = 2 * time.Minute

	// removeAttempts and removePause are for an engine that is too busy to end a
	// container in the 10 seconds that it gives itself.
	removeAttempts = 3
	removePause    = 2 * time.Second

	// starveEvery is how often the containers of an abandoned creation are
	// taken away until kind has given up.
	starveEvery = 500 * time.Millisecond
)

// creation is a cluster that is being made.
type creation struct {
	name       string
	image      string
	nodes      int
	images     []string // that the nodes get if the engine has them
	dir        string   // the lab's
	kubeconfig string
	log        *logger
	engine     engine
	kind       *kindcluster.Provider
	cgroupV1   bool // the nodes run on a machine with cgroup v1
	ours       bool // containers of this name, if any, are of our making

	claims string // the directory of notes; none if empty
	note   claim.Note
	claim  *claim.Claim // nil until there is one
}

func newCreation(name string, p Provider, spec cluster.Spec, log *logger) *creation {
	return &creation{
		claims:     p.Claims,
		note:       claim.Note{Provider: providerName, Name: name, Lab: spec.Lab, Dir: spec.Dir},
		name:       name,
		image:      p.image(),
		nodes:      spec.Nodes,
		images:     spec.Images,
		dir:        spec.Dir,
		kubeconfig: filepath.Join(spec.Dir, kubeconfigFile),
		log:        log,
		kind:       kindcluster.NewProvider(kindcluster.ProviderWithDocker(), kindcluster.ProviderWithLogger(log)),
	}
}

// run takes the steps of a creation. Whatever step fails, and also when ctx ends,
// the containers that kind has made are removed.
func (c *creation) run(ctx context.Context) error {
	steps := []func(context.Context) error{
		c.askEngine,
		c.takeClaim,
		c.dropLeftover,
		c.dropStaleKubeconfig,
		c.ensureImage,
		c.provision,
		c.loadImages,
		c.awaitReady,
	}
	for _, step := range steps {
		err := step(ctx)
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
			err = ctx.Err() // what that did to the step is no news
		}
		if err != nil {
			c.keepEvidence(ctx)
			return errors.Join(err, c.abandon(ctx))
		}
	}
	return nil
}

// keepEvidence logs what the nodes have to say about a failure: they are about to be
// removed. Whoever has interrupted the creation does not wait for it.
func (c *creation) keepEvidence(ctx context.Context) {
	if !c.ours || ctx.Err() != nil {
		return
	}
	containers, err := c.engine.containers(ctx, c.name)
	if err != nil {
		c.log.failure(err)
	}
	for _, node := range containers {
		said, err := c.engine.ask(ctx, "exec", node, "journalctl", "--no-pager", "--unit=kubelet", "--unit=containerd", "--lines=100")
		if err != nil {
			c.log.failure(err)
		}
		c.log.Errorf("what the kubelet and containerd of %s said last:\n%s", node, said)
	}
}

// takeClaim notes what will be made before it is. It tells of what other runs have
// left, too.
func (c *creation) takeClaim(context.Context) (err error) {
	if c.claims == "" {
		return nil
	}
	if c.claim, err = claim.Take(c.claims, c.note); err != nil {
		return err
	}
	left, err := claim.Leftovers(c.claims)
	if err != nil {
		return err
	}
	for _, n := range left {
		c.log.phase(fmt.Sprintf("A run that was killed has left %s: `k8slab clean` removes it", n.Name))
	}
	return nil
}

func (c *creation) askEngine(ctx context.Context) error {
	c.log.phase("Asking the Docker engine")
	version, err := c.engine.cgroupVersion(ctx)
	if err != nil {
		return err
	}
	c.cgroupV1 = version == "1"
	if c.cgroupV1 {
		c.log.phase("This host has cgroup v1, which Kubernetes is leaving behind: telling the kubelets to accept it")
	}
	return nil
}

// dropLeftover removes what a run of the same name has left that was killed, and
// refuses to go on if there are containers that somebody else has made.
func (c *creation) dropLeftover(ctx context.Context) error {
	containers, err := c.engine.containers(ctx, c.name)
	if err != nil || len(containers) == 0 {
		return err
	}
	if c.claim == nil || c.claim.Previous == nil {
		return &existsError{name: c.name, containers: containers}
	}
	c.log.phase("Removing what a run that was killed has left of this cluster")
	c.ours = true
	return c.remove(ctx)
}

// dropStaleKubeconfig removes what an earlier cluster of this lab may have left:
// kind would merge into the old file, and would wait in vain for its lock.
func (c *creation) dropStaleKubeconfig(context.Context) error {
	for _, path := range []string{c.kubeconfig, c.kubeconfig + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the kubeconfig of an earlier cluster: %w", err)
		}
	}
	return nil
}

// ensureImage pulls the node image if the engine does not have it. kind would
// pull it too, but cannot be interrupted while it does.
func (c *creation) ensureImage(ctx context.Context) error {
	if c.engine.hasImage(ctx, c.image) {
		return nil
	}
	if loaded := SavedName(c.image); c.engine.hasImage(ctx, loaded) {
		c.image = loaded
		return nil
	}
	c.log.phase(fmt.Sprintf("Pulling %s, some hundred megabytes", shortImage(c.image)))
	if err := c.engine.pull(ctx, c.image); err != nil {
		return &imageError{image: c.image, err: err}
	}
	return nil
}

// provision runs kind, and ends it when ctx ends.
func (c *creation) provision(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.ours = true
	done := make(chan error, 1)
	go func() {
		done <- c.kind.Create(c.name,
			kindcluster.CreateWithV1Alpha4Config(config(c.nodes, c.cgroupV1)),
			kindcluster.CreateWithNodeImage(c.image),
			kindcluster.CreateWithKubeconfigPath(c.kubeconfig),
			kindcluster.CreateWithRetain(true), // run removes, whatever failed
			kindcluster.CreateWithDisplayUsage(false),
			kindcluster.CreateWithDisplaySalutation(false),
		)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.starve(ctx, done))
	}
}

// starve ends a running kind.Create, which has no other way to be told: without
// containers its next step fails. It returns when kind has returned.
func (c *creation) starve(ctx context.Context, done <-chan error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	for {
		// Errors are expected here, since kind is still adding containers.
		// The removal that counts follows when it has ended.
		_ = c.removeOnce(ctx)
		select {
		case err := <-done:
			if err != nil {
				c.log.failure(err) // its last words; what ended it is known
			}
			return nil
		case <-ctx.Done():
			return &strayError{name: c.name, err: errors.New("kind does not give up")}
		case <-time.After(starveEvery):
		}
	}
}

func (c *creation) awaitReady(ctx context.Context) error {
	c.log.phase("Waiting until all nodes are Ready")
	return awaitReady(ctx, c.kubeconfig, containerCount(c.nodes))
}

// abandon removes what was made. It does so although ctx has ended.
func (c *creation) abandon(ctx context.Context) error {
	if !c.ours {
		return c.release(c.claim != nil && c.claim.Previous != nil)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	err := c.remove(ctx)
	return errors.Join(err, c.release(err != nil))
}

// release gives the claim up. The note stays if something is left.
func (c *creation) release(left bool) error {
	switch {
	case c.claim == nil:
		return nil
	case left:
		return c.claim.Leave()
	default:
		return c.claim.Done()
	}
}

// remove deletes the cluster's containers and its kubeconfig.
func (c *creation) remove(ctx context.Context) (err error) {
	for range removeAttempts {
		if err = c.removeOnce(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		pause(ctx, removePause)
	}
	return err
}

// removeOnce tries to. When ctx ends first, the deletion goes on by itself.
func (c *creation) removeOnce(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- c.kind.Delete(c.name, c.kubeconfig) }()
	select {
	case err := <-done:
		if err != nil {
			return &strayError{name: c.name, err: err}
		}
		return c.dropStaleKubeconfig(ctx)
	case <-ctx.Done():
		return &strayError{name: c.name, err: ctx.Err()}
	}
}
