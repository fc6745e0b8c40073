package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newShellCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "shell [-- COMMAND [ARG...]]",
		Short: "Open a shell in the lab",
		Long: `Open your shell ($SHELL) in the lab: in the directory of your files, with the lab's
kubectl and KUBECONFIG, and a prompt that names lesson and step (bash, zsh and
fish). ` + "`exit`" + ` leaves it; the lab goes on. With a COMMAND, that is run instead.`,
		Example: `  k8slab shell
  k8slab shell -- kubectl get pods`,
		RunE: func(c *cobra.Command, args []string) error {
			return withSession(c.Context(), func(session *live.Client) error { return runShell(c.Context(), s, session, args) })
		},
	}
}

func runShell(ctx context.Context, s streams, session live.Session, args []string) error {
	state, err := waitReady(ctx, session, talk(s))
	if err != nil {
		return err
	}
	command, cleanUp, err := shellCommand(state, args)
	if err != nil {
		return err
	}
	defer cleanUp()
	command.Stdin, command.Stdout, command.Stderr = s.in, s.out, s.err
	// Ctrl-C is for what runs in the shell.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	if len(args) == 0 && isTerminal(s.in) {
		fmt.Fprintln(s.err, shellGreeting(state))
	}
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		if len(args) == 0 {
			return nil // the exit code of the last command in it
		}
		return verdict(exit.ExitCode())
	case err != nil:
		return &usageError{fmt.Errorf("run %s: %w", command.Path, err), "Set SHELL to the path of your shell."}
	}
	return nil
}

// shellGreeting says where a shell is: not every one has a prompt that does.
func shellGreeting(state live.State) string {
	return fmt.Sprintf("This shell is in lab %s, at step %d of %d: %s.\n`exit` leaves it, and the lab goes on.",
		state.Lab, stepIndex(state, state.Current)+1, len(state.Steps), state.Current)
}

// shellCommand returns the learner's shell in the lab, or a command instead of it. What
// it needs is removed by cleanUp.
func shellCommand(state live.State, args []string) (c *exec.Cmd, cleanUp func(), err error) {
	environment := withLab(os.Environ(), state)
	cleanUp = func() {}
	if len(args) > 0 {
		path, err := lookPath(args[0], state.Bin)
		if err != nil {
			return nil, cleanUp, &usageError{err, "`k8slab shell` opens a shell."}
		}
		c = &exec.Cmd{Path: path, Args: args}
	} else {
		shell := os.Getenv("SHELL")
		if shell == "" {
			shell = "/bin/sh"
		}
		var more []string
		c = exec.Command(shell)
		if more, environment, cleanUp, err = withPrompt(shell, state, environment); err != nil {
			return nil, cleanUp, err
		}
		c.Args = append(c.Args, more...)
	}
	c.Dir, c.Env = state.Workspace, environment
	return c, cleanUp, nil
}

// lookPath finds a program as the shell in the lab does.
func lookPath(name, bin string) (string, error) {
	if path, err := exec.LookPath(filepath.Join(bin, name)); err == nil && filepath.Base(name) == name {
		return path, nil
	}
	return exec.LookPath(name)
}

// promptVariable names the file with what the prompt says, which changes with the step.
const promptVariable = "K8SLAB_PROMPT"

// withPrompt gives a shell that we know a prompt, on top of the person's own set-up.
func withPrompt(shell string, state live.State, environment []string) (args, with []string, cleanUp func(), err error) {
	environment = append(environment, promptVariable+"="+state.Prompt)
	dir, err := os.MkdirTemp("", "k8slab-shell-")
	if err != nil {
		return nil, nil, func() {}, err
	}
	cleanUp = func() { _ = os.RemoveAll(dir) }
	write := func(name, text string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	path := "PATH=" + quote(state.Bin) + `:"$PATH"` + "\n"
	switch filepath.Base(shell) {
	case "bash":
		return []string{"--rcfile", filepath.Join(dir, "bashrc"), "-i"}, environment, cleanUp, write("bashrc", bashrc+path)
	case "zsh":
		own := os.Getenv("ZDOTDIR")
		if own == "" {
			own = os.Getenv("HOME")
		}
		environment = append(environment, "ZDOTDIR="+dir, "K8SLAB_ZDOTDIR="+own)
		return []string{"-i"}, environment, cleanUp, errors.Join(write(".zshenv", zshenv), write(".zshrc", zshrc+path))
	case "fish":
		return []string{"-i", "-C", fishPrompt + "set -gx PATH " + fishQuote(state.Bin) + " $PATH"}, environment, cleanUp, nil
	}
	return nil, environment, cleanUp, nil
}

// What shells read besides the person's own files. These come first; they may set
// another prompt and another PATH.
const (
	bashrc = `[ -r /etc/bash.bashrc ] && . /etc/bash.bashrc
[ -r ~/.bashrc ] && . ~/.bashrc
PS1='($(cat "$K8SLAB_PROMPT" 2>/dev/null)) '"$PS1"
`
	zshenv = `[ -r "$K8SLAB_ZDOTDIR/.zshenv" ] && . "$K8SLAB_ZDOTDIR/.zshenv"
`
	zshrc = `ZDOTDIR=$K8SLAB_ZDOTDIR
[ -r "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"
setopt PROMPT_SUBST
PROMPT='($(cat "$K8SLAB_PROMPT" 2>/dev/null)) '"$PROMPT"
`
	fishPrompt = `functions -q fish_prompt; and functions -c fish_prompt k8slab_own_prompt
function fish_prompt; echo -n "("(cat "$K8SLAB_PROMPT" 2>/dev/null)") "; k8slab_own_prompt; end
`
)
