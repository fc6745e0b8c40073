// Command k8slab teaches Kubernetes in the terminal: lessons that run on a real
// cluster, and checks that judge what really happened there.
//
// This package is the command line: one file per verb, the choice of cluster
// and presenter, and the exit code. What a verb does is in internal/runner.
package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
	"github.com/k8slab/k8slab/internal/runner"
)

// streams are where a command reads and writes: data goes to out, talk to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(context.Background(), os.Args, streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run is the program without the process around it. Under the name kubectl it is
// kubectl, and hidden arguments make it the process of a lab, of a cluster, of a
// check worker, or the kubectl of a lab, which k8slab starts by executing itself.
func run(ctx context.Context, args []string, s streams) int {
	name := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	switch {
	case name == "kubectl":
		return runKubectl(args[1:], s)
	case len(args) == 2 && args[1] == runner.KubectlArg:
		return serveRestrictedKubectl(s)
	case len(args) == 2 && args[1] == embedded.ProcessArg:
		return embedded.Main(s.in, s.out)
	case len(args) == 2 && args[1] == checksArg:
		return checks.Main(s.in, s.out)
	case len(args) == 2 && args[1] == labArg:
		return runLab(ctx, s)
	}
	return runCommand(ctx, args[1:], s)
}

// checksArg is the hidden first argument of the process that runs check scripts.
const checksArg = "__checks"
