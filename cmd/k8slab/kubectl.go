package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
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
		RunE: func(_ *cobra.Command, args []string) error {
			return runLabKubectl(args, s)
		},
	}
}

// runLabKubectl is kubectl with the kubeconfig of a running lab.
func runLabKubectl(args []string, s streams) error {
	if namesKubeconfig(args) {
		return verdict(runKubectl(args, s, ""))
	}
	labs, err := labsDir()
	if err != nil {
		return err
	}
	name := os.Getenv(labVariable)
	if lab, err := currentLab(""); err == nil && lab.Running {
		name = lab.Name
		touch(lab)
	}
	kubeconfig, err := runner.RunningKubeconfig(labs, name)
	if err != nil {
		// Without a cluster there is still help, explain and --dry-run=client;
		// what needs one fails, and then the reason is worth printing.
		return withEnvironment(map[string]string{"KUBECONFIG": os.DevNull, "KUBERC": "off"}, args, s, fmt.Sprintf("%v.", err))
	}
	return withEnvironment(map[string]string{
		"KUBECONFIG": kubeconfig,
		"KUBERC":     "off", // the person's own defaults and aliases
		// What kubectl learns about a cluster; of a lab's, beside the lab.
		"KUBECACHEDIR": filepath.Join(filepath.Dir(kubeconfig), "kubectl-cache"),
	}, args, s, "")
}

// withEnvironment runs kubectl in this process, which nothing else runs in.
func withEnvironment(environment map[string]string, args []string, s streams, hint string) error {
	for name, value := range environment {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return verdict(runKubectl(args, s, hint))
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

// runKubectl is kubectl's own main, which prints a hint when it fails. A signal ends it, as
// it does any process that asks for nothing else: most of kubectl does not look at ours.
func runKubectl(args []string, s streams, hint string) int {
	signal.Reset(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	os.Args = append([]string{"kubectl"}, args...) // which plugins are looked for in
	return runKubectlCommand(cmd.NewDefaultKubectlCommand(), args, s, hint)
}

// runKubectlCommand runs a command of kubectl's. Most of kubectl's errors end the
// process from deep inside, and the code there relies on not being returned to; so
// they do here.
func runKubectlCommand(kubectl *cobra.Command, args []string, s streams, hint string) int {
	os.Args = append([]string{"kubectl"}, args...)
	util.BehaviorOnFatal(func(message string, code int) {
		if message != "" {
			fmt.Fprintln(s.err, strings.TrimSuffix(message, "\n"))
		}
		printHint(s, hint)
		os.Exit(code)
	})
	if err := cli.RunNoErrOutput(kubectl); err != nil {
		util.CheckErr(err)
	}
	return exitPassed
}
