package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/kind"
)

const (
	kindArg     = "kind"
	kindRuns    = 3
	kindNodes   = 2
	kindCluster = "k8slab-bench-upstream"
)

// measureKind compares our clusters with those that kind itself makes of the same
// configuration and image, in turns, so that both have the same machine.
//
//	bench kind PATH-TO-KIND
//
// Where kind waits for the control plane only, we wait for all nodes and for the
// default service account; that is part of the difference.
func measureKind(ctx context.Context, program string, out, talk io.Writer) error {
	dir, err := os.MkdirTemp("", "k8slab-bench-kind-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	provider := kind.Provider{Image: os.Getenv("K8SLAB_KIND_IMAGE")}
	config, err := kind.Config(ctx, kindNodes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), config, 0o600); err != nil {
		return err
	}
	rows := []row{
		{what: "kind create cluster --wait, 3 containers", unit: "s", bar: "-"},
		{what: "the same by k8slab", unit: "s", bar: "-"},
		{what: "more than kind, per run", unit: "s", bar: "2.0"},
		{what: "kind delete cluster", unit: "s", bar: "-"},
		{what: "the same by k8slab", unit: "s", bar: "-"},
	}
	for i := range kindRuns {
		fmt.Fprintf(talk, "bench: run %d of %d\n", i+1, kindRuns)
		create, remove, err := upstream(ctx, program, dir, provider.NodeImage(), talk)
		if err != nil {
			return err
		}
		ourCreate, ourRemove, err := ours(ctx, provider, dir)
		if err != nil {
			return err
		}
		for j, v := range []float64{create, ourCreate, ourCreate - create, remove, ourRemove} {
			rows[j].values = append(rows[j].values, v)
		}
	}
	return print(out, rows)
}

// upstream has kind make and remove a cluster.
func upstream(ctx context.Context, program, dir, image string, talk io.Writer) (create, remove float64, err error) {
	kubeconfig := filepath.Join(dir, "upstream")
	kind := func(args ...string) error {
		c := exec.CommandContext(ctx, program, append(args, "--name", kindCluster, "--kubeconfig", kubeconfig)...)
		c.Stdout, c.Stderr = talk, talk
		return c.Run()
	}
	create, err = timed(func() error {
		return kind("create", "cluster", "--wait", "5m", "--image", image, "--config", filepath.Join(dir, "config.yaml"))
	})
	remove, deleteErr := timed(func() error { return kind("delete", "cluster") })
	return create, remove, errors.Join(err, deleteErr)
}

// ours makes and removes one as a lab does.
func ours(ctx context.Context, p kind.Provider, dir string) (create, remove float64, err error) {
	lab, err := os.MkdirTemp(dir, "lab-")
	if err != nil {
		return 0, 0, err
	}
	started := time.Now()
	c, err := p.Create(ctx, cluster.Spec{Lab: "bench", Dir: lab, Nodes: kindNodes}, nil)
	if err != nil {
		return 0, 0, err
	}
	create = time.Since(started).Seconds()
	remove, err = timed(func() error { return c.Close(ctx) })
	return create, remove, err
}
