package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

// The shells whose syntax `env` knows.
const (
	shellPosix = "posix" // bash, zsh, dash and others
	shellFish  = "fish"
)

func newEnvCommand(s streams) *cobra.Command {
	var syntax string
	c := &cobra.Command{
		Use:   "env [LAB]",
		Short: "Print what makes a shell use the lab",
		Long: `Print the variables that make your shell use a lab: KUBECONFIG, and a PATH on which
kubectl is the one that is built in. Without LAB it is the one that was started
last, also in a shell that uses another one. The syntax is that of $SHELL, unless
--shell says another. Your own kubeconfig is not touched.

What is set ends with that shell. When the lab has ended, what you type there says
so, and ` + "`env`" + ` makes the shell use another one.`,
		Example: `  eval "$(k8slab env)"                      bash, zsh and others
  k8slab env --shell fish | source          fish`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLabs,
		RunE: func(c *cobra.Command, args []string) error {
			lab, err := findLab(strings.Join(args, ""))
			if err != nil {
				return err
			}
			return lab.withSession(c.Context(), func(session *live.Client) error {
				state, err := session.State(c.Context())
				if err != nil {
					return err
				}
				if err := printEnvironment(s.out, state, syntax); err != nil {
					return err
				}
				fmt.Fprintf(s.err, "Your files for lab %s are in %s\n", state.Lab, state.Workspace)
				return nil
			})
		},
	}
	c.Flags().StringVar(&syntax, "shell", "", "the shell: bash|zsh|fish|posix (default: what $SHELL is)")
	_ = c.RegisterFlagCompletionFunc("shell", cobra.FixedCompletions([]string{"bash", "zsh", shellFish, shellPosix}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// evalEnv is how a learner has a shell use the latest lab.
func evalEnv() string {
	if filepath.Base(os.Getenv("SHELL")) == shellFish {
		return "`k8slab env | source`"
	}
	return "`eval \"$(k8slab env)\"`"
}

// labEnvironment is what a shell in the lab has besides its PATH.
func labEnvironment(state live.State) [][2]string {
	return [][2]string{
		{"KUBECONFIG", kubeconfigOf(state)},
		{"KUBECACHEDIR", filepath.Join(filepath.Dir(state.Workspace), "kubectl-cache")},
		{"KUBERC", "off"}, // the person's own defaults and aliases
		{labVariable, state.Lab},
	}
}

// kubeconfigOf is known before the cluster is.
func kubeconfigOf(state live.State) string {
	return filepath.Join(filepath.Dir(state.Workspace), "kubeconfig")
}

func printEnvironment(w io.Writer, state live.State, syntax string) error {
	if syntax == "" {
		syntax = filepath.Base(os.Getenv("SHELL"))
	}
	var lines []string
	for _, v := range labEnvironment(state) {
		if syntax == shellFish {
			lines = append(lines, fmt.Sprintf("set -gx %s %s;", v[0], fishQuote(v[1])))
		} else {
			lines = append(lines, fmt.Sprintf("export %s=%s", v[0], quote(v[1])))
		}
	}
	if syntax == shellFish {
		lines = append(lines, fmt.Sprintf("fish_add_path --global --prepend --move --path %s;", fishQuote(state.Bin)))
	} else {
		lines = append(lines, fmt.Sprintf(`case "$PATH" in %s:*) ;; *) PATH=%s:"$PATH"; export PATH ;; esac`, quote(state.Bin), quote(state.Bin)))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// withLab returns an environment with that of the lab.
func withLab(environment []string, state live.State) []string {
	path := state.Bin
	for _, v := range environment {
		if p, ok := strings.CutPrefix(v, "PATH="); ok {
			others := slices.DeleteFunc(filepath.SplitList(p), func(dir string) bool { return dir == state.Bin })
			path = strings.Join(append([]string{state.Bin}, others...), string(filepath.ListSeparator))
		}
	}
	for _, v := range append(labEnvironment(state), [2]string{"PATH", path}) {
		environment = append(environment, v[0]+"="+v[1])
	}
	return environment
}
