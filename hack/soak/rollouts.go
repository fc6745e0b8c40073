package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/k8slab/k8slab/hack/internal/proc"
	"github.com/k8slab/k8slab/hack/internal/workload"
)

const (
	rolloutNodes    = 2
	rolloutReplicas = 3
	rolloutSamples  = 40
)

// cachesFill is how long rollouts go on before the first that counts. The API server's
// watch caches keep at least 75 s of changes, and grow by doubling (k8s.io/apiserver,
// pkg/storage/cacher: DefaultEventFreshDuration, resizeCacheLocked): at a steady
// rate they are full after 150 s. What they then hold is stated in docs/soak.md.
const cachesFill = 150 * time.Second

// rollOut samples a lab over many rollouts.
func (s soak) rollOut(ctx context.Context) error {
	if s.rollouts == 0 {
		return nil
	}
	c, err := s.start(ctx, rolloutNodes)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	client, err := workload.NewClient(c.Kubeconfig())
	if err != nil {
		return err
	}
	web := workload.Deployment{Client: client, Name: "web"}
	if err := web.Create(ctx, "nginx:1.25", rolloutReplicas); err != nil {
		return err
	}
	before, err := memoryOfChildren()
	if err != nil {
		return err
	}
	filled := 0 // rollouts
	for begun := time.Now(); time.Since(begun) < cachesFill; filled++ {
		if err := web.Restart(ctx, filled, rolloutReplicas); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.talk, "soak: caches filled by %d rollouts\n", filled)
	goroutines := &series{what: "goroutines", allow: 30}
	files := &series{what: "open files", allow: 10}
	memory := &series{what: "memory (PSS)", unit: "MB", allow: 60} // the store is mapped: its file's growth and 20
	disk := &series{what: "disk", unit: "MB", allow: 40}
	entries := &series{what: "files and directories", allow: 200}
	every := max(1, s.rollouts/rolloutSamples)
	started := time.Now()
	for i := range s.rollouts {
		if err := web.Restart(ctx, filled+i, rolloutReplicas); err != nil {
			return err
		}
		if i%every != 0 {
			continue
		}
		if err := s.sample(ctx, client, goroutines, files, memory, disk, entries); err != nil {
			return err
		}
		fmt.Fprintf(s.talk, "soak: rollout %d of %d: %.0f MB of memory, %.0f files and directories\n",
			i+1, s.rollouts, memory.last(), entries.last())
	}
	title := fmt.Sprintf("%d rollouts of %d replicas on %d nodes, %.2f s each, after %d that fill caches, from %.0f MB of memory",
		s.rollouts, rolloutReplicas, rolloutNodes, time.Since(started).Seconds()/float64(s.rollouts), filled, before)
	return s.print(title, []*series{goroutines, files, memory, disk, entries})
}

// sample looks at the process of the lab and at its directory.
func (s soak) sample(ctx context.Context, client *kubernetes.Clientset, goroutines, files, memory, disk, entries *series) error {
	processes, err := proc.Children()
	if err != nil {
		return err
	}
	n, err := goroutinesOf(ctx, client)
	if err != nil {
		return err
	}
	open, err := processes.OpenFiles()
	if err != nil {
		return err
	}
	pss, err := processes.PSS()
	if err != nil {
		return err
	}
	mb, count, err := proc.Disk(s.labDir())
	if err != nil {
		return err
	}
	for _, v := range []struct {
		of    *series
		value float64
	}{{goroutines, n}, {files, float64(open)}, {memory, pss}, {disk, mb}, {entries, float64(count)}} {
		v.of.values = append(v.of.values, v.value)
	}
	return nil
}

// memoryOfChildren is the memory of the processes that this one has started, in MB.
func memoryOfChildren() (float64, error) {
	processes, err := proc.Children()
	if err != nil {
		return 0, err
	}
	return processes.PSS()
}

// goroutinesOf asks the API server, which counts those of its whole process.
func goroutinesOf(ctx context.Context, client *kubernetes.Clientset) (float64, error) {
	metrics, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	const name = "\ngo_goroutines "
	_, after, found := bytes.Cut(metrics, []byte(name))
	if !found {
		return 0, fmt.Errorf("the API server has no metric %q", name)
	}
	value, _, _ := bytes.Cut(after, []byte("\n"))
	return strconv.ParseFloat(string(value), 64)
}
