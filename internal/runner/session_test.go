package runner

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// output is what a session writes to.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) take() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.b.Reset()
	return o.b.String()
}

// kubectlEcho is a kubectl that says how it was called, and fails if it is told to.
func kubectlEcho(_ context.Context, p *shell.Proc) int {
	fmt.Fprintf(p.Stdout, "%s in %s\n", strings.Join(p.Args, " "), p.Dir)
	if len(p.Args) > 1 && p.Args[1] == "fail" {
		return 7
	}
	return 0
}

func newSession(t *testing.T) (*session, *output) {
	t.Helper()
	workspace := t.TempDir()
	if err := os.WriteFile(filepath.Join(workspace, "web.yaml"), []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := &output{}
	s, err := startSession(t.Context(), sessionConfig{root: filepath.Join(t.TempDir(), "shell"), workspace: workspace, kubectl: kubectlEcho, stdout: out, stderr: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, out
}

func TestSessionKeepsItsState(t *testing.T) {
	s, out := newSession(t)
	for _, step := range []struct {
		line string
		exit int
		out  string
	}{
		{"cat web.yaml", 0, "kind: Pod\n"},
		{"pod=web-1; export IMAGE=nginx", 0, ""},
		{`kubectl delete pod "$pod" $IMAGE`, 0, "kubectl delete pod web-1 nginx in /workspace\n"},
		{"mkdir more && cd more", 0, ""},
		{"kubectl get", 0, "kubectl get in /workspace/more\n"},
		{"say() { echo \"say $1\"; }", 0, ""},
		{"say it", 0, "say it\n"},
		{"kubectl fail", 7, "kubectl fail in /workspace/more\n"},
		{"echo $?", 0, "7\n"},
		{"cat <<EOF\nline one\n$pod\nEOF", 0, "line one\nweb-1\n"},
		{"for i in 1 2; do\n  echo $i\ndone", 0, "1\n2\n"},
		{"# nothing", 0, ""},
		{"(exit 3)", 3, ""},
		{"if", 2, "sh: eval: line 1: syntax error: unexpected end of file\n"},
		{"echo still here", 0, "still here\n"},
	} {
		exit, alive, err := s.run(t.Context(), step.line)
		if got := out.take(); exit != step.exit || !alive || err != nil || got != step.out && !strings.Contains(got, "syntax error") {
			t.Errorf("%q: exit %d, alive %t, %v, output %q", step.line, exit, alive, err, got)
		}
	}
}

func TestSessionEnds(t *testing.T) {
	s, _ := newSession(t)
	if exit, alive, err := s.run(t.Context(), "exit 4"); exit != 4 || alive || err != nil {
		t.Errorf("exit: %d, alive %t, %v", exit, alive, err)
	}
	if _, alive, err := s.run(t.Context(), "echo late"); alive || err == nil {
		t.Error("a line was typed after the end")
	}
}

func TestSessionIsInterrupted(t *testing.T) {
	s, out := newSession(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, _, err := s.run(ctx, "echo begun; sleep 1000")
		ended <- err
	}()
	for !strings.Contains(out.take(), "begun") {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error")
	}
}

// A session has no programs of this machine, and no files but the workspace.
func TestSessionHasNothingElse(t *testing.T) {
	s, out := newSession(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"cat " + secret:            "No such file",
		"cat ../../../.." + secret: "No such file",
		"git clone https://a.b/c":  "git: not found",
		"/bin/sh -c 'python3 -V'":  "python3: not found",
	} {
		if _, _, err := s.run(t.Context(), line); err != nil {
			t.Fatal(err)
		}
		if got := out.take(); !strings.Contains(got, want) {
			t.Errorf("%s: %q", line, got)
		}
	}
}
