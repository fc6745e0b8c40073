// Command pace measures what docs/pace.md states: whether verdicts on Jobs are
// the same when time is compressed and the machine is busy.
//
//	pace [-runs 20] [-paces 1,5,10] [-cluster embedded|kind]
//
// Each pace has a cluster of its own, in which a few Jobs of each kind at a time
// run side by side while a second process keeps every processor busy. It prints
// how far the gaps between attempts were from what Kubernetes documents, and how
// many verdicts flipped.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
	"github.com/k8slab/k8slab/internal/cluster/kind"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

const (
	namespace = "default"
	burnArg   = "burn"          // makes this program the load
	quiet     = 2 * time.Second // without an event, after which the Jobs have settled
	patience  = 10 * time.Minute
	together  = 5 // trials of a kind at a time
)

func main() {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case embedded.ProcessArg:
			os.Exit(embedded.Main(os.Stdin, os.Stdout))
		case burnArg:
			burn(os.Stdin)
			return
		}
	}
	flags := flag.NewFlagSet("pace", flag.ExitOnError) // the default one has Kubernetes' own
	runs := flags.Int("runs", 20, "Jobs of each kind")
	paces := flags.String("paces", "1,5,10", "paces to measure, embedded only")
	provider := flags.String("cluster", "embedded", "embedded or kind")
	_ = flags.Parse(os.Args[1:]) // it exits
	if err := run(context.Background(), *provider, *paces, *runs, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "pace:", err)
		os.Exit(1)
	}
}

// burn keeps every processor busy until in ends.
func burn(in io.Reader) {
	for range runtime.NumCPU() {
		go func() {
			for i := 0; ; i++ {
				runtime.KeepAlive(i) // the loop has to cost something
			}
		}()
	}
	_, _ = io.Copy(io.Discard, in)
}

func run(ctx context.Context, provider, paces string, runs int, out, talk io.Writer) error {
	if provider == "kind" {
		paces = "1"
	}
	for word := range strings.SplitSeq(paces, ",") {
		pace, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return fmt.Errorf("-paces: %w", err)
		}
		fmt.Fprintf(talk, "pace: %s at pace %v\n", provider, pace)
		recorded, err := measure(ctx, provider, pace, runs)
		if err != nil {
			return err
		}
		report(out, provider, pace, runs, recorded)
	}
	return nil
}

// measure runs the Jobs of all trials at one pace, under load, and returns what
// was recorded.
func measure(ctx context.Context, provider string, pace float64, runs int) (_ *timeline.Timeline, err error) {
	dir, err := os.MkdirTemp("", "k8slab-pace-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	c, err := create(ctx, provider, dir, pace)
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	r, err := recorder.Start(ctx, recorder.Options{Config: config, Out: io.Discard, Header: timeline.Header{Lesson: "pace", Cluster: provider, Pace: pace}})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	stop, err := load()
	if err != nil {
		return nil, err
	}
	defer stop()
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for first := 0; first < runs; first += together {
		for i := first; i < min(first+together, runs); i++ {
			for _, t := range trials() {
				if _, err := client.BatchV1().Jobs(namespace).Create(ctx, t.job(i), metav1.CreateOptions{}); err != nil {
					return nil, err
				}
			}
		}
		if err := r.WaitSettled(limited, quiet); err != nil {
			return nil, fmt.Errorf("wait until the Jobs have ended: %w", err)
		}
	}
	return r.Timeline(), nil
}

func create(ctx context.Context, provider, dir string, pace float64) (cluster.Cluster, error) {
	spec := cluster.Spec{Lab: "pace", Dir: filepath.Join(dir, "lab"), Nodes: 2, Pace: pace}
	if err := os.Mkdir(spec.Dir, 0o700); err != nil {
		return nil, err
	}
	if provider == "kind" {
		return kind.Provider{Image: os.Getenv("K8SLAB_KIND_IMAGE")}.Create(ctx, spec, nil)
	}
	return embedded.Provider{CacheDir: filepath.Join(dir, "cache")}.Create(ctx, spec, nil)
}

// load starts a second process that keeps the machine busy.
func load() (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(self, burnArg)
	if _, err := c.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}, nil
}
