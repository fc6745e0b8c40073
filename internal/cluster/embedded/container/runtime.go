// Package container is the container runtime of a simulated node.
//
// A Runtime stands directly under a real kubelet: it is the kubelet's RuntimeService and
// ImageManagerService (k8s.io/cri-api) as Go values, with no gRPC in between. Pod sandboxes have an
// address on an in-memory network (package podnet), images come from a catalogue (package images),
// a container is a goroutine that runs a simulated program (nginx, pause, or commands of an
// interpreted shell) over a file tree of its own (package files). What is real are the files: logs in CRI
// format where the kubelet looks for them, mounts of the kubelet's volumes.
//
// State is in memory: a new Runtime over an old directory is a node after a reboot.
//
// Errors are gRPC statuses with containerd's texts where the kubelet shows them to a user.
//
// A memory limit holds for what the simulation knows of: the catalogue's number for the program,
// what shells and programs remember, and files in memory.
//
// Deliberately absent: permissions and capabilities (a user has a name, and everybody may do
// everything), a process namespace that containers of a Pod share (each has its own, whatever
// shareProcessNamespace says), CPU limits, devices, checkpoints, hostPath volumes outside of the
// directories that the caller allows, and every program of the host.
package container

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

// The name and version that a node reports as its container runtime.
const (
	runtimeName    = "k8slab"
	runtimeVersion = "1.0.0"
	apiVersion     = "v1" // of the CRI
)

// Options say what a Runtime works with.
type Options struct {
	// Dir is the directory on the host for everything that the runtime writes, except logs. It is
	// made, and what an earlier runtime left in it is removed. It must not be empty.
	Dir string
	// PodCIDR is the range of the node's Pod addresses, 10.244.N.0/22.
	PodCIDR netip.Prefix
	// NodeName is the host name in Pods with hostNetwork; "" means "localhost".
	NodeName string
	// NodeIP is the node's own address on Network, for Pods with hostNetwork. The zero value
	// refuses such Pods.
	NodeIP netip.Addr
	// Network joins the Pods of all nodes. It must not be nil.
	Network *podnet.Network
	// Images is what the registries have. It must not be nil.
	Images *images.Catalogue
	// PodsDir is the kubelet's directory of volumes, which has a directory for every Pod's UID. A
	// container mounts from the directory of its own Pod only.
	PodsDir string
	// MountRoots are further directories of volumes: each entry is one, which any Pod may mount, and
	// none can be left through symlinks. Nothing else of the host can be mounted.
	MountRoots []string
	// InMemory says whether a directory is, or lies in, a file system in memory, and how many bytes that
	// has room for; 0 if nobody said. What containers write there counts as their memory. If nil, no
	// directory is.
	InMemory func(dir string) (size int64, ok bool)
	// Pace divides the simulated durations: pulling, starting, and sleep in a container. 0 means 1.
	Pace float64
}

// Runtime is the container runtime of one node. Its methods may be called from several goroutines.
type Runtime struct {
	options Options
	pool    *podnet.Pool
	node    *podnet.Namespace // nil without NodeIP
	store   *images.Store
	server  *streamServer
	events  *events

	life context.Context // ends when the runtime is closed
	end  context.CancelFunc
	work sync.WaitGroup // every goroutine that runs a container

	// mu guards the fields below and all fields of sandboxes and containers that change.
	mu         sync.Mutex
	closed     bool
	sandboxes  map[string]*sandbox
	containers map[string]*container
	latest     int64 // the newest time that was handed out
}

var _ internalapi.RuntimeService = (*Runtime)(nil)

// New starts a runtime. The caller closes it.
func New(options Options) (*Runtime, error) {
	if options.Dir == "" || options.Network == nil || options.Images == nil {
		return nil, errors.New("container runtime: directory, network and images are required")
	}
	if options.Pace == 0 {
		options.Pace = 1
	}
	pool, err := podnet.NewPool(options.PodCIDR)
	if err != nil {
		return nil, fmt.Errorf("container runtime: %w", err)
	}
	r := &Runtime{
		options:    options,
		pool:       pool,
		events:     newEvents(),
		sandboxes:  map[string]*sandbox{},
		containers: map[string]*container{},
	}
	r.store = images.NewStore(options.Images, r.pass)
	r.life, r.end = context.WithCancel(context.Background())
	if err := r.start(); err != nil {
		r.end()
		if r.node != nil {
			r.node.Close()
		}
		return nil, fmt.Errorf("container runtime: %w", err)
	}
	return r, nil
}

// start does what can fail for outside reasons.
func (r *Runtime) start() (err error) {
	for _, dir := range []string{r.containersDir(), r.sandboxesDir()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove what an earlier runtime left: %w", err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if r.options.NodeIP.IsValid() {
		if r.node, err = r.options.Network.Join(r.options.NodeIP); err != nil {
			return err
		}
	}
	r.server, err = newStreamServer(r)
	return err
}

func (r *Runtime) containersDir() string { return filepath.Join(r.options.Dir, "containers") }
func (r *Runtime) sandboxesDir() string  { return filepath.Join(r.options.Dir, "sandboxes") }

// Images returns the node's image service.
func (r *Runtime) Images() internalapi.ImageManagerService { return imageService{r} }

// Close ends every container at once, as a power cut does, closes the streams and gives all
// addresses back. The directory stays. It may be called more than once.
func (r *Runtime) Close(context.Context) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	r.mu.Unlock()
	r.end()
	err := r.server.close()
	r.work.Wait()
	r.mu.Lock()
	for _, s := range r.sandboxes {
		r.disconnectLocked(s)
	}
	r.mu.Unlock()
	if r.node != nil {
		r.node.Close()
	}
	return err
}

// pass lets simulated time go by at the runtime's pace, until ctx or the runtime ends.
func (r *Runtime) pass(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(r.life, func() { cancel(errClosed) })()
	if err := r.sleep(ctx, d); err != nil {
		return context.Cause(ctx)
	}
	return nil
}

// sleep waits at the runtime's pace until ctx ends.
func (r *Runtime) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(r.paced(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// paced is how long a simulated duration takes. What is too long to be told is for ever, as in
// "sleep infinity".
func (r *Runtime) paced(d time.Duration) time.Duration {
	if took := float64(d) / r.options.Pace; took < math.MaxInt64 {
		return time.Duration(took)
	}
	return math.MaxInt64
}

// nowLocked returns the time in nanoseconds, never the same twice: the kubelet orders states by it.
func (r *Runtime) nowLocked() int64 {
	r.latest = max(r.latest+1, time.Now().UnixNano())
	return r.latest
}

// Version tells the runtime's name and version.
func (r *Runtime) Version(context.Context, string) (*runtimeapi.VersionResponse, error) {
	return &runtimeapi.VersionResponse{
		Version:           "0.1.0", // of the kubelet's API, fixed
		RuntimeName:       runtimeName,
		RuntimeVersion:    runtimeVersion,
		RuntimeApiVersion: apiVersion,
	}, nil
}

// Status reports that the runtime and its network are ready: they are from New on.
func (r *Runtime) Status(context.Context, bool) (*runtimeapi.StatusResponse, error) {
	return &runtimeapi.StatusResponse{
		Status: &runtimeapi.RuntimeStatus{Conditions: []*runtimeapi.RuntimeCondition{
			{Type: runtimeapi.RuntimeReady, Status: true},
			{Type: runtimeapi.NetworkReady, Status: true},
		}},
		RuntimeHandlers: []*runtimeapi.RuntimeHandler{{Features: &runtimeapi.RuntimeHandlerFeatures{}}},
		Features:        &runtimeapi.RuntimeFeatures{},
	}, nil
}

// UpdateRuntimeConfig is told the node's Pod range by the kubelet. It is fixed in Options; another
// one is an error.
func (r *Runtime) UpdateRuntimeConfig(_ context.Context, config *runtimeapi.RuntimeConfig) error {
	told := config.GetNetworkConfig().GetPodCidr()
	if told == "" || told == r.options.PodCIDR.String() {
		return nil
	}
	return fmt.Errorf("pod CIDR %s is not the one of this node, %s", told, r.options.PodCIDR)
}

// RuntimeConfig names the cgroup driver. There are no cgroups; the kubelet wants an answer.
func (r *Runtime) RuntimeConfig(context.Context) (*runtimeapi.RuntimeConfigResponse, error) {
	return &runtimeapi.RuntimeConfigResponse{
		Linux: &runtimeapi.LinuxRuntimeConfiguration{CgroupDriver: runtimeapi.CgroupDriver_CGROUPFS},
	}, nil
}
