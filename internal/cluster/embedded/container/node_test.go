package container_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

// node is a runtime, used as the kubelet uses it.
type node struct {
	t       *testing.T
	runtime internalapi.RuntimeService
	images  internalapi.ImageManagerService
	network *podnet.Network
	dir     string // of the host
	pods    string // the kubelet's directory for volumes
	count   atomic.Int64
}

func newNode(t *testing.T, change ...func(*container.Options)) *node {
	t.Helper()
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, dir: t.TempDir(), network: podnet.New(podnet.Options{})}
	n.pods = filepath.Join(n.dir, "kubelet", "pods")
	if err := os.MkdirAll(n.pods, 0o755); err != nil {
		t.Fatal(err)
	}
	options := container.Options{
		Dir:     filepath.Join(n.dir, "runtime"),
		PodCIDR: netip.MustParsePrefix("10.244.1.0/24"),
		NodeIP:  netip.MustParseAddr("172.18.0.2"),
		Network: n.network,
		Images:  catalogue,
		PodsDir: n.pods,
		Pace:    1000,
	}
	for _, f := range change {
		f(&options)
	}
	r, err := container.New(options)
	if err != nil {
		t.Fatal(err)
	}
	n.runtime, n.images = r, r.Images()
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return n
}

// pod runs a sandbox as the kubelet does for a Pod of the given name.
func (n *node) pod(name string, change ...func(*runtimeapi.PodSandboxConfig)) *pod {
	n.t.Helper()
	uid := fmt.Sprintf("uid-%s-%d", name, n.count.Add(1))
	config := &runtimeapi.PodSandboxConfig{
		Metadata:     &runtimeapi.PodSandboxMetadata{Name: name, Uid: uid, Namespace: "default"},
		Hostname:     name,
		LogDirectory: filepath.Join(n.dir, "logs", "default_"+name+"_"+uid),
		DnsConfig:    &runtimeapi.DNSConfig{Servers: []string{"10.96.0.10"}, Searches: []string{"default.svc.cluster.local"}, Options: []string{"ndots:5"}},
		Labels:       map[string]string{"io.kubernetes.pod.uid": uid, "app": name},
		Annotations:  map[string]string{"note": "kept"},
		Linux: &runtimeapi.LinuxPodSandboxConfig{SecurityContext: &runtimeapi.LinuxSandboxSecurityContext{
			NamespaceOptions: &runtimeapi.NamespaceOption{Network: runtimeapi.NamespaceMode_POD},
		}},
	}
	for _, f := range change {
		f(config)
	}
	id, err := n.runtime.RunPodSandbox(n.t.Context(), config, "")
	if err != nil {
		n.t.Fatal(err)
	}
	return &pod{node: n, id: id, config: config, uid: uid}
}

type pod struct {
	*node
	id     string
	uid    string
	config *runtimeapi.PodSandboxConfig
}

func (p *pod) status() *runtimeapi.PodSandboxStatus {
	p.t.Helper()
	response, err := p.runtime.PodSandboxStatus(p.t.Context(), p.id, false)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.GetStatus()
}

func (p *pod) ip() string { return p.status().GetNetwork().GetIp() }

// volume makes a directory where the kubelet makes an emptyDir.
func (p *pod) volume(name string) string {
	p.t.Helper()
	dir := filepath.Join(p.pods, p.uid, "volumes", "kubernetes.io~empty-dir", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// config is a container with an image that is pulled if need be.
func (p *pod) container(image string, command ...string) *runtimeapi.ContainerConfig {
	p.t.Helper()
	id, err := p.images.PullImage(p.t.Context(), &runtimeapi.ImageSpec{Image: image}, nil, p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	return &runtimeapi.ContainerConfig{
		Metadata: &runtimeapi.ContainerMetadata{Name: "main", Attempt: uint32(p.count.Add(1))},
		Image:    &runtimeapi.ImageSpec{Image: id, UserSpecifiedImage: image},
		Command:  command,
		Labels:   map[string]string{"io.kubernetes.pod.uid": p.uid, "io.kubernetes.container.name": "main"},
		LogPath:  fmt.Sprintf("main/%d.log", p.count.Load()),
	}
}

// sh is a container that runs a script of the shell.
func (p *pod) sh(script string) *runtimeapi.ContainerConfig {
	p.t.Helper()
	return p.container("busybox:1.36", "sh", "-c", script)
}

func (p *pod) create(config *runtimeapi.ContainerConfig) *box {
	p.t.Helper()
	id, err := p.runtime.CreateContainer(p.t.Context(), p.id, config, p.config)
	if err != nil {
		p.t.Fatal(err)
	}
	return &box{pod: p, id: id}
}

func (p *pod) start(config *runtimeapi.ContainerConfig) *box {
	p.t.Helper()
	b := p.create(config)
	if err := p.runtime.StartContainer(p.t.Context(), b.id); err != nil {
		p.t.Fatal(err)
	}
	return b
}

// box is a container.
type box struct {
	*pod
	id string
}

func (b *box) status() *runtimeapi.ContainerStatus {
	b.t.Helper()
	response, err := b.runtime.ContainerStatus(b.t.Context(), b.id, false)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.GetStatus()
}

// wait waits for the end of the container.
func (b *box) wait() *runtimeapi.ContainerStatus {
	b.t.Helper()
	eventually(b.t, "the container ends", func() bool {
		return b.status().GetState() == runtimeapi.ContainerState_CONTAINER_EXITED
	})
	return b.status()
}

// log returns the log as "stream tag text" per line, without the times.
func (b *box) log() string {
	b.t.Helper()
	data, err := os.ReadFile(b.status().GetLogPath())
	if err != nil {
		b.t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		stamp, rest, _ := strings.Cut(line, " ")
		if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil || !strings.HasSuffix(stamp, "Z") {
			b.t.Errorf("time %q in the log", stamp)
		}
		lines = append(lines, rest)
	}
	return strings.Join(lines, "")
}

// run executes a command and returns its output.
func (b *box) run(argv ...string) string {
	b.t.Helper()
	stdout, stderr, err := b.runtime.ExecSync(b.t.Context(), b.id, argv, 0)
	if err != nil {
		b.t.Fatalf("%q: %v, %s", argv, err, stderr)
	}
	return string(stdout)
}

func (b *box) stop(grace int64) {
	b.t.Helper()
	if err := b.runtime.StopContainer(b.t.Context(), b.id, grace); err != nil {
		b.t.Fatal(err)
	}
}

// eventually waits until a condition holds; what has no event to wait for.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}
