package container

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

// sandbox is what the containers of a Pod share: an address, a host name, and an end.
type sandbox struct {
	id      string
	config  *runtimeapi.PodSandboxConfig
	handler string
	created int64
	ready   bool

	// network is nil once the sandbox is stopped, and the node's for a Pod on the host's network.
	network *podnet.Namespace
	// ip is the address that the sandbox took from the pool; the zero value on the host's network.
	ip netip.Addr
	// hostname is also the content of /etc/hostname.
	hostname string
}

// RunPodSandbox makes a sandbox and gives it an address.
func (r *Runtime) RunPodSandbox(_ context.Context, config *runtimeapi.PodSandboxConfig, handler string) (string, error) {
	if config.GetMetadata() == nil {
		return "", status.Error(codes.InvalidArgument, "sandbox config must include metadata")
	}
	if handler != "" {
		return "", status.Errorf(codes.Unknown, "failed to get sandbox runtime: no runtime for %q is configured", handler)
	}
	s := &sandbox{id: newID(), config: config, handler: handler, hostname: config.GetHostname()}
	if err := r.connect(s); err != nil {
		return "", err
	}
	if err := r.writeSandboxFiles(s); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.disconnectLocked(s)
		return "", status.Errorf(codes.Unknown, "failed to setup sandbox files: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.disconnectLocked(s)
		return "", errClosed
	}
	s.created, s.ready = r.nowLocked(), true
	r.sandboxes[s.id] = s
	r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_CREATED_EVENT, s, s.id)
	r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_STARTED_EVENT, s, s.id)
	return s.id, nil
}

// onHost says whether the Pod uses the node's own network.
func (s *sandbox) onHost() bool {
	return s.config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == runtimeapi.NamespaceMode_NODE
}

// connect gives the sandbox its network.
func (r *Runtime) connect(s *sandbox) error {
	if s.onHost() {
		if r.node == nil {
			return status.Error(codes.Unknown, "failed to setup network for sandbox: this node has no address for Pods on the host's network")
		}
		s.network = r.node
		s.hostname = cmp.Or(s.hostname, r.options.NodeName, "localhost")
		return nil
	}
	ip, err := r.pool.Take()
	if err == nil {
		s.ip = ip
		if s.network, err = r.options.Network.Join(ip); err != nil {
			r.pool.Give(ip)
		}
	}
	if err != nil {
		return status.Errorf(codes.Unknown, "failed to setup network for sandbox %q: plugin type=\"k8slab\" failed (add): %v", s.id, err)
	}
	return nil
}

// disconnectLocked takes the network away from a sandbox and gives its address back.
func (r *Runtime) disconnectLocked(s *sandbox) {
	if s.network == nil {
		return
	}
	if s.ip.IsValid() {
		s.network.Close()
		r.pool.Give(s.ip)
	}
	s.network = nil
}

// sandboxFiles are the files that every container of a Pod gets, unless the kubelet mounts its own.
var sandboxFiles = []string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}

func (r *Runtime) sandboxFile(s *sandbox, name string) string {
	return filepath.Join(r.sandboxesDir(), s.id, filepath.Base(name))
}

// writeSandboxFiles writes sandboxFiles and makes the directory for logs.
func (r *Runtime) writeSandboxFiles(s *sandbox) error {
	if err := os.MkdirAll(filepath.Join(r.sandboxesDir(), s.id), 0o700); err != nil {
		return err
	}
	if dir := s.config.GetLogDirectory(); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	contents := []string{s.hostname + "\n", s.hosts(), resolvConf(s.config.GetDnsConfig())}
	for i, name := range sandboxFiles {
		if err := os.WriteFile(r.sandboxFile(s, name), []byte(contents[i]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s *sandbox) hosts() string {
	text := "127.0.0.1\tlocalhost\n"
	if s.ip.IsValid() {
		text += fmt.Sprintf("%s\t%s\n", s.ip, s.hostname)
	}
	return text
}

// resolvConf is the content of /etc/resolv.conf.
func resolvConf(dns *runtimeapi.DNSConfig) string {
	var lines []string
	if len(dns.GetSearches()) > 0 {
		lines = append(lines, "search "+strings.Join(dns.GetSearches(), " "))
	}
	for _, server := range dns.GetServers() {
		lines = append(lines, "nameserver "+server)
	}
	if len(dns.GetOptions()) > 0 {
		lines = append(lines, "options "+strings.Join(dns.GetOptions(), " "))
	}
	return strings.Join(append(lines, ""), "\n")
}

// StopPodSandbox kills what runs in the sandbox and gives its address back. It may be called again,
// and for a sandbox that is gone.
func (r *Runtime) StopPodSandbox(ctx context.Context, id string) error {
	r.mu.Lock()
	s := r.sandboxes[id]
	inside := r.insideLocked(id)
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	for _, c := range inside {
		if err := r.stop(ctx, c, 0); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.ready {
		s.ready = false
		r.disconnectLocked(s)
		r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_STOPPED_EVENT, s, s.id)
	}
	return nil
}

// insideLocked lists the containers of a sandbox, oldest first.
func (r *Runtime) insideLocked(id string) []*container {
	var inside []*container
	for _, c := range r.containers {
		if c.sandbox.id == id {
			inside = append(inside, c)
		}
	}
	slices.SortFunc(inside, func(a, b *container) int { return int(a.created - b.created) })
	return inside
}

// RemovePodSandbox stops the sandbox, and removes it with all its containers. One that is gone is
// no error.
func (r *Runtime) RemovePodSandbox(ctx context.Context, id string) error {
	if err := r.StopPodSandbox(ctx, id); err != nil {
		return err
	}
	r.mu.Lock()
	s, inside := r.sandboxes[id], r.insideLocked(id)
	r.mu.Unlock()
	if s == nil {
		return nil
	}
	for _, c := range inside {
		if err := r.RemoveContainer(ctx, c.id); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(filepath.Join(r.sandboxesDir(), id)); err != nil {
		return status.Errorf(codes.Unknown, "failed to remove sandbox root directory: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sandboxes[id] != nil {
		r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_DELETED_EVENT, s, id)
		delete(r.sandboxes, id)
	}
	return nil
}

// PodSandboxStatus describes one sandbox.
func (r *Runtime) PodSandboxStatus(_ context.Context, id string, _ bool) (*runtimeapi.PodSandboxStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sandboxes[id]
	if s == nil {
		return nil, notFound("sandbox", id)
	}
	response := &runtimeapi.PodSandboxStatusResponse{Status: s.statusLocked(), Timestamp: r.nowLocked()}
	for _, c := range r.insideLocked(id) {
		response.ContainersStatuses = append(response.ContainersStatuses, r.statusLocked(c))
	}
	return response, nil
}

func (s *sandbox) stateLocked() runtimeapi.PodSandboxState {
	if s.ready {
		return runtimeapi.PodSandboxState_SANDBOX_READY
	}
	return runtimeapi.PodSandboxState_SANDBOX_NOTREADY
}

func (s *sandbox) statusLocked() *runtimeapi.PodSandboxStatus {
	return &runtimeapi.PodSandboxStatus{
		Id:        s.id,
		Metadata:  s.config.GetMetadata(),
		State:     s.stateLocked(),
		CreatedAt: s.created,
		Network:   &runtimeapi.PodSandboxNetworkStatus{Ip: s.reportedLocked()},
		Linux: &runtimeapi.LinuxPodSandboxStatus{Namespaces: &runtimeapi.Namespace{
			Options: s.config.GetLinux().GetSecurityContext().GetNamespaceOptions(),
		}},
		Labels:         s.config.GetLabels(),
		Annotations:    s.config.GetAnnotations(),
		RuntimeHandler: s.handler,
	}
}

// reportedLocked is the address that the kubelet is told: none once the network is gone, and none
// for a Pod on the host's network, whose address the kubelet knows.
func (s *sandbox) reportedLocked() string {
	if s.network == nil || !s.ip.IsValid() {
		return ""
	}
	return s.ip.String()
}

// ListPodSandbox lists the sandboxes that a filter matches, newest first.
func (r *Runtime) ListPodSandbox(_ context.Context, filter *runtimeapi.PodSandboxFilter) ([]*runtimeapi.PodSandbox, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []*runtimeapi.PodSandbox{}
	for _, s := range r.sandboxes {
		if s.matchesLocked(filter) {
			list = append(list, s.listedLocked())
		}
	}
	slices.SortFunc(list, func(a, b *runtimeapi.PodSandbox) int { return int(b.CreatedAt - a.CreatedAt) })
	return list, nil
}

func (s *sandbox) listedLocked() *runtimeapi.PodSandbox {
	return &runtimeapi.PodSandbox{
		Id:             s.id,
		Metadata:       s.config.GetMetadata(),
		State:          s.stateLocked(),
		CreatedAt:      s.created,
		Labels:         s.config.GetLabels(),
		Annotations:    s.config.GetAnnotations(),
		RuntimeHandler: s.handler,
	}
}

func (s *sandbox) matchesLocked(filter *runtimeapi.PodSandboxFilter) bool {
	return strings.HasPrefix(s.id, filter.GetId()) &&
		(filter.GetState() == nil || filter.GetState().GetState() == s.stateLocked()) &&
		hasLabels(s.config.GetLabels(), filter.GetLabelSelector())
}

// hasLabels says whether labels has all of the wanted ones.
func hasLabels(labels, wanted map[string]string) bool {
	for key, value := range wanted {
		if have, ok := labels[key]; !ok || have != value {
			return false
		}
	}
	return true
}

// UpdatePodSandboxResources has nothing to do: there are no cgroups.
func (r *Runtime) UpdatePodSandboxResources(context.Context, *runtimeapi.UpdatePodSandboxResourcesRequest) (*runtimeapi.UpdatePodSandboxResourcesResponse, error) {
	return &runtimeapi.UpdatePodSandboxResourcesResponse{}, nil
}
