package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
)

const (
	checksArg       = "__checks" // as k8slab has it
	labArg          = "lab"
	startedVariable = "K8SLAB_BENCH_STARTED" // Unix time in ns at which the process was started
	settleTime      = 10 * time.Second       // after a rollout, before a lab is idle
	idleTime        = 20 * time.Second
	deployment      = "web"
	namespace       = "default"
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
	client, err := newClient(c.Kubeconfig())
	if err != nil {
		return err
	}
	if err := deploy(ctx, client); err != nil {
		return err
	}
	f.Ready = time.Since(time.Unix(0, started)).Seconds()
	worker, err := checks.Start(ctx, checks.WorkerOptions{Argv: []string{self, checksArg}})
	if err != nil {
		return err
	}
	defer worker.Close()
	if f.Rollout, err = timed(func() error { return change(ctx, client, "nginx:1.26", 3) }); err != nil {
		return err
	}
	if f.MemoryMB, f.IdleCPU, err = idle(); err != nil {
		return err
	}
	if f.Scale, err = timed(func() error { return change(ctx, client, "nginx:1.26", 100) }); err != nil {
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

func newClient(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func deploy(ctx context.Context, client *kubernetes.Clientset) error {
	replicas := int32(3)
	labels := map[string]string{"app": deployment}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: deployment},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx:1.25"}}},
			},
		},
	}
	if _, err := client.AppsV1().Deployments(namespace).Create(ctx, d, metav1.CreateOptions{}); err != nil {
		return err
	}
	return waitRolledOut(ctx, client, replicas)
}

// change sets image and replicas and waits until the rollout is complete.
func change(ctx context.Context, client *kubernetes.Clientset, image string, replicas int32) error {
	patch := fmt.Sprintf(`{"spec":{"replicas":%d,"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, replicas, image)
	_, err := client.AppsV1().Deployments(namespace).Patch(ctx, deployment, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return waitRolledOut(ctx, client, replicas)
}

// waitRolledOut watches until what `kubectl rollout status` waits for is true.
func waitRolledOut(ctx context.Context, client *kubernetes.Clientset, replicas int32) error {
	w, err := client.AppsV1().Deployments(namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, deployment).String(),
	})
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		d, ok := event.Object.(*appsv1.Deployment)
		if !ok {
			return fmt.Errorf("watch: %v", event.Object)
		}
		s := d.Status
		if s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == replicas && s.Replicas == replicas && s.AvailableReplicas == replicas {
			return nil
		}
	}
	return fmt.Errorf("the watch ended before the rollout")
}

// idle returns what this process and its children use when nothing happens.
func idle() (memoryMB, cpuPercent float64, err error) {
	time.Sleep(settleTime)
	before, err := cpuSeconds()
	if err != nil {
		return 0, 0, err
	}
	time.Sleep(idleTime)
	after, err := cpuSeconds()
	if err != nil {
		return 0, 0, err
	}
	memoryMB, err = pssMB()
	return memoryMB, 100 * (after - before) / idleTime.Seconds(), err
}

// ours returns the /proc directories of this process and its children.
func ours() ([]string, error) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	self := strconv.Itoa(os.Getpid())
	var found []string
	for _, dir := range all {
		fields, err := statFields(dir)
		if err != nil {
			continue // it has ended meanwhile
		}
		if filepath.Base(dir) == self || fields[1] == self {
			found = append(found, dir)
		}
	}
	return found, nil
}

// statFields returns what follows the program's name in /proc/PID/stat: state, parent, ...
func statFields(dir string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:])), nil
}

func cpuSeconds() (float64, error) {
	dirs, err := ours()
	if err != nil {
		return 0, err
	}
	const ticksPerSecond = 100 // USER_HZ, the same on every Linux that Go supports
	ticks := 0.0
	for _, dir := range dirs {
		fields, err := statFields(dir)
		if err != nil {
			return 0, err
		}
		for _, f := range fields[11:13] { // utime, stime
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return ticks / ticksPerSecond, nil
}

func pssMB() (float64, error) {
	dirs, err := ours()
	if err != nil {
		return 0, err
	}
	kB := 0
	for _, dir := range dirs {
		content, err := os.ReadFile(filepath.Join(dir, "smaps_rollup"))
		if err != nil {
			return 0, err
		}
		for _, line := range strings.Split(string(content), "\n") {
			if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
				n, err := strconv.Atoi(f[1])
				if err != nil {
					return 0, err
				}
				kB += n
			}
		}
	}
	return float64(kB) / 1024, nil
}
