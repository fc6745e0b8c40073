package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/plugin"
	"k8s.io/kubectl/pkg/cmd/util"

	_ "github.com/k8slab/k8slab/cmd/k8slab/english"

	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/live"
)

func newKubectlCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl [COMMAND]",
		Short: "Run the kubectl that is built in, on the lab that is running",
		Long: `Run kubectl, which is built in, on the lab that is running. If several are
running it is the one that was started last, or the one that K8SLAB_LAB names. Your own kubeconfig is not used
unless you name it with --kubeconfig.

A link to this program with the name kubectl is kubectl.`,
		Example: `  k8slab kubectl get pods --watch
  k8slab kubectl explain replicaset.spec.template`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			return runLabKubectl(c.Context(), args, s)
		},
	}
}

// runLabKubectl is kubectl with the kubeconfig of a running lab.
func runLabKubectl(ctx context.Context, args []string, s streams) error {
	if namesKubeconfig(args) {
		return verdict(runKubectl(args, s))
	}
	labs, err := labsDir()
	if err != nil {
		return err
	}
	name := os.Getenv(labVariable)
	lab, unknown := currentLab("")
	if unknown == nil && lab.Running {
		name = lab.Name
		touch(lab)
	}
	kubeconfig, err := runner.RunningKubeconfig(labs, name)
	if err == nil {
		// What kubectl learns about a cluster; of a lab's, beside the lab.
		cache := filepath.Join(filepath.Dir(kubeconfig), "kubectl-cache")
		if err := setEnvironment("KUBECONFIG", kubeconfig, "KUBECACHEDIR", cache, "KUBERC", "off"); err != nil {
			return err
		}
		return verdict(runKubectl(args, s))
	}
	if unknown == nil && !lab.Running {
		if session, ended := lab.connect(ctx); ended != nil {
			err = ended
		} else {
			session.Close() // it has come just now
		}
	}
	return runWithoutCluster(args, s, err)
}

// setEnvironment sets variables of this process, which nothing runs in but kubectl, whose defaults
// and aliases of the person's own are off (KUBERC).
func setEnvironment(namesAndValues ...string) error {
	for i := 0; i < len(namesAndValues); i += 2 {
		if err := os.Setenv(namesAndValues[i], namesAndValues[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// runWithoutCluster is kubectl when there is no cluster. There is still help and --dry-run=client; what
// asks a server ends with the reason why there is none.
func runWithoutCluster(args []string, s streams, why error) error {
	if err := setEnvironment("KUBECONFIG", os.DevNull, "KUBERC", "off"); err != nil {
		return err
	}
	flags := genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag()
	flags.WithWrapConfigFn(func(c *rest.Config) *rest.Config {
		if *flags.APIServer == "" { // nobody has named one with --server
			c.Wrap(func(http.RoundTripper) http.RoundTripper { return noServer{s, why} })
		}
		return c
	})
	return verdict(runKubectlCommand(cmd.NewDefaultKubectlCommandWithArgs(cmd.KubectlOptions{
		PluginHandler: cmd.NewDefaultPluginHandler(plugin.ValidPluginFilenamePrefixes),
		Arguments:     append([]string{"kubectl"}, args...),
		ConfigFlags:   flags,
		IOStreams:     genericiooptions.IOStreams{In: s.in, Out: s.out, ErrOut: s.err},
	}), args, s))
}

// noServer is the way to a server that is not there. kubectl would try it several times, and then
// tell of its address.
type noServer struct {
	streams
	why error
}

// RoundTrip ends the process, as kubectl's own errors do.
func (n noServer) RoundTrip(*http.Request) (*http.Response, error) {
	printError(n.streams, n.why, exitFailed)
	os.Exit(exitFailed)
	return nil, n.why
}

// touch tells a lab that it is in use.
func touch(lab knownLab) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if session, err := live.Connect(ctx, lab.Path); err == nil {
		_ = session.Touch(ctx) // it is only about when the lab ends
		session.Close()
	}
}

func namesKubeconfig(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--kubeconfig" || strings.HasPrefix(a, "--kubeconfig=") {
			return true
		}
	}
	return false
}

// runKubectl is kubectl's own main.
func runKubectl(args []string, s streams) int {
	os.Args = append([]string{"kubectl"}, args...) // which plugins are looked for in
	return runKubectlCommand(cmd.NewDefaultKubectlCommand(), args, s)
}

// runKubectlCommand runs a command of kubectl's. Most of kubectl's errors end the
// process from deep inside, and the code there relies on not being returned to; so
// they do here. A signal ends it, as it does any process that asks for nothing else:
// most of kubectl does not look at ours.
func runKubectlCommand(kubectl *cobra.Command, args []string, s streams) int {
	signal.Reset(endingSignals()...)
	os.Args = append([]string{"kubectl"}, args...)
	util.BehaviorOnFatal(func(message string, code int) {
		if message != "" {
			fmt.Fprintln(s.err, strings.TrimSuffix(message, "\n"))
		}
		os.Exit(code)
	})
	if err := cli.RunNoErrOutput(kubectl); err != nil {
		util.CheckErr(err)
	}
	return exitPassed
}
