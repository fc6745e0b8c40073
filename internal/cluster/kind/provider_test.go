package kind

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/clustertest"
)

// requireVariable makes a missing Docker engine a failure. CI sets it.
const requireVariable = "K8SLAB_REQUIRE_KIND"

// imageVariable is how the command line lets people choose the node image.
const imageVariable = "K8SLAB_KIND_IMAGE"

// testProvider returns a Provider on the Docker engine of this machine, or skips
// the test.
func testProvider(t *testing.T) Provider {
	t.Helper()
	p := Provider{Image: os.Getenv(imageVariable)}
	if testing.Short() {
		t.Skip("kind clusters take minutes; run without -short")
	}
	_, err := engine{}.cgroupVersion(t.Context())
	if err == nil {
		return p
	}
	if os.Getenv(requireVariable) == "1" {
		t.Fatalf("%s=1, and there is no Docker engine: %v", requireVariable, err)
	}
	t.Skipf("needs a Docker engine: %v (%s=1 makes this a failure)", err, requireVariable)
	return p
}

// keepDockerConfig lets the docker command find its configuration, and with it
// the engine, when a test has set HOME.
func keepDockerConfig(t *testing.T) {
	if os.Getenv("DOCKER_CONFIG") != "" {
		return
	}
	if home, err := os.UserHomeDir(); err == nil {
		t.Setenv("DOCKER_CONFIG", filepath.Join(home, ".docker"))
	}
}

// tidyProvider lets the conformance suite look for containers.
type tidyProvider struct{ Provider }

func (tidyProvider) Leftovers(ctx context.Context, lab string) ([]string, error) {
	return engine{}.containers(ctx, namePrefix+lab)
}

func TestConformance(t *testing.T) {
	p := testProvider(t)
	keepDockerConfig(t)
	clustertest.Run(t, tidyProvider{p})
}

// TestClusterDies kills the control plane's container, and also sees that nobody
// else's cluster is touched: the second Create of the name, and its cleanup, must
// leave the first alone.
func TestClusterDies(t *testing.T) {
	p := testProvider(t)
	spec := testSpec(t, "dies")
	c, err := p.Create(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })

	t.Run("a second one of the name is refused", func(t *testing.T) {
		other := testSpec(t, "dies")
		_, err := p.Create(t.Context(), other, nil)
		if _, ok := errors.AsType[*existsError](err); !ok {
			t.Fatalf("got %v, want an existsError", err)
		}
		wantHint(t, err, "docker rm -fv")
		left, err := engine{}.containers(t.Context(), "k8slab-dies")
		if err != nil || len(left) != 1 {
			t.Errorf("containers of the first: %q, %v", left, err)
		}
		select {
		case <-c.Done():
			t.Errorf("the first ended: %v", c.Err())
		default:
		}
	})

	docker(t, "pause", "k8slab-dies-control-plane")
	docker(t, "unpause", "k8slab-dies-control-plane")
	docker(t, "kill", "k8slab-dies-control-plane")
	select {
	case <-c.Done():
	case <-time.After(time.Minute):
		t.Fatal("Done is open a minute after the control plane was killed")
	}
	fault, ok := errors.AsType[*cluster.Error](c.Err())
	if !ok || !strings.Contains(fault.Error(), "exited with exit code 137") {
		t.Errorf("Err is %v, want a *cluster.Error with the exit code 137", c.Err())
	}
	closeNow(t, c)
	if c.Err() == nil {
		t.Error("Close took back why the cluster had ended")
	}
	left, err := engine{}.containers(t.Context(), "k8slab-dies")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// TestFailedCreate has kubeadm fail, and wants evidence and no containers.
func TestFailedCreate(t *testing.T) {
	p := testProvider(t)
	spec := testSpec(t, "fails")
	sabotage := make(chan struct{})
	_, err := p.Create(t.Context(), spec, func(phase string) {
		if strings.HasPrefix(phase, "Starting control-plane") {
			docker(t, "exec", "k8slab-fails-control-plane", "rm", "/kind/kubeadm.conf")
			close(sabotage)
		}
	})
	select {
	case <-sabotage:
	default:
		t.Error("kind has no phase of that name any more")
	}
	fault, ok := errors.AsType[*cluster.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *cluster.Error", err)
	}
	log, err := os.ReadFile(fault.Log)
	if err != nil {
		t.Fatal(err)
	}
	if want := "open /kind/kubeadm.conf: no such file"; !strings.Contains(string(log), want) {
		t.Errorf("the log has not what kubeadm said, %q:\n%s", want, log)
	}
	if want := "what the kubelet and containerd of k8slab-fails-control-plane said last"; !strings.Contains(string(log), want) {
		t.Errorf("the log has no %q", want)
	}
	if !slices.ContainsFunc(fault.Diagnosis, func(line string) bool { return strings.HasPrefix(line, "Docker: engine ") }) {
		t.Errorf("the diagnosis is %q, and says nothing of the engine", fault.Diagnosis)
	}
	left, err := engine{}.containers(t.Context(), "k8slab-fails")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(spec.Dir, kubeconfigFile)); err == nil {
		t.Error("the kubeconfig of a cluster that failed is left")
	}
}

// TestFullDisk has the disk on which kubeadm writes be full, and wants to be told so.
func TestFullDisk(t *testing.T) {
	p := testProvider(t)
	spec := testSpec(t, "full")
	_, err := p.Create(t.Context(), spec, func(phase string) {
		if strings.HasPrefix(phase, "Starting control-plane") {
			docker(t, "exec", "k8slab-full-control-plane", "mount", "-t", "tmpfs", "-o", "size=8k", "full", "/etc/kubernetes")
		}
	})
	wantHint(t, err, "Make room on the engine's disk")
	if fault, ok := errors.AsType[*cluster.Error](err); ok && !slices.ContainsFunc(fault.Diagnosis, func(line string) bool { return strings.Contains(line, "disk") }) {
		t.Errorf("the diagnosis is %q, and says nothing of the disk", fault.Diagnosis)
	}
	left, err := engine{}.containers(t.Context(), "k8slab-full")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestMissingImage(t *testing.T) {
	testProvider(t)
	p := Provider{Image: "registry.invalid/kindest/node:v1.36.4"} // .invalid never resolves
	_, err := p.Create(t.Context(), testSpec(t, "image"), nil)
	if _, ok := errors.AsType[*imageError](err); !ok {
		t.Fatalf("got %v, want an imageError", err)
	}
	wantHint(t, err, imageVariable)
	wantHint(t, err, "docker pull registry.invalid/kindest/node:v1.36.4")
}

// TestNoEngine needs no engine: it hides what there is.
func TestNoEngine(t *testing.T) {
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := Provider{}.Create(t.Context(), testSpec(t, "engine"), nil)
		wantHint(t, err, "Install Docker")
	})
	t.Run("not running", func(t *testing.T) {
		if _, err := osexec.LookPath("docker"); err != nil {
			t.Skip("needs the docker command")
		}
		t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "docker.sock"))
		_, err := Provider{}.Create(t.Context(), testSpec(t, "engine"), nil)
		wantHint(t, err, "Start the engine")
	})
}

func TestSpecOfKind(t *testing.T) {
	_, err := Provider{}.Create(t.Context(), cluster.Spec{Lab: strings.Repeat("x", 44), Dir: t.TempDir(), Nodes: 1}, nil)
	if err == nil || !strings.Contains(err.Error(), "longer than 43 bytes") {
		t.Errorf("a name that is too long for a host name: %v", err)
	}
	_, err = Provider{}.Create(t.Context(), cluster.Spec{Lab: "demo", Dir: t.TempDir(), Nodes: 1, Pace: 5}, nil)
	if err == nil || !strings.Contains(err.Error(), "pace 5") {
		t.Errorf("a pace that no real container has: %v", err)
	}
}

func TestConfig(t *testing.T) {
	tests := []struct {
		nodes    int
		cgroupV1 bool
		want     []string
	}{
		{1, false, []string{"control-plane"}},
		{1, true, []string{"control-plane"}},
		{2, true, []string{"control-plane", "worker", "worker"}},
		{3, false, []string{"control-plane", "worker", "worker", "worker"}},
	}
	for _, tt := range tests {
		c := config(tt.nodes, tt.cgroupV1)
		var roles []string
		for _, node := range c.Nodes {
			roles = append(roles, string(node.Role))
		}
		if !slices.Equal(roles, tt.want) {
			t.Errorf("%d nodes: %q, want %q", tt.nodes, roles, tt.want)
		}
		if patched := slices.Contains(c.KubeadmConfigPatches, allowCgroupV1); patched != tt.cgroupV1 {
			t.Errorf("cgroup v1 %v: patches %q", tt.cgroupV1, c.KubeadmConfigPatches)
		}
	}
}

func testSpec(t *testing.T, lab string) cluster.Spec {
	return cluster.Spec{Lab: lab, Dir: t.TempDir(), Nodes: 1}
}

func closeNow(t *testing.T, c cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

// docker runs a docker command as somebody beside us would.
func docker(t *testing.T, args ...string) {
	t.Helper()
	if out, err := osexec.Command("docker", args...).CombinedOutput(); err != nil {
		t.Errorf("docker %q: %v: %s", args, err, out)
	}
}

func wantHint(t *testing.T, err error, part string) {
	t.Helper()
	fault, ok := errors.AsType[*cluster.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *cluster.Error", err)
	}
	if !strings.Contains(fault.Hint, part) {
		t.Errorf("the hint for %q is %q, want %q in it", err, fault.Hint, part)
	}
}
