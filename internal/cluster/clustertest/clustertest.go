// Package clustertest has the tests that every cluster.Provider passes. They are
// the contract of package cluster as code, and what lessons rely on: that the
// same commands do the same on each provider.
//
// Deliberately absent: what only one provider promises, such as its memory, its
// log or its messages. Those have tests beside the provider.
package clustertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
)

const (
	// lab is the lab of all clusters here, one after the other, so that what
	// one leaves behind is in the way of the next.
	lab = "conformance"

	createLimit = 5 * time.Minute
	closeLimit  = time.Minute

	// stepLimit is for what takes seconds on an idle machine.
	stepLimit = 2 * time.Minute
)

// Leftovers is for providers whose clusters have parts outside the lab's
// directory that the operating system does not remove by itself, such as
// containers. Run asks for them after every cluster.
type Leftovers interface {
	// Leftovers names what there is of the lab's cluster now.
	Leftovers(ctx context.Context, lab string) ([]string, error)
}

// Run tests a provider. The node images must be there, and with them nginx:1.25
// and busybox:1.36, or be pulled in good time. It sets HOME and KUBECONFIG, so
// it cannot run beside parallel tests; XDG_CACHE_HOME keeps its meaning.
func Run(t *testing.T, provider cluster.Provider) {
	home := NewHome(t)
	dir := labDir(t)

	two := cluster.Spec{Lab: lab, Dir: dir, Nodes: 2}
	one := cluster.Spec{Lab: lab, Dir: dir, Nodes: 1}

	phases := testLife(t, provider, two)
	home.Check(t)
	noLeftovers(t, provider)

	for _, moment := range moments(len(phases)) {
		testCancelledCreate(t, provider, two, moment)
		home.Check(t)
		noLeftovers(t, provider)
	}
	testSmallest(t, provider, one)
	home.Check(t)
	noLeftovers(t, provider)
}

// moments are the phases in which a creation is cancelled: none yet, the first,
// one in the middle, the last.
func moments(phases int) []int {
	return slices.Compact([]int{0, 1, (phases + 1) / 2, phases})
}

// testLife creates a cluster, uses it and closes it. It returns the phases of the
// creation.
func testLife(t *testing.T, provider cluster.Provider, spec cluster.Spec) (phases []string) {
	c := create(t, provider, spec, func(phase string) { phases = append(phases, phase) })
	if len(phases) == 0 {
		t.Error("Create reported no phase")
	}
	count := len(phases)
	u := newUser(t, c)

	t.Run("first Pod at once", u.testFirstPod) // before anything else has waited for anything
	t.Run("kubeconfig", func(t *testing.T) { testKubeconfig(t, c, spec) })
	t.Run("nodes", func(t *testing.T) { u.testNodes(t, spec.Nodes) })
	t.Run("replica set", u.testReplicaSet)
	t.Run("logs", u.testLogs)
	t.Run("exec", u.testExec)
	t.Run("unknown tag", u.testUnknownTag)
	t.Run("rights", u.testRights)
	t.Run("close", func(t *testing.T) { testClose(t, c, u) })
	if len(phases) != count {
		t.Errorf("progress was called after Create had returned: %q", phases[count:])
	}
	return phases
}

// testSmallest is for what differs when there is one node only.
func testSmallest(t *testing.T, provider cluster.Provider, spec cluster.Spec) {
	t.Run("one node, no progress", func(t *testing.T) {
		c := create(t, provider, spec, nil)
		u := newUser(t, c)
		u.testNodes(t, spec.Nodes)
		u.testFirstPod(t)
		testClose(t, c, u)
	})
}

// testCancelledCreate ends ctx when the phase of that number begins; 0 is before
// Create was called.
func testCancelledCreate(t *testing.T, provider cluster.Provider, spec cluster.Spec, moment int) {
	t.Run(fmt.Sprintf("cancelled in phase %d", moment), func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), createLimit)
		defer cancel()
		begun := 0
		if moment == 0 {
			cancel()
		}
		c, err := provider.Create(ctx, spec, func(phase string) {
			if begun++; begun == moment {
				t.Logf("cancelled in %q", phase)
				cancel()
			}
		})
		if c != nil {
			t.Error("there is a cluster")
			closeCluster(t, c)
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
		if _, ok := errors.AsType[*cluster.Error](err); !ok {
			t.Errorf("error of type %T, want *cluster.Error", err)
		}
	})
}

func testKubeconfig(t *testing.T, c cluster.Cluster, spec cluster.Spec) {
	path := c.Kubeconfig()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("%s has mode %v, want 0600", path, info.Mode())
	}
	if rel, err := filepath.Rel(spec.Dir, path); err != nil || !filepath.IsLocal(rel) {
		t.Errorf("%s is outside %s", path, spec.Dir)
	}
}

func testClose(t *testing.T, c cluster.Cluster, u *user) {
	select {
	case <-c.Done():
		t.Fatalf("the cluster ended by itself: %v", c.Err())
	default:
	}
	closeCluster(t, c)
	select {
	case <-c.Done():
	default:
		t.Error("Done is open after Close")
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err after Close: %v", err)
	}
	if err := u.ping(); err == nil {
		t.Error("the API server answers after Close")
	}
	closeCluster(t, c) // once more is no error
}

// create creates a cluster that is closed at the end of the test at the latest.
func create(t *testing.T, provider cluster.Provider, spec cluster.Spec, progress func(string)) cluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), createLimit)
	defer cancel() // the cluster goes on
	start := time.Now()
	c, err := provider.Create(ctx, spec, progress)
	if err != nil {
		t.Fatalf("%v%s", err, evidence(err))
	}
	t.Logf("%s: %d nodes in %v", provider.Name(), spec.Nodes, time.Since(start).Round(time.Millisecond))
	t.Cleanup(func() { closeCluster(t, c) })
	return c
}

func closeCluster(t *testing.T, c cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Errorf("%v%s", err, evidence(err))
	}
}

// evidence is the end of the log that an error names.
func evidence(err error) string {
	fault, ok := errors.AsType[*cluster.Error](err)
	if !ok {
		return ""
	}
	log, _ := os.ReadFile(fault.Log) // no log, no evidence
	return "\nhint: " + fault.Hint + "\n" + string(log[max(0, len(log)-4000):])
}

func noLeftovers(t *testing.T, provider cluster.Provider) {
	t.Helper()
	p, ok := provider.(Leftovers)
	if !ok {
		return
	}
	left, err := p.Leftovers(t.Context(), lab)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// labDir is a lab's directory as the runner makes it.
func labDir(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), lab)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
