// Command soak wears the embedded cluster out, as docs/soak.md states:
//
//	soak [-pods 1000] [-rollouts 200] [-starts 50]
//
// It runs many Pods on three nodes, many rollouts in a row in one lab, and many
// labs one after another. It fails when the Pods are not Ready in time, or when
// goroutines, files, memory or disk grew by more than is allowed. A number of 0
// leaves a part out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
)

// main is also the clusters that it starts, as k8slab is.
func main() {
	if len(os.Args) == 2 && os.Args[1] == embedded.ProcessArg {
		os.Exit(embedded.Main(os.Stdin, os.Stdout))
	}
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak is one run of this program.
type soak struct {
	dir  string // for labs and the cache
	out  io.Writer
	talk io.Writer

	pods, rollouts, starts int
}

func run(ctx context.Context, args []string, out, talk io.Writer) error {
	s := soak{out: out, talk: talk}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.IntVar(&s.pods, "pods", 1000, "how many Pods to run on three nodes")
	flags.IntVar(&s.rollouts, "rollouts", 200, "how many rollouts to make in one lab")
	flags.IntVar(&s.starts, "starts", 50, "how many labs to start and stop")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if s.dir, err = os.MkdirTemp("", "k8slab-soak-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	// One part that fails is no reason not to look at the others.
	return errors.Join(s.scale(ctx), s.rollOut(ctx), s.startAndStop(ctx))
}

// start starts a lab. The caller closes it.
func (s soak) start(ctx context.Context, nodes int) (cluster.Cluster, error) {
	if err := os.MkdirAll(s.labDir(), 0o700); err != nil {
		return nil, err
	}
	return embedded.Provider{CacheDir: filepath.Join(s.dir, "cache")}.
		Create(ctx, cluster.Spec{Lab: "soak", Dir: s.labDir(), Nodes: nodes}, nil)
}

func (s soak) labDir() string { return filepath.Join(s.dir, "lab") }

// print shows what was sampled, and returns an error if anything grew too much.
func (s soak) print(title string, all []*series) error {
	fmt.Fprintf(s.out, "%s\n", title)
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tfirst\tmean\tlast\tgrowth\tallowed\tunit")
	var failed []error
	for _, v := range all {
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%.1f\t%+.1f\t%.1f\t%s\n", v.what, v.values[0], mean(v.steady()), v.last(), v.growth(), v.allow, v.unit)
		if v.grewTooMuch() {
			failed = append(failed, fmt.Errorf("%s: %s grew by %.1f %s, allowed are %.1f", title, v.what, v.growth(), v.unit, v.allow))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	return errors.Join(failed...)
}
