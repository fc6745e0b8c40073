// Command bench measures what docs/benchmarks.md states:
//
//	bench PATH-TO-K8SLAB
//	bench verdicts PATH-TO-K8SLAB    only how soon a session has a verdict
//	bench kind PATH-TO-KIND          clusters of kind, with and without k8slab
//
// Every figure is the median of five runs, each in processes of its own. It
// prints a table; nothing fails because it is slow.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	_ "k8s.io/kubectl/pkg/cmd"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
)

const runs = 5

// row is one line of the table.
type row struct {
	what   string
	unit   string
	bar    string
	values []float64
}

// main is also the processes that it measures, as k8slab is: so they share the
// pages of one binary, as there. kubectl is linked to make it as large.
func main() {
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case embedded.ProcessArg:
			os.Exit(embedded.Main(os.Stdin, os.Stdout))
		case checksArg:
			os.Exit(checks.Main(os.Stdin, os.Stdout))
		}
	}
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, talk io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == labArg:
		return measureLab(ctx, args[1], out)
	case len(args) == 2 && args[0] == verdictsArg:
		return onlyVerdicts(ctx, args[1], out)
	case len(args) == 2 && args[0] == kindArg:
		return measureKind(ctx, args[1], out, talk)
	case len(args) != 1:
		return fmt.Errorf("usage: bench [%s] PATH-TO-K8SLAB, or bench %s PATH-TO-KIND", verdictsArg, kindArg)
	}
	binary, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	rows, err := measure(ctx, binary, talk)
	if err != nil {
		return err
	}
	return print(out, rows)
}

func measure(ctx context.Context, binary string, talk io.Writer) ([]row, error) {
	cache, err := os.MkdirTemp("", "k8slab-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(cache)
	rows := []row{
		{what: "start to 3 Pods Ready, 2 nodes, no seed", unit: "s", bar: "3.5"},
		{what: "start to 3 Pods Ready, 2 nodes, from the seed", unit: "s", bar: "2.0"},
		{what: "rolling update of 3 replicas", unit: "s", bar: "2.0"},
		{what: "3 to 100 Pods Ready", unit: "s", bar: "8.0"},
		{what: "memory, 2 nodes idle, sum of PSS", unit: "MB", bar: "400"},
		{what: "CPU, 2 nodes idle, of a core", unit: "%", bar: "3"},
		{what: "stop", unit: "s", bar: "1.5"},
		{what: "k8slab list", unit: "s", bar: "0.15"},
		{what: "k8slab version, which only initialises packages", unit: "s"},
	}
	verdicts, err := measureVerdicts(ctx, binary, cache)
	if err != nil {
		return nil, err
	}
	rows = append(rows, verdicts...)
	for i := range runs {
		fmt.Fprintf(talk, "bench: run %d of %d\n", i+1, runs)
		if err := os.RemoveAll(cache); err != nil {
			return nil, err
		}
		list, err := timeCommand(ctx, binary, "list")
		if err != nil {
			return nil, err
		}
		nothing, err := timeCommand(ctx, binary, "version")
		if err != nil {
			return nil, err
		}
		cold, err := runLab(ctx, cache, talk)
		if err != nil {
			return nil, err
		}
		warm, err := runLab(ctx, cache, talk)
		if err != nil {
			return nil, err
		}
		for j, v := range []float64{cold.Ready, warm.Ready, warm.Rollout, warm.Scale, warm.MemoryMB, warm.IdleCPU, warm.Stop, list, nothing} {
			rows[j].values = append(rows[j].values, v)
		}
	}
	return rows, nil
}

// runLab starts this program again, so that its start is part of what is timed,
// as that of k8slab is for a person.
func runLab(ctx context.Context, cache string, talk io.Writer) (labFigures, error) {
	self, err := os.Executable()
	if err != nil {
		return labFigures{}, err
	}
	var figures labFigures
	process := exec.CommandContext(ctx, self, labArg, cache)
	process.Stderr = talk
	process.Env = append(os.Environ(), fmt.Sprintf("%s=%d", startedVariable, time.Now().UnixNano()))
	output, err := process.Output()
	if err != nil {
		return labFigures{}, fmt.Errorf("run a lab: %w", err)
	}
	return figures, json.Unmarshal(output, &figures)
}

func timeCommand(ctx context.Context, binary, verb string) (float64, error) {
	started := time.Now()
	err := exec.CommandContext(ctx, binary, verb).Run()
	return time.Since(started).Seconds(), err
}

func print(w io.Writer, rows []row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tmedian\tmin\tmax\tbar\tunit")
	for _, r := range rows {
		slices.SortFunc(r.values, cmp.Compare[float64])
		n := len(r.values)
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%s\t%s\n", r.what, r.values[n/2], r.values[0], r.values[n-1], r.bar, r.unit)
	}
	return table.Flush()
}
