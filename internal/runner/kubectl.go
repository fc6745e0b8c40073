package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/k8slab/k8slab/internal/runner/warm"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// KubectlArg is the hidden argument with which this package executes the program of
// PlayParams.Kubectl: it is kubectl then, for commands that somebody else has written.
// The process serves commands (warm.Serve). For each it
//   - gets kubectl's arguments,
//   - is in a copy of the workspace that has nothing but regular files,
//   - finds the rules of the lab as JSON in the variable KubectlRules,
//   - reports a Refusal as JSON, and fails, if these do not allow what it is asked for.
const KubectlArg = "__kubectl"

// KubectlRules goes with KubectlArg.
const KubectlRules = "K8SLAB_KUBECTL"

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
	var report bytes.Buffer
	exit, err = l.kubectls.run(ctx, warm.Command{
		Args: p.Args[1:], Dir: dir, Env: l.kubectlEnvironment(rules),
		Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Report: &report,
	})
	if report.Len() == 0 {
		return exit, nil, err
	}
	refusal := &Refusal{}
	return exit, refusal, errors.Join(err, json.Unmarshal(report.Bytes(), refusal))
}

// kubectls are the processes that are kubectl for a lab: one at first, and more if
// commands run at the same time.
type kubectls struct {
	program string

	mu   sync.Mutex
	idle []*warm.Process
}

func (k *kubectls) run(ctx context.Context, c warm.Command) (exit int, err error) {
	p, err := k.take()
	if err != nil {
		return 0, err
	}
	exit, err = p.Run(ctx, c)
	if !p.Ended() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.idle = append(k.idle, p)
	}
	return exit, err
}

func (k *kubectls) take() (*warm.Process, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.idle); n > 0 {
		p := k.idle[n-1]
		k.idle = k.idle[:n-1]
		return p, nil
	}
	return warm.Start([]string{k.program, KubectlArg}, inherited())
}

func (k *kubectls) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.idle {
		p.Close()
	}
	k.idle = nil
}

// inherited is what a kubectl of a lab has of the person's environment.
func inherited() []string {
	environment := []string{"GOGC=400"} // it is over before collecting garbage pays
	for _, name := range []string{"LANG", "LC_ALL", "TERM", "NO_COLOR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

func (l *lab) kubectlEnvironment(r Rules) map[string]string {
	rules, _ := json.Marshal(r) // strings and a bool
	return map[string]string{
		"KUBECONFIG":   l.kubeconfig,
		"KUBECACHEDIR": l.kubectlCache,
		"KUBERC":       "off", // the person's own defaults and aliases
		KubectlRules:   string(rules),
	}
}
