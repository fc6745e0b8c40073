package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/runner/live"
)

// verdictsArg asks for nothing else.
const verdictsArg = "verdicts"

func onlyVerdicts(ctx context.Context, binary string, out io.Writer) error {
	dir, err := os.MkdirTemp("", "k8slab-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	rows, err := measureVerdicts(ctx, binary, dir)
	if err != nil {
		return err
	}
	return print(out, rows)
}

// verdictRounds is how often a verdict is made to change each way.
const verdictRounds = 25

// verdictLesson has a step that is never done and a check that can be turned on and off,
// by an object and by a file.
var verdictLesson = map[string]string{
	"lesson.md": `---
format: 1
title: Verdicts
summary: For a benchmark.
minutes: 1
objectives: [None.]
points: 3
images: [nginx:1.25]
---
Nothing.

## Step {#step}

Text.

` + "```checks\nServiceIsThere 1\nFileIsThere 1\nNever 1\n```\n\n```sh {run}\ntrue\n```\n",
	"checks/checks.go": `// Package checks is for a benchmark.
package checks

import "github.com/k8slab/k8slab/lab"

// The Service is there.
func ServiceIsThere(t *lab.T) { t.Await(t.Now().Service("web").Name == "web", "there is no Service") }

// The file is there.
func FileIsThere(t *lab.T) { t.Await(t.Service("web").Name == "web", "there is no file") }

// This never passes.
func Never(t *lab.T) { t.NotYet("never") }
`,
}

// measureVerdicts measures how long it takes until a verdict that has changed is on the
// player's screen: after the request that creates an object was sent, and after a file was
// written.
func measureVerdicts(ctx context.Context, binary, dir string) (_ []row, err error) {
	lessons := filepath.Join(dir, "lessons")
	for name, text := range verdictLesson {
		path := filepath.Join(lessons, "verdicts", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	k8slab := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, binary, args...)
		c.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "XDG_CACHE_HOME="+dir, "TERM=xterm-256color")
		return c
	}
	run := func(args ...string) error {
		if out, err := k8slab(args...).CombinedOutput(); err != nil {
			return fmt.Errorf("k8slab %v: %w\n%s", args, err, out)
		}
		return nil
	}
	if err := run("start", "verdicts", "--lessons", lessons, "--detach"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run("stop")) }()
	state, err := stateOf(ctx, filepath.Join(dir, "k8slab", "labs", "verdicts"))
	if err != nil {
		return nil, err
	}
	player, err := openScreen(k8slab("start", "verdicts", "--lessons", lessons))
	if err != nil {
		return nil, err
	}
	defer player.close()
	return watchVerdicts(ctx, state, player)
}

// stateOf says how a session is.
func stateOf(ctx context.Context, lab string) (live.State, error) {
	session, err := live.Connect(ctx, lab)
	if err != nil {
		return live.State{}, err
	}
	defer session.Close()
	return session.State(ctx)
}

// The lines of the player's screen that tell how the checks are.
const (
	serviceIsThere = "✓ The Service is there"
	fileIsThere    = "✓ The file is there"
	noService      = "… The Service is there"
	noFile         = "… The file is there"
)

func watchVerdicts(ctx context.Context, state live.State, player *screen) ([]row, error) {
	config, err := clientcmd.BuildConfigFromFlags("", state.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // requests do not wait for each other
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	rows := []row{
		{what: "verdict on the screen, after an object was created", unit: "s", bar: "0.15"},
		{what: "verdict on the screen, after a file was written", unit: "s", bar: "0.15"},
	}
	services := client.CoreV1().Services("default")
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	file := filepath.Join(state.Workspace, "web.yaml")
	if _, err := player.took(noFile, func() error { return nil }); err != nil {
		return nil, err
	}
	for range verdictRounds {
		for _, turn := range []struct {
			row   int // that the time belongs to; -1 for none
			shows string
			do    func() error
		}{
			{0, serviceIsThere, func() error {
				_, err := services.Create(ctx, service, metav1.CreateOptions{})
				return err
			}},
			{1, fileIsThere, func() error {
				return os.WriteFile(file, []byte("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"), 0o600)
			}},
			{-1, noService, func() error { return services.Delete(ctx, "web", metav1.DeleteOptions{}) }},
			{-1, noFile, func() error { return os.Remove(file) }},
		} {
			took, err := player.took(turn.shows, turn.do)
			if err != nil {
				return nil, err
			}
			if turn.row >= 0 {
				rows[turn.row].values = append(rows[turn.row].values, took.Seconds())
			}
		}
	}
	return rows, nil
}
