package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// KubectlArg is the hidden argument with which this package executes the program of
// PlayParams.Kubectl: it is kubectl then, for commands that somebody else has written.
// The process
//   - gets what follows as kubectl's arguments,
//   - begins in a copy of the workspace that has nothing but regular files,
//   - finds the rules of the lab as JSON in the variable KubectlRules,
//   - writes a Refusal as JSON to the file descriptor RefusalFD, and ends, if these
//     do not allow what it is asked for.
const KubectlArg = "__kubectl"

// What goes with KubectlArg.
const (
	KubectlRules = "K8SLAB_KUBECTL"
	RefusalFD    = 3
)

// Rules are what kubectl may do in a lab.
type Rules struct {
	Namespace string `json:"namespace"` // the only one whose objects may be touched
	Cluster   bool   `json:"cluster"`   // objects of no namespace may be touched too
	Root      string `json:"root"`      // the copy of the workspace
}

// Refusal is a command that would leave the lab.
type Refusal struct {
	Reason string `json:"reason"` // without a final stop
	Remedy string `json:"remedy"` // a sentence
}

// RefusedError is a command of a lesson or of a submission that was not run.
type RefusedError struct {
	File string // where the command stands
	Line int
	Refusal
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s:%d: %s. %s", e.File, e.Line, e.Reason, e.Remedy)
}

// kubectlGrace is how long a kubectl whose run was cancelled may take to end.
const kubectlGrace = 2 * time.Second

// kubectl is the program of that name: this binary, with the lab's cluster and
// none of the person's own configuration. What it may read is a copy of the
// workspace, so that no link leads it out of there.
func (l *lab) kubectl(ctx context.Context, p *shell.Proc) int {
	exit, refusal, err := l.runKubectl(ctx, p)
	switch {
	case refusal != nil:
		l.refuse(*refusal)
		fmt.Fprintf(p.Stderr, "kubectl: %s. %s\n", refusal.Reason, refusal.Remedy)
		return 1
	case ctx.Err() != nil:
		return 128 + int(shell.SIGINT)
	case err != nil:
		fmt.Fprintf(p.Stderr, "kubectl: %v\n", err)
		return 126
	}
	return exit
}

func (l *lab) runKubectl(ctx context.Context, p *shell.Proc) (exit int, _ *Refusal, err error) {
	files, err := os.MkdirTemp(l.dir.Path, "kubectl-files-")
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(files)) }()
	if refusal, err := l.dir.snapshot(files); refusal != nil || err != nil {
		return 0, refusal, err
	}
	rules, dir := l.rules, files
	rules.Root = files
	if inside, ok := strings.CutPrefix(p.Dir, shellWorkspace+"/"); ok {
		dir = filepath.Join(files, filepath.FromSlash(inside))
	}
	c := exec.CommandContext(ctx, l.Kubectl, append([]string{KubectlArg}, p.Args[1:]...)...)
	c.Dir = dir
	c.Env = l.kubectlEnvironment(rules)
	c.Stdin, c.Stdout, c.Stderr = p.Stdin, p.Stdout, p.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = kubectlGrace
	refusal, err := runRefusable(c)
	var status *exec.ExitError
	if errors.As(err, &status) && status.Exited() {
		return status.ExitCode(), refusal, nil
	}
	return 0, refusal, err
}

// runRefusable runs a command and returns what it wrote to RefusalFD.
func runRefusable(c *exec.Cmd) (*Refusal, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	c.ExtraFiles = []*os.File{w}
	if err := errors.Join(c.Start(), w.Close()); err != nil {
		return nil, err
	}
	said, readErr := io.ReadAll(r)
	err = c.Wait()
	if len(said) == 0 {
		return nil, errors.Join(err, readErr)
	}
	refusal := &Refusal{}
	if decodeErr := json.Unmarshal(said, refusal); decodeErr != nil {
		return nil, errors.Join(err, decodeErr)
	}
	return refusal, nil
}

func (l *lab) kubectlEnvironment(r Rules) []string {
	rules, _ := json.Marshal(r) // strings and a bool
	environment := []string{
		"KUBECONFIG=" + l.kubeconfig,
		"KUBECACHEDIR=" + l.kubectlCache,
		"KUBERC=off", // the person's own defaults and aliases
		"GOGC=400",   // it is over before collecting garbage pays
		KubectlRules + "=" + string(rules),
	}
	for _, name := range []string{"LANG", "LC_ALL", "TERM", "NO_COLOR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}
