package container_test

import (
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

func TestSandbox(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(p.id) {
		t.Errorf("ID %q", p.id)
	}
	s := p.status()
	if s.GetState() != runtimeapi.PodSandboxState_SANDBOX_READY || s.GetNetwork().GetIp() != "10.244.1.2" ||
		s.GetCreatedAt() == 0 || s.GetMetadata().GetName() != "web" || s.GetLabels()["app"] != "web" || s.GetAnnotations()["note"] != "kept" {
		t.Errorf("status %v", s)
	}
	b := p.start(p.container("nginx:1.25"))
	for range 2 {
		if err := n.runtime.StopPodSandbox(t.Context(), p.id); err != nil {
			t.Fatal(err)
		}
	}
	if s := p.status(); s.GetState() != runtimeapi.PodSandboxState_SANDBOX_NOTREADY || s.GetNetwork().GetIp() != "" {
		t.Errorf("after stop: %v", s)
	}
	if s := b.status(); s.GetState() != exited || s.GetExitCode() != 137 {
		t.Errorf("its container: %v", s)
	}
	for range 2 {
		if err := n.runtime.RemovePodSandbox(t.Context(), p.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.runtime.PodSandboxStatus(t.Context(), p.id, false); status.Code(err) != codes.NotFound {
		t.Errorf("status after remove: %v", err)
	}
	if _, err := n.runtime.ContainerStatus(t.Context(), b.id, false); status.Code(err) != codes.NotFound {
		t.Errorf("status of its container: %v", err)
	}
	for _, dir := range []string{"/runtime/sandboxes", "/runtime/containers"} {
		if left, _ := os.ReadDir(n.dir + dir); len(left) > 0 {
			t.Errorf("left in %s: %v", dir, left)
		}
	}
}

func TestRemoveOfRunningSandbox(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	p.start(p.sh("sleep 1000000"))
	if err := n.runtime.RemovePodSandbox(t.Context(), p.id); err != nil {
		t.Fatal(err)
	}
	if list, _ := n.runtime.ListContainers(t.Context(), nil); len(list) > 0 {
		t.Errorf("containers are left: %v", list)
	}
}

func TestAddressesRunOutAndComeBack(t *testing.T) {
	n := newNode(t, func(o *container.Options) { o.PodCIDR = netip.MustParsePrefix("10.244.1.0/29") })
	var pods []*pod
	seen := map[string]bool{}
	for range 5 {
		p := n.pod("web")
		seen[p.ip()] = true
		pods = append(pods, p)
	}
	if len(seen) != 5 {
		t.Errorf("addresses %v", seen)
	}
	_, err := n.runtime.RunPodSandbox(t.Context(), pods[0].config, "")
	if err == nil || !strings.Contains(err.Error(), "no IP addresses available in range set: 10.244.1.1-10.244.1.6") {
		t.Errorf("a sixth Pod: %v", err)
	}
	freed := pods[3].ip()
	if err := n.runtime.StopPodSandbox(t.Context(), pods[3].id); err != nil {
		t.Fatal(err)
	}
	if got := n.pod("web").ip(); got != freed {
		t.Errorf("the next Pod has %s, want %s", got, freed)
	}
	// Removing the stopped one must not free the address of its successor.
	if err := n.runtime.RemovePodSandbox(t.Context(), pods[3].id); err != nil {
		t.Fatal(err)
	}
	if _, err := n.runtime.RunPodSandbox(t.Context(), pods[0].config, ""); err == nil {
		t.Error("an address was given away twice")
	}
}

func TestHostNetwork(t *testing.T) {
	onHost := func(c *runtimeapi.PodSandboxConfig) {
		c.Linux.SecurityContext.NamespaceOptions.Network = runtimeapi.NamespaceMode_NODE
		c.Hostname = "" // as the kubelet does
	}
	n := newNode(t, func(o *container.Options) { o.NodeName = "node-1" })
	p := n.pod("agent", onHost)
	if ip := p.ip(); ip != "" {
		t.Errorf("the runtime reports %s; the kubelet knows its own address", ip)
	}
	b := p.start(p.container("nginx:1.25"))
	eventually(t, "nginx answers on the node's address", func() bool {
		_, body, err := n.get("http://172.18.0.2/")
		return err == nil && strings.Contains(body, "Welcome to nginx!")
	})
	if got := b.run("cat", "/etc/hostname"); got != "node-1\n" {
		t.Errorf("host name %q", got)
	}
	q := n.pod("second", onHost)
	second := q.start(q.container("nginx:1.25")).wait()
	if second.GetExitCode() != 1 {
		t.Errorf("a second server on the node's port 80 ended with %d", second.GetExitCode())
	}
	if err := n.runtime.RemovePodSandbox(t.Context(), q.id); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.get("http://172.18.0.2/"); err != nil {
		t.Errorf("after the other Pod was removed: %v", err)
	}
	b.stop(30)
	if _, _, err := n.get("http://172.18.0.2/"); err == nil {
		t.Error("nginx still answers")
	}
	if _, err := newNode(t, func(o *container.Options) { o.NodeIP = netip.Addr{} }).runtime.RunPodSandbox(t.Context(), p.config, ""); err == nil {
		t.Error("a node without address ran a Pod on the host's network")
	}
}

func TestListPodSandbox(t *testing.T) {
	n := newNode(t)
	a, b := n.pod("a"), n.pod("b")
	if err := n.runtime.StopPodSandbox(t.Context(), a.id); err != nil {
		t.Fatal(err)
	}
	ready := &runtimeapi.PodSandboxStateValue{State: runtimeapi.PodSandboxState_SANDBOX_READY}
	for _, tc := range []struct {
		name   string
		filter *runtimeapi.PodSandboxFilter
		want   string
	}{
		{"all, newest first", nil, b.id + " " + a.id},
		{"by ID", &runtimeapi.PodSandboxFilter{Id: a.id}, a.id},
		{"by state", &runtimeapi.PodSandboxFilter{State: ready}, b.id},
		{"by label", &runtimeapi.PodSandboxFilter{LabelSelector: map[string]string{"app": "a"}}, a.id},
	} {
		list, err := n.runtime.ListPodSandbox(t.Context(), tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range list {
			got = append(got, s.GetId())
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestUnknownRuntimeHandler(t *testing.T) {
	n := newNode(t)
	_, err := n.runtime.RunPodSandbox(t.Context(), n.pod("web").config, "gvisor")
	if err == nil || !strings.Contains(err.Error(), `no runtime for "gvisor" is configured`) {
		t.Errorf("%v", err)
	}
}

// Every method that needs no container answers.
func TestNodeServices(t *testing.T) {
	n := newNode(t)
	ctx := t.Context()
	version, err := n.runtime.Version(ctx, "")
	if err != nil || version.GetRuntimeName() != "k8slab" || version.GetRuntimeApiVersion() != "v1" {
		t.Errorf("version %v, %v", version, err)
	}
	state, err := n.runtime.Status(ctx, true)
	if err != nil || len(state.GetStatus().GetConditions()) != 2 || !state.GetStatus().GetConditions()[1].GetStatus() {
		t.Errorf("status %v, %v", state, err)
	}
	if c, err := n.runtime.RuntimeConfig(ctx); err != nil || c.GetLinux() == nil {
		t.Errorf("runtime config %v, %v", c, err)
	}
	cidr := func(s string) *runtimeapi.RuntimeConfig {
		return &runtimeapi.RuntimeConfig{NetworkConfig: &runtimeapi.NetworkConfig{PodCidr: s}}
	}
	if err := n.runtime.UpdateRuntimeConfig(ctx, cidr("10.244.1.0/24")); err != nil {
		t.Error(err)
	}
	if err := n.runtime.UpdateRuntimeConfig(ctx, cidr("10.0.0.0/8")); err == nil {
		t.Error("another range was taken")
	}
	if _, err := n.runtime.UpdatePodSandboxResources(ctx, nil); err != nil {
		t.Error(err)
	}
	if err := n.runtime.CheckpointContainer(ctx, nil); status.Code(err) != codes.Unimplemented {
		t.Errorf("checkpoint: %v", err)
	}
	if _, err := n.runtime.ListMetricDescriptors(ctx); err != nil {
		t.Error(err)
	}
	if _, err := n.runtime.ListPodSandboxMetrics(ctx); err != nil {
		t.Error(err)
	}
}

func TestStats(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.start(p.container("nginx:1.25"))
	ended := p.start(p.sh("exit 0"))
	ended.wait()
	s, err := n.runtime.ContainerStats(t.Context(), b.id)
	if err != nil || s.GetCpu().GetUsageNanoCores().GetValue() != 5_000_000 || s.GetMemory().GetWorkingSetBytes().GetValue() != 3_500_000 {
		t.Errorf("%v, %v", s, err)
	}
	eventually(t, "CPU time grows", func() bool {
		later, err := n.runtime.ContainerStats(t.Context(), b.id)
		return err == nil && later.GetCpu().GetUsageCoreNanoSeconds().GetValue() > s.GetCpu().GetUsageCoreNanoSeconds().GetValue()
	})
	if list, err := n.runtime.ListContainerStats(t.Context(), nil); err != nil || len(list) != 1 {
		t.Errorf("running containers: %v, %v", list, err)
	}
	sandbox, err := n.runtime.PodSandboxStats(t.Context(), p.id)
	if err != nil || sandbox.GetLinux().GetMemory().GetWorkingSetBytes().GetValue() != 3_500_000 {
		t.Errorf("%v, %v", sandbox, err)
	}
	if list, err := n.runtime.ListPodSandboxStats(t.Context(), &runtimeapi.PodSandboxStatsFilter{Id: p.id}); err != nil || len(list) != 1 {
		t.Errorf("sandboxes: %v, %v", list, err)
	}
	for _, id := range []string{"x", ""} {
		if _, err := n.runtime.ContainerStats(t.Context(), id); status.Code(err) != codes.NotFound {
			t.Errorf("container %q: %v", id, err)
		}
		if _, err := n.runtime.PodSandboxStats(t.Context(), id); status.Code(err) != codes.NotFound {
			t.Errorf("sandbox %q: %v", id, err)
		}
	}
}
