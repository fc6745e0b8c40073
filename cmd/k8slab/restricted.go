package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/k8slab/k8slab/cmd/k8slab/restrict"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/warm"
)

// serveRestrictedKubectl is kubectl for commands that somebody else has written, as
// runner.KubectlArg has it.
func serveRestrictedKubectl(s streams) int {
	exit, err := warm.Serve(func(args []string, files warm.Files) int {
		// kubectl takes its streams from here in some places.
		os.Stdin, os.Stdout, os.Stderr = files.Stdin, files.Stdout, files.Stderr
		return runRestrictedKubectl(args, streams{files.Stdin, files.Stdout, files.Stderr}, files.Report)
	})
	if err != nil {
		fmt.Fprintf(s.err, "k8slab: error: %v\n", err)
		return exitBroken
	}
	return exit
}

// runRestrictedKubectl runs a command in the copy of a workspace.
func runRestrictedKubectl(args []string, s streams, report io.Writer) int {
	var rules runner.Rules
	if err := json.Unmarshal([]byte(os.Getenv(runner.KubectlRules)), &rules); err != nil {
		fmt.Fprintf(s.err, "k8slab: error: read %s: %v\n", runner.KubectlRules, err)
		return exitBroken
	}
	dir, err := os.Getwd() // without symbolic links, as Root has to be
	if err == nil {
		rules.Root, err = filepath.EvalSymlinks(rules.Root)
	}
	if err != nil {
		fmt.Fprintf(s.err, "k8slab: error: %v\n", err)
		return exitBroken
	}
	kubectl := restrict.Kubectl(genericiooptions.IOStreams{In: s.in, Out: s.out, ErrOut: s.err})
	input, refusal := restrict.Check(restrict.Params{Command: kubectl, Args: args, Stdin: s.in, Dir: dir, Rules: rules})
	if refusal != nil {
		return tellRefusal(refusal, report, s)
	}
	if input != nil {
		if err := replaceStdin(input); err != nil {
			fmt.Fprintf(s.err, "k8slab: error: %v\n", err)
			return exitBroken
		}
		s.in = os.Stdin
	}
	if !rules.Cluster {
		// That it is named makes kubectl refuse objects of any other one itself.
		args = append([]string{"--namespace=" + rules.Namespace}, args...)
	}
	again := restrict.Kubectl(genericiooptions.IOStreams{In: s.in, Out: s.out, ErrOut: s.err})
	return runKubectlCommand(again, args, s)
}

// tellRefusal tells the runner, which knows where the command stands.
func tellRefusal(refusal *runner.Refusal, report io.Writer, s streams) int {
	if err := json.NewEncoder(report).Encode(refusal); err != nil {
		fmt.Fprintf(s.err, "k8slab: error: %v\n", err)
		return exitBroken
	}
	return exitFailed
}

// replaceStdin has the process read what was read from its standard input already:
// kubectl knows no other.
func replaceStdin(input []byte) error {
	f, err := os.CreateTemp("", "k8slab-stdin-")
	if err != nil {
		return err
	}
	if err := os.Remove(f.Name()); err != nil {
		return err
	}
	if _, err := f.Write(input); err != nil {
		return err
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	os.Stdin = f
	return nil
}
