package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"github.com/k8slab/k8slab/hack/internal/proc"
	"github.com/k8slab/k8slab/hack/internal/workload"
)

// The bar of the first part. Fewer Pods have the same time: the bar is for many.
// They are replicas of several Deployments, as they would be in a lesson.
const (
	scaleNodes       = 3
	scaleBar         = 60 * time.Second
	scaleDeployments = 10
)

// scale times how long many Pods take on an empty lab.
func (s soak) scale(ctx context.Context) (err error) {
	if s.pods == 0 {
		return nil
	}
	c, err := s.start(ctx, scaleNodes)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	client, err := workload.NewClient(c.Kubeconfig())
	if err != nil {
		return err
	}
	before, err := usage()
	if err != nil {
		return err
	}
	started := time.Now()
	if err := s.deployments(client, func(d workload.Deployment, replicas int32) error { return d.Create(ctx, "nginx:1.25", replicas) }); err != nil {
		return err
	}
	took := time.Since(started)
	full, err := usage()
	if err != nil {
		return err
	}
	time.Sleep(idleTime / 5)
	idle, err := usage()
	if err != nil {
		return err
	}
	time.Sleep(idleTime)
	later, err := usage()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d Pods on %d nodes\n", s.pods, scaleNodes)
	fmt.Fprintf(s.out, "Ready after %.1f s (bar %.0f s), with %.0f s of CPU\n", took.Seconds(), scaleBar.Seconds(), full.cpu-before.cpu)
	mb, entries, err := proc.Disk(s.labDir())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "memory %.0f MB, before them %.0f MB; idle CPU %.1f %% of a core; disk %.0f MB in %d files and directories\n",
		later.memory, before.memory, 100*(later.cpu-idle.cpu)/idleTime.Seconds(), mb, entries)
	started = time.Now()
	if err := s.deployments(client, func(d workload.Deployment, _ int32) error { return d.Change(ctx, "nginx:1.25", 0) }); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "gone after %.1f s\n\n", time.Since(started).Seconds())
	if took > scaleBar {
		return fmt.Errorf("%d Pods were Ready after %s, the bar is %s", s.pods, took, scaleBar)
	}
	return nil
}

// deployments does something with all of them at the same time.
func (s soak) deployments(client *kubernetes.Clientset, do func(d workload.Deployment, replicas int32) error) error {
	var all errgroup.Group
	for i := range scaleDeployments {
		replicas := int32(s.pods*(i+1)/scaleDeployments - s.pods*i/scaleDeployments)
		all.Go(func() error { return do(workload.Deployment{Client: client, Name: fmt.Sprintf("web-%d", i)}, replicas) })
	}
	return all.Wait()
}

const idleTime = 10 * time.Second

// used is what the lab's process uses.
type used struct{ cpu, memory float64 } // in s and MB

func usage() (u used, err error) {
	processes, err := proc.Children()
	if err != nil {
		return u, err
	}
	if u.cpu, err = processes.CPUSeconds(); err != nil {
		return u, err
	}
	u.memory, err = processes.PSS()
	return u, err
}
