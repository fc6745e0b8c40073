package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// shellWorkspace is where the shell of a lesson's commands finds the workspace.
const shellWorkspace = "/workspace"

// nextProgram is the program that gives the shell of a session its next command.
// It waits until there is one, and fails when there will be none.
const nextProgram = "k8slab-next"

// sessionScript is what the shell runs: one command line after the other, in
// itself, so that variables, functions and the directory stay as in a terminal.
// Each begins with the exit code of the one before in $?.
const sessionScript = `k8slab_status() { return "$1"; }
while k8slab_line=$(` + nextProgram + ` "$?"); do eval "$k8slab_line"; done`

// session is the shell in which the commands of a step are typed. It is
// interpreted: its files are those of the workspace, its programs those of a
// container, and kubectl is the only program of this machine that it can start.
type session struct {
	tree    *files.Tree
	space   *shell.Container
	process *shell.Process
	lines   chan string // typed, taken by the shell
	exits   chan int    // of each line when it has ended
	cancel  context.CancelFunc
}

// sessionConfig is what a session is made of.
type sessionConfig struct {
	root           string // a directory for the files of the shell itself
	workspace      string
	kubectl        shell.Program
	stdout, stderr io.Writer
}

// startSession starts a shell, which ends with ctx or close.
func startSession(ctx context.Context, c sessionConfig) (*session, error) {
	programs := shell.Binaries()
	programs["/bin/kubectl"] = "kubectl"
	programs["/bin/"+nextProgram] = nextProgram
	if err := os.MkdirAll(c.root, labDirMode); err != nil {
		return nil, err
	}
	tree, err := files.Open(files.Options{
		Root:     c.root,
		Mounts:   []files.Mount{{Path: shellWorkspace, Source: c.workspace}},
		Programs: programs,
	})
	if err != nil {
		return nil, err
	}
	s := &session{tree: tree, lines: make(chan string), exits: make(chan int)}
	s.space = shell.New(shell.Config{
		Files:    tree,
		Hostname: "k8slab",
		Programs: map[string]shell.Program{"kubectl": c.kubectl, nextProgram: s.next()},
	})
	ctx, s.cancel = context.WithCancel(ctx)
	s.process, err = s.space.Start(ctx, shell.Command{
		Argv: []string{"sh", "-c", sessionScript}, Dir: shellWorkspace, Stdout: c.stdout, Stderr: c.stderr,
	})
	if err != nil {
		s.cancel()
		s.space.Close()
		return nil, errors.Join(err, tree.Close())
	}
	return s, nil
}

// next is nextProgram: it reports how the line before ended, unless there was
// none, and prints the next one.
func (s *session) next() shell.Program {
	first := true
	return func(ctx context.Context, p *shell.Proc) int {
		status, err := strconv.Atoi(strings.Join(p.Args[1:], ""))
		if err != nil {
			return 1
		}
		if !first {
			select {
			case s.exits <- status:
			case <-ctx.Done():
				return 1
			}
		}
		first = false
		select {
		case line := <-s.lines:
			fmt.Fprintf(p.Stdout, "k8slab_status %d; %s", status, line)
			return 0
		case <-ctx.Done():
			return 1
		}
	}
}

// run types a line and returns its exit code when it has ended. A line that ends
// the shell itself, as exit does, has that exit code; alive is false then.
func (s *session) run(ctx context.Context, line string) (exit int, alive bool, err error) {
	select {
	case s.lines <- line:
	case <-s.process.Done():
		return 0, false, errors.New("the shell has ended")
	case <-ctx.Done():
		return 0, true, ctx.Err()
	}
	select {
	case exit = <-s.exits:
		return exit, true, nil
	case <-s.process.Done():
		return s.process.Wait(), false, ctx.Err()
	case <-ctx.Done():
		return 0, true, ctx.Err()
	}
}

// close ends the shell and what runs in it.
func (s *session) close() error {
	s.cancel()
	s.space.Close()
	return s.tree.Close()
}
