// Package sameness plays stories on a cluster and compares what a recorder saw of each with
// the shape that the story has on every cluster: which Pods came and went, in which order
// what became true of them, what controllers and the kubelet said.
//
// A [Story] is a txtar file in testdata: a comment, numbered steps, and the shape. What a
// cluster may show in another way than the others stands in lines that begin with the
// provider's name; docs/embedded-vs-kind.md has the reason of each. With -update a test
// that calls [Run] writes the shapes anew.
//
// [Shape] is a pure function of a timeline. What depends on nothing but speed is not in it:
// times, names that are made up, how often something was said, what one kubelet
// reports in two updates and another in one.
//
// Deliberately absent: fields that no lesson looks at, such as the resources and users in a
// container's status, and everything outside the story's namespace.
package sameness

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

var update = flag.Bool("update", false, "write the shapes of the stories of package sameness anew")

// atOnce is how many stories are played at the same time. They wait for timers more than
// for processors.
const atOnce = 12

// Run plays all stories on a cluster with two nodes for Pods, as a test each. The provider
// is the one that lines of a shape may be for.
func Run(t *testing.T, c cluster.Cluster, provider string) {
	stories, err := Stories()
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	// Parallel tests would be as many as there are processors.
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, s := range stories {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			t.Run(s.Name, func(t *testing.T) { test(t, s, config, provider) })
		})
	}
	running.Wait()
}

// attempts is how often a story is played that is not what it should be. What is chance
// seldom comes twice: docs/embedded-vs-kind.md has what was seen.
const attempts = 2

// test plays a story and compares its shape, or writes it.
func test(t *testing.T, s *Story, config *rest.Config, provider string) {
	want := s.Shape.Of(provider)
	for attempt := 1; ; attempt++ {
		got := play(t, s, config, provider)
		diff := difference(want, got)
		switch {
		case diff == "":
			return
		case *update:
			t.Logf("the shape has changed:\n%s", diff)
			s.Shape = s.Shape.With(provider, got)
			if err := os.WriteFile(filepath.Join(source, s.Name+".txtar"), s.Format(), 0o644); err != nil {
				t.Error(err)
			}
			return
		case attempt == attempts:
			t.Errorf("%s is not what the story has:\n%s", provider, diff)
			return
		}
		t.Logf("played again, because this time it was not what the story has:\n%s", diff)
	}
}

// play plays a story in a namespace of its own and returns its shape.
func play(t *testing.T, s *Story, config *rest.Config, provider string) []string {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	stage := newStage(t, client)
	file := recording(t, s.Name+"."+provider)
	stage.recorder, err = recorder.Start(t.Context(), recorder.Options{
		Config: config, Out: file, Namespace: stage.namespace,
		Header: timeline.Header{Lesson: s.Name, Lab: "sameness", Cluster: provider},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stage.recorder.Close(); err != nil {
			t.Error(err)
		}
		file.Close()
	}()
	for _, step := range s.Steps {
		if err := stage.do(step); err != nil {
			t.Fatalf("step %s: %v", step, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), stepLimit)
	defer cancel()
	if err := stage.recorder.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	return Shape(stage.recorder.Timeline(), stage.namespace)
}

// recording makes the file of a recording, in the directory that the variable
// K8SLAB_SAMENESS_KEEP names, or in one that goes with the test.
func recording(t *testing.T, name string) *os.File {
	t.Helper()
	dir := os.Getenv("K8SLAB_SAMENESS_KEEP")
	if dir == "" {
		dir = t.TempDir()
	}
	file, err := os.CreateTemp(dir, name+".*.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// source is where the stories are for the tests of a provider, whose packages are beside
// package clustertest.
const source = "../clustertest/sameness/testdata"

// Limits and pauses of a story.
const (
	stepLimit = 3 * time.Minute
	quiet     = 1500 * time.Millisecond // Events come a moment after what they tell of
)
