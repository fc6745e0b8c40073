package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/k8slab/k8slab/cmd/k8slab/restrict"
	"github.com/k8slab/k8slab/internal/runner"
)

// runRestrictedKubectl is kubectl for commands that somebody else has written, as
// runner.KubectlArg has it. It begins in the copy of a workspace.
func runRestrictedKubectl(args []string, s streams) int {
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
		return tellRefusal(refusal, s)
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
	return runKubectlCommand(again, args, s, "")
}

// tellRefusal tells the runner, which knows where the command stands.
func tellRefusal(refusal *runner.Refusal, s streams) int {
	out := os.NewFile(runner.RefusalFD, "refusal")
	if err := json.NewEncoder(out).Encode(refusal); err != nil {
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
