package container

import (
	"context"
	"slices"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// cpuOfRunning is the load of a running container, in nanoseconds per second: 5 millicores. It is
// made up, and steady.
const cpuOfRunning = 5_000_000

// ContainerStats returns made-up but steady numbers for one container.
func (r *Runtime) ContainerStats(_ context.Context, id string) (*runtimeapi.ContainerStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.containers[id]
	if c == nil {
		return nil, notFound("container", id)
	}
	return r.statsLocked(c), nil
}

// ListContainerStats returns the numbers of all running containers that a filter matches.
func (r *Runtime) ListContainerStats(_ context.Context, filter *runtimeapi.ContainerStatsFilter) ([]*runtimeapi.ContainerStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	matching := &runtimeapi.ContainerFilter{
		Id:            filter.GetId(),
		PodSandboxId:  filter.GetPodSandboxId(),
		LabelSelector: filter.GetLabelSelector(),
		State:         &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING},
	}
	list := []*runtimeapi.ContainerStats{}
	for _, c := range r.containers {
		if c.matchesLocked(matching) {
			list = append(list, r.statsLocked(c))
		}
	}
	return list, nil
}

func (r *Runtime) statsLocked(c *container) *runtimeapi.ContainerStats {
	now := time.Now().UnixNano()
	load := c.loadLocked(now)
	return &runtimeapi.ContainerStats{
		Attributes: &runtimeapi.ContainerAttributes{
			Id:          c.id,
			Metadata:    c.config.GetMetadata(),
			Labels:      c.config.GetLabels(),
			Annotations: c.config.GetAnnotations(),
		},
		Cpu:    load.cpu(now),
		Memory: load.memoryUsage(now),
		Swap:   &runtimeapi.SwapUsage{Timestamp: now, SwapUsageBytes: &runtimeapi.UInt64Value{}},
		WritableLayer: &runtimeapi.FilesystemUsage{
			Timestamp:  now,
			FsId:       r.filesystem(),
			UsedBytes:  &runtimeapi.UInt64Value{},
			InodesUsed: &runtimeapi.UInt64Value{},
		},
	}
}

// load is what a container, or all of a Pod, uses.
type load struct {
	nanoCores uint64 // now
	coreTime  uint64 // nanoseconds since the start
	memory    uint64 // bytes
}

func (c *container) loadLocked(now int64) load {
	switch c.state {
	case runtimeapi.ContainerState_CONTAINER_RUNNING:
		return load{
			nanoCores: cpuOfRunning,
			coreTime:  uint64(float64(now-c.begun) / float64(time.Second) * cpuOfRunning),
			memory:    uint64(c.space.Memory()),
		}
	case runtimeapi.ContainerState_CONTAINER_EXITED:
		return load{coreTime: uint64(float64(c.finished-max(c.begun, c.created)) / float64(time.Second) * cpuOfRunning)}
	}
	return load{}
}

func (l load) cpu(now int64) *runtimeapi.CpuUsage {
	return &runtimeapi.CpuUsage{
		Timestamp:            now,
		UsageCoreNanoSeconds: &runtimeapi.UInt64Value{Value: l.coreTime},
		UsageNanoCores:       &runtimeapi.UInt64Value{Value: l.nanoCores},
	}
}

func (l load) memoryUsage(now int64) *runtimeapi.MemoryUsage {
	return &runtimeapi.MemoryUsage{
		Timestamp:       now,
		WorkingSetBytes: &runtimeapi.UInt64Value{Value: l.memory},
		UsageBytes:      &runtimeapi.UInt64Value{Value: l.memory},
		RssBytes:        &runtimeapi.UInt64Value{Value: l.memory},
		AvailableBytes:  &runtimeapi.UInt64Value{},
		PageFaults:      &runtimeapi.UInt64Value{},
		MajorPageFaults: &runtimeapi.UInt64Value{},
	}
}

func (r *Runtime) filesystem() *runtimeapi.FilesystemIdentifier {
	return &runtimeapi.FilesystemIdentifier{Mountpoint: r.options.Dir}
}

// PodSandboxStats returns the sum over the containers of a sandbox.
func (r *Runtime) PodSandboxStats(_ context.Context, id string) (*runtimeapi.PodSandboxStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sandboxes[id]
	if s == nil {
		return nil, notFound("sandbox", id)
	}
	return r.sandboxStatsLocked(s), nil
}

// ListPodSandboxStats returns the numbers of all ready sandboxes that a filter matches.
func (r *Runtime) ListPodSandboxStats(_ context.Context, filter *runtimeapi.PodSandboxStatsFilter) ([]*runtimeapi.PodSandboxStats, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	matching := &runtimeapi.PodSandboxFilter{
		Id:            filter.GetId(),
		LabelSelector: filter.GetLabelSelector(),
		State:         &runtimeapi.PodSandboxStateValue{State: runtimeapi.PodSandboxState_SANDBOX_READY},
	}
	list := []*runtimeapi.PodSandboxStats{}
	for _, s := range r.sandboxes {
		if s.matchesLocked(matching) {
			list = append(list, r.sandboxStatsLocked(s))
		}
	}
	return list, nil
}

func (r *Runtime) sandboxStatsLocked(s *sandbox) *runtimeapi.PodSandboxStats {
	now := time.Now().UnixNano()
	var sum load
	var inside []*runtimeapi.ContainerStats
	for _, c := range r.insideLocked(s.id) {
		l := c.loadLocked(now)
		sum.nanoCores += l.nanoCores
		sum.coreTime += l.coreTime
		sum.memory += l.memory
		inside = append(inside, r.statsLocked(c))
	}
	return &runtimeapi.PodSandboxStats{
		Attributes: &runtimeapi.PodSandboxAttributes{
			Id:          s.id,
			Metadata:    s.config.GetMetadata(),
			Labels:      s.config.GetLabels(),
			Annotations: s.config.GetAnnotations(),
		},
		Linux: &runtimeapi.LinuxPodSandboxStats{
			Cpu:        sum.cpu(now),
			Memory:     sum.memoryUsage(now),
			Process:    &runtimeapi.ProcessUsage{Timestamp: now, ProcessCount: &runtimeapi.UInt64Value{Value: uint64(len(inside))}},
			Containers: slices.Clip(inside),
		},
	}
}

// ListMetricDescriptors has nothing to describe: no metrics beyond the statistics are made up.
func (r *Runtime) ListMetricDescriptors(context.Context) ([]*runtimeapi.MetricDescriptor, error) {
	return nil, nil
}

// ListPodSandboxMetrics has no metrics, as ListMetricDescriptors says.
func (r *Runtime) ListPodSandboxMetrics(context.Context) ([]*runtimeapi.PodSandboxMetrics, error) {
	return nil, nil
}
