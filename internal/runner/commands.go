package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// kubectlGrace is how long a kubectl whose run was cancelled may take to end.
const kubectlGrace = 2 * time.Second

// shellWorkspace is where the shell of a lesson's commands finds the workspace.
const shellWorkspace = "/workspace"

// run types commands and runs them one after another, each to its end.
func (l *lab) run(ctx context.Context, commands []lesson.Command) error {
	for _, c := range commands {
		if err := l.Presenter.Command(ctx, c.Text); err != nil {
			return err
		}
		exit, err := l.shell(ctx, c.Text)
		if err != nil {
			return fmt.Errorf("%s:%d: run %q: %w", c.File, c.Line, c.Text, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.mark(ctx, markCommand, c.Text, exit); err != nil {
			return err
		}
	}
	return nil
}

// shell runs one command line as the lesson wrote it. It is interpreted: its
// files are those of the workspace, its programs those of a container, and
// kubectl is the only program of this machine that it can start.
func (l *lab) shell(ctx context.Context, line string) (exit int, err error) {
	programs := shell.Binaries()
	programs["/bin/kubectl"] = "kubectl"
	root := l.dir.file("shell")
	if err := os.MkdirAll(root, labDirMode); err != nil {
		return 0, err
	}
	tree, err := files.Open(files.Options{
		Root:     root,
		Mounts:   []files.Mount{{Path: shellWorkspace, Source: l.dir.Workspace()}},
		Programs: programs,
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	space := shell.New(shell.Config{
		Files:    tree,
		Hostname: "k8slab",
		Programs: map[string]shell.Program{"kubectl": l.kubectl},
	})
	defer space.Close()
	stdout, stderr := l.Presenter.Output()
	process, err := space.Start(ctx, shell.Command{
		Argv: []string{"sh", "-c", line}, Dir: shellWorkspace, Stdout: stdout, Stderr: stderr,
	})
	if err != nil {
		return 0, err
	}
	return process.Wait(), nil
}

// kubectl is the program of that name: this binary, in the workspace, with the
// lab's cluster and none of the person's own configuration.
//
// It is a program of this machine all the same: it reads the files that it is
// told to. What would make it run other programs, or talk to another cluster,
// is refused.
func (l *lab) kubectl(ctx context.Context, p *shell.Proc) int {
	if flag := refusedFlag(p.Args[1:]); flag != "" {
		fmt.Fprintf(p.Stderr, "kubectl: %s is not for lessons: they use their own cluster only\n", flag)
		return 1
	}
	c := exec.CommandContext(ctx, l.Kubectl, p.Args[1:]...)
	c.Args[0] = "kubectl"
	c.Dir = l.dir.Workspace()
	if inside, ok := strings.CutPrefix(p.Dir, shellWorkspace+"/"); ok {
		c.Dir = filepath.Join(c.Dir, filepath.FromSlash(inside))
	}
	c.Env = l.kubectlEnvironment()
	c.Stdin, c.Stdout, c.Stderr = p.Stdin, p.Stdout, p.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = kubectlGrace
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode()
	case ctx.Err() != nil:
		return 128 + int(shell.SIGINT)
	default:
		fmt.Fprintf(p.Stderr, "kubectl: %v\n", err)
		return 126
	}
}

// refusedFlag returns the first flag with which kubectl would leave the lab.
func refusedFlag(args []string) string {
	refused := []string{"--kubeconfig", "--server", "-s", "--enable-exec", "--enable-alpha-plugins"}
	for _, a := range args {
		if a == "--" {
			return "" // what follows is for a program in a container
		}
		name, _, _ := strings.Cut(a, "=")
		if slices.Contains(refused, name) {
			return name
		}
	}
	return ""
}

func (l *lab) kubectlEnvironment() []string {
	environment := []string{
		"KUBECONFIG=" + l.cluster.Kubeconfig(),
		"KUBECACHEDIR=" + l.dir.file("kubectl-cache"),
		"KUBERC=off", // the person's own defaults and aliases
	}
	for _, name := range []string{"LANG", "LC_ALL", "TERM", "NO_COLOR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}
