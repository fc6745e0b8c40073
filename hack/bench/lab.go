package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/k8slab/k8slab/hack/internal/proc"
	"github.com/k8slab/k8slab/hack/internal/workload"
	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
)

const (
	checksArg       = "__checks" // as k8slab has it
	labArg          = "lab"
	startedVariable = "K8SLAB_BENCH_STARTED" // Unix time in ns at which the process was started
	settleTime      = 30 * time.Second       // after a rollout, before a lab is idle: old Pods leave, caches expire
	idleTime        = 20 * time.Second
)

// labFigures are what one lab was measured at; times in seconds.
type labFigures struct {
	Nodes, Ready, Rollout, Scale, Stop float64
	MemoryMB                           float64
	IdleCPU                            float64 // percent of a core
}

func measureLab(ctx context.Context, cache string, out io.Writer) (err error) {
	started, err := strconv.ParseInt(os.Getenv(startedVariable), 10, 64)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "k8slab-bench-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c, err := embedded.Provider{CacheDir: cache}.Create(ctx, cluster.Spec{Lab: "bench", Dir: dir, Nodes: 2}, nil)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	f := labFigures{Nodes: time.Since(time.Unix(0, started)).Seconds()}
	client, err := workload.NewClient(c.Kubeconfig())
	if err != nil {
		return err
	}
	web := workload.Deployment{Client: client, Name: "web"}
	if err := web.Create(ctx, "nginx:1.25", 3); err != nil {
		return err
	}
	f.Ready = time.Since(time.Unix(0, started)).Seconds()
	worker, err := checks.Start(ctx, checks.WorkerOptions{Argv: []string{self, checksArg}})
	if err != nil {
		return err
	}
	defer worker.Close()
	if f.Rollout, err = timed(func() error { return web.Change(ctx, "nginx:1.26", 3) }); err != nil {
		return err
	}
	if f.MemoryMB, f.IdleCPU, err = idle(); err != nil {
		return err
	}
	if f.Scale, err = timed(func() error { return web.Change(ctx, "nginx:1.26", 100) }); err != nil {
		return err
	}
	if f.Stop, err = timed(func() error { return c.Close(ctx) }); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f)
}

func timed(f func() error) (float64, error) {
	started := time.Now()
	err := f()
	return time.Since(started).Seconds(), err
}

// idle returns what this process and its children use when nothing happens.
func idle() (memoryMB, cpuPercent float64, err error) {
	time.Sleep(settleTime)
	processes, err := proc.Ours()
	if err != nil {
		return 0, 0, err
	}
	before, err := processes.CPUSeconds()
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(idleTime)
	after, err := processes.CPUSeconds()
	if err != nil {
		return 0, 0, err
	}
	memoryMB, err = processes.PSS()
	return memoryMB, 100 * (after - before) / idleTime.Seconds(), err
}
