package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// Reasons of an ended container, as containerd reports them.
const (
	reasonCompleted  = "Completed"
	reasonError      = "Error"
	reasonOOMKilled  = "OOMKilled"
	reasonStartError = "StartError"
)

// exitStartError is the exit code of a container that could not be started.
const exitStartError = 128

// container is one life of a container: the kubelet makes a new one for every restart.
type container struct {
	id      string
	sandbox *sandbox
	config  *runtimeapi.ContainerConfig
	image   images.Pulled
	logPath string // "" for no log
	argv    []string

	tree    *files.Tree
	started chan struct{} // closed when StartContainer is done with it, either way
	exited  chan struct{} // closed when it has ended

	// The fields below are guarded by Runtime.mu.
	state     runtimeapi.ContainerState
	created   int64
	begun     int64
	finished  int64
	exitCode  int32
	reason    string
	message   string
	starting  bool
	resources *runtimeapi.ContainerResources

	// Set before started is closed and not changed afterwards; nil if the start failed.
	main    *shell.Process
	space   *shell.Container // all its processes
	streams *streams
	sockets *podnet.Sockets
}

// CreateContainer makes a container with its files and mounts.
func (r *Runtime) CreateContainer(_ context.Context, sandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	if config.GetMetadata() == nil {
		return "", status.Error(codes.InvalidArgument, "container config must include metadata")
	}
	c, err := r.newContainer(sandboxID, config, sandboxConfig)
	if err != nil {
		return "", err
	}
	if c.tree, err = r.assemble(c); err != nil {
		os.RemoveAll(r.containerDir(c.id))
		return "", status.Errorf(codes.Unknown, "failed to generate container %q spec: failed to generate spec: %v", c.id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.sandboxes[sandboxID] == nil {
		_ = r.discard(c) // that the sandbox has gone is what the kubelet must know
		return "", notFound("sandbox", sandboxID)
	}
	c.created = r.nowLocked()
	r.containers[c.id] = c
	r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_CREATED_EVENT, c.sandbox, c.id)
	return c.id, nil
}

// newContainer checks what can be checked without touching the disk.
func (r *Runtime) newContainer(sandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (*container, error) {
	r.mu.Lock()
	s := r.sandboxes[sandboxID]
	ready := s != nil && s.ready
	r.mu.Unlock()
	if s == nil {
		return nil, notFound("sandbox", sandboxID)
	}
	if !ready {
		return nil, status.Errorf(codes.Unknown, "sandbox container %q is not running", sandboxID)
	}
	image, ok := r.store.Find(config.GetImage().GetImage())
	if !ok {
		return nil, status.Errorf(codes.NotFound, "failed to resolve image %q: not found", config.GetImage().GetImage())
	}
	c := &container{
		id:        newID(),
		sandbox:   s,
		config:    config,
		image:     image,
		state:     runtimeapi.ContainerState_CONTAINER_CREATED,
		started:   make(chan struct{}),
		exited:    make(chan struct{}),
		resources: &runtimeapi.ContainerResources{Linux: config.GetLinux().GetResources()},
	}
	if c.argv = commandLine(config, image.Image); len(c.argv) == 0 {
		return nil, status.Errorf(codes.Unknown, "failed to generate container %q spec: failed to generate spec: no command specified", c.id)
	}
	if dir := sandboxConfig.GetLogDirectory(); dir != "" && config.GetLogPath() != "" {
		c.logPath = filepath.Join(dir, config.GetLogPath())
	}
	return c, nil
}

// commandLine is what a container runs: a command of the Pod replaces the image's entrypoint and
// arguments, arguments of the Pod replace only the image's arguments.
func commandLine(config *runtimeapi.ContainerConfig, image *images.Image) []string {
	command, args := config.GetCommand(), config.GetArgs()
	if len(command) == 0 {
		command = image.Entrypoint
		if len(args) == 0 {
			args = image.Cmd
		}
	}
	return slices.Concat(command, args)
}

func (r *Runtime) containerDir(id string) string { return filepath.Join(r.containersDir(), id) }

// container finds a container by its ID.
func (r *Runtime) container(id string) (*container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.containers[id]; c != nil {
		return c, nil
	}
	return nil, notFound("container", id)
}

// StartContainer runs the container's command. A command that cannot be started is an error, and
// the container has then ended with exit code 128.
func (r *Runtime) StartContainer(ctx context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	r.mu.Lock()
	if c.state != runtimeapi.ContainerState_CONTAINER_CREATED || c.starting || r.closed {
		defer r.mu.Unlock()
		return status.Errorf(codes.Unknown, "failed to set starting state for container %q: container is in %s state", id, c.state)
	}
	c.starting = true
	r.mu.Unlock()
	defer close(c.started)
	if err := r.launch(ctx, c); err != nil {
		message := createTask + err.Error() + ": unknown"
		r.ended(c, exitStartError, message)
		return status.Error(codes.Unknown, message)
	}
	return nil
}

// launch starts the container's main process and somebody who waits for its end.
func (r *Runtime) launch(ctx context.Context, c *container) error {
	if err := r.pass(ctx, c.image.Start); err != nil {
		return err
	}
	log, err := openLog(c.logPath)
	if err != nil {
		return err
	}
	r.mu.Lock()
	network := c.sandbox.network
	r.mu.Unlock()
	if network == nil {
		log.close()
		return errors.New("the network of the sandbox is gone")
	}
	c.sockets, c.streams = network.Sockets(), newStreams(c.config, log)
	c.space = r.newSpace(c)
	if c.main, err = c.space.Start(r.life, c.process(c.argv, c.streams.stdio())); err != nil {
		c.release()
		return err
	}
	if c.streams.tty != nil {
		c.streams.tty.onSignal(c.main.Interrupt)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.state, c.begun = runtimeapi.ContainerState_CONTAINER_RUNNING, r.nowLocked()
	r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_STARTED_EVENT, c.sandbox, c.id)
	r.work.Add(1)
	go r.watch(c)
	c.enforceLocked()
	return nil
}

// enforceLocked makes a container that runs end when it uses more memory than it may.
func (c *container) enforceLocked() {
	if c.state == runtimeapi.ContainerState_CONTAINER_RUNNING {
		c.space.SetMemoryLimit(c.resources.GetLinux().GetMemoryLimitInBytes())
	}
}

// watch waits for the end of a container.
func (r *Runtime) watch(c *container) {
	defer r.work.Done()
	code := c.main.Wait()
	c.release()
	r.ended(c, int32(code), "")
}

// release gives back what a running container holds.
func (c *container) release() {
	c.sockets.Close()
	c.space.Close()
	c.streams.close()
	c.tree.Close()
}

// ended records the end of a container.
func (r *Runtime) ended(c *container, code int32, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.state, c.finished = runtimeapi.ContainerState_CONTAINER_EXITED, r.nowLocked()
	c.exitCode, c.message = code, message
	switch {
	case message != "":
		c.reason = reasonStartError
	case c.space != nil && c.space.OutOfMemory():
		c.reason = reasonOOMKilled
	case code != 0:
		c.reason = reasonError
	default:
		c.reason = reasonCompleted
	}
	close(c.exited)
	r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_STOPPED_EVENT, c.sandbox, c.id)
}

// StopContainer asks the container to stop, and kills it when the timeout in seconds is over. It
// returns when the container has ended. One that has ended, or is gone, is no error.
func (r *Runtime) StopContainer(ctx context.Context, id string, timeout int64) error {
	c, err := r.container(id)
	if err != nil {
		return nil
	}
	return r.stop(ctx, c, time.Duration(timeout)*time.Second)
}

func (r *Runtime) stop(ctx context.Context, c *container, grace time.Duration) error {
	if !r.running(c) {
		return nil
	}
	if grace > 0 {
		c.main.Signal(c.stopSignal())
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-c.exited:
			return nil
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.main.Kill()
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
		return status.Errorf(codes.Unknown, "an error occurs during waiting for container %q to be killed: %v", c.id, ctx.Err())
	}
}

// running says whether there is something to stop. It waits for a start that is under way.
func (r *Runtime) running(c *container) bool {
	r.mu.Lock()
	starting := c.starting
	r.mu.Unlock()
	if !starting {
		return false
	}
	<-c.started
	r.mu.Lock()
	defer r.mu.Unlock()
	return c.state == runtimeapi.ContainerState_CONTAINER_RUNNING
}

func (c *container) stopSignal() shell.Signal {
	if s, ok := shell.ParseSignal(c.stopSignalName()); ok {
		return s
	}
	return shell.SIGTERM
}

// RemoveContainer kills the container if it runs, and removes it with its files, not its log. One
// that is gone is no error.
func (r *Runtime) RemoveContainer(ctx context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return nil
	}
	if err := r.stop(ctx, c, 0); err != nil {
		return err
	}
	r.mu.Lock()
	gone := r.containers[id] == nil
	if !gone {
		r.emitLocked(runtimeapi.ContainerEventType_CONTAINER_DELETED_EVENT, c.sandbox, id)
		delete(r.containers, id)
	}
	r.mu.Unlock()
	if gone {
		return nil
	}
	return r.discard(c)
}

// discard removes a container's files.
func (r *Runtime) discard(c *container) error {
	c.tree.Close()
	if err := os.RemoveAll(r.containerDir(c.id)); err != nil {
		return status.Errorf(codes.Unknown, "failed to remove container root directory: %v", err)
	}
	return nil
}

// ListContainers lists the containers that a filter matches, newest first.
func (r *Runtime) ListContainers(_ context.Context, filter *runtimeapi.ContainerFilter) ([]*runtimeapi.Container, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := []*runtimeapi.Container{}
	for _, c := range r.containers {
		if c.matchesLocked(filter) {
			list = append(list, c.listedLocked())
		}
	}
	slices.SortFunc(list, func(a, b *runtimeapi.Container) int { return int(b.CreatedAt - a.CreatedAt) })
	return list, nil
}

func (c *container) matchesLocked(filter *runtimeapi.ContainerFilter) bool {
	return strings.HasPrefix(c.id, filter.GetId()) &&
		strings.HasPrefix(c.sandbox.id, filter.GetPodSandboxId()) &&
		(filter.GetState() == nil || filter.GetState().GetState() == c.state) &&
		hasLabels(c.config.GetLabels(), filter.GetLabelSelector())
}

func (c *container) listedLocked() *runtimeapi.Container {
	return &runtimeapi.Container{
		Id:           c.id,
		PodSandboxId: c.sandbox.id,
		Metadata:     c.config.GetMetadata(),
		Image:        c.config.GetImage(),
		ImageRef:     c.image.ID,
		ImageId:      c.image.ID,
		State:        c.state,
		CreatedAt:    c.created,
		Labels:       c.config.GetLabels(),
		Annotations:  c.config.GetAnnotations(),
	}
}

// ContainerStatus describes one container.
func (r *Runtime) ContainerStatus(_ context.Context, id string, _ bool) (*runtimeapi.ContainerStatusResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.containers[id]
	if c == nil {
		return nil, notFound("container", id)
	}
	return &runtimeapi.ContainerStatusResponse{Status: r.statusLocked(c)}, nil
}

func (r *Runtime) statusLocked(c *container) *runtimeapi.ContainerStatus {
	return &runtimeapi.ContainerStatus{
		Id:          c.id,
		Metadata:    c.config.GetMetadata(),
		State:       c.state,
		CreatedAt:   c.created,
		StartedAt:   c.begun,
		FinishedAt:  c.finished,
		ExitCode:    c.exitCode,
		Reason:      c.reason,
		Message:     c.message,
		Image:       &runtimeapi.ImageSpec{Image: c.imageName()},
		ImageRef:    c.image.RepoDigests[0],
		ImageId:     c.image.ID,
		Labels:      c.config.GetLabels(),
		Annotations: c.config.GetAnnotations(),
		Mounts:      c.config.GetMounts(),
		LogPath:     c.logPath,
		Resources:   c.resources,
		User:        &runtimeapi.ContainerUser{Linux: &runtimeapi.LinuxContainerUser{SupplementalGroups: []int64{0}}},
		StopSignal:  runtimeapi.Signal(runtimeapi.Signal_value[c.stopSignalName()]),
	}
}

// stopSignalName is the Pod's, else the image's.
func (c *container) stopSignalName() string {
	if s := c.config.GetStopSignal(); s != runtimeapi.Signal_RUNTIME_DEFAULT {
		return s.String()
	}
	return c.image.StopSignal
}

// imageName is the reference that a Pod's status shows: the one the Pod asked for, made complete.
func (c *container) imageName() string {
	asked := images.Normalize(c.config.GetImage().GetUserSpecifiedImage())
	if len(c.image.RepoTags) == 0 || slices.Contains(c.image.RepoTags, asked) {
		return asked
	}
	return c.image.RepoTags[0]
}

// UpdateContainerResources records new resources, which the status then reports. A container that
// uses more memory than its new limit is killed.
func (r *Runtime) UpdateContainerResources(_ context.Context, id string, resources *runtimeapi.ContainerResources) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.containers[id]
	if c == nil {
		return notFound("container", id)
	}
	c.resources = mergeResources(c.resources, resources)
	c.enforceLocked()
	return nil
}

// mergeResources changes what update names: the kubelet sends only what differs.
func mergeResources(old, update *runtimeapi.ContainerResources) *runtimeapi.ContainerResources {
	had, change := old.GetLinux(), update.GetLinux()
	merged := &runtimeapi.LinuxContainerResources{
		CpuPeriod:              had.GetCpuPeriod(),
		CpuQuota:               had.GetCpuQuota(),
		CpuShares:              had.GetCpuShares(),
		MemoryLimitInBytes:     had.GetMemoryLimitInBytes(),
		OomScoreAdj:            had.GetOomScoreAdj(),
		CpusetCpus:             had.GetCpusetCpus(),
		CpusetMems:             had.GetCpusetMems(),
		HugepageLimits:         had.GetHugepageLimits(),
		Unified:                had.GetUnified(),
		MemorySwapLimitInBytes: had.GetMemorySwapLimitInBytes(),
	}
	for _, field := range []struct {
		to   *int64
		from int64
	}{
		{&merged.CpuPeriod, change.GetCpuPeriod()},
		{&merged.CpuQuota, change.GetCpuQuota()},
		{&merged.CpuShares, change.GetCpuShares()},
		{&merged.MemoryLimitInBytes, change.GetMemoryLimitInBytes()},
		{&merged.MemorySwapLimitInBytes, change.GetMemorySwapLimitInBytes()},
	} {
		if field.from != 0 {
			*field.to = field.from
		}
	}
	return &runtimeapi.ContainerResources{Linux: merged}
}

// ReopenContainerLog starts a new log file where the kubelet renamed the old one.
func (r *Runtime) ReopenContainerLog(_ context.Context, id string) error {
	c, err := r.container(id)
	if err != nil {
		return err
	}
	if !r.running(c) {
		return status.Errorf(codes.Unknown, "container is not running")
	}
	if err := c.streams.log.reopen(); err != nil {
		return status.Errorf(codes.Unknown, "failed to reopen log of container %q: %v", id, err)
	}
	return nil
}

// CheckpointContainer is refused, as by a runtime without CRIU.
func (r *Runtime) CheckpointContainer(context.Context, *runtimeapi.CheckpointContainerRequest) error {
	return status.Error(codes.Unimplemented, "checkpoint/restore is not supported")
}
