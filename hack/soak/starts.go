package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/k8slab/k8slab/hack/internal/proc"
	"github.com/k8slab/k8slab/hack/internal/workload"
)

// startAndStop samples this process, which starts labs and stops them, and what
// they leave behind.
func (s soak) startAndStop(ctx context.Context) error {
	if s.starts == 0 {
		return nil
	}
	goroutines := &series{what: "goroutines", allow: 2}
	files := &series{what: "open files", allow: 2}
	memory := &series{what: "memory (PSS)", unit: "MB", allow: 10}
	disk := &series{what: "disk", unit: "MB", allow: 1}
	entries := &series{what: "files and directories", allow: 1}
	started := time.Now()
	for i := range s.starts {
		if err := s.startOnce(ctx); err != nil {
			return fmt.Errorf("start %d: %w", i+1, err)
		}
		left, err := proc.Children()
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return fmt.Errorf("start %d: processes are left: %v", i+1, left)
		}
		if err := s.sampleSelf(goroutines, files, memory, disk, entries); err != nil {
			return err
		}
		fmt.Fprintf(s.talk, "soak: start %d of %d\n", i+1, s.starts)
	}
	title := fmt.Sprintf("%d starts, to %d Pods Ready on %d nodes, and stops, %.2f s each", s.starts, rolloutReplicas, rolloutNodes,
		time.Since(started).Seconds()/float64(s.starts))
	return s.print(title, []*series{goroutines, files, memory, disk, entries})
}

func (s soak) startOnce(ctx context.Context) error {
	c, err := s.start(ctx, rolloutNodes)
	if err != nil {
		return err
	}
	client, err := workload.NewClient(c.Kubeconfig())
	if err != nil {
		return err
	}
	if err := (workload.Deployment{Client: client, Name: "web"}).Create(ctx, "nginx:1.25", rolloutReplicas); err != nil {
		return err
	}
	return c.Close(ctx)
}

func (s soak) sampleSelf(goroutines, files, memory, disk, entries *series) error {
	runtime.GC()
	self := proc.Processes{fmt.Sprintf("/proc/%d", os.Getpid())}
	open, err := self.OpenFiles()
	if err != nil {
		return err
	}
	pss, err := self.PSS()
	if err != nil {
		return err
	}
	mb, count, err := proc.Disk(s.dir)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		of    *series
		value float64
	}{{goroutines, float64(runtime.NumGoroutine())}, {files, float64(open)}, {memory, pss}, {disk, mb}, {entries, float64(count)}} {
		v.of.values = append(v.of.values, v.value)
	}
	return nil
}
