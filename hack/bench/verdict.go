package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/checks"
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

// measureVerdicts measures how long it takes until somebody who watches a session sees
// what has become of a verdict: after the request that creates an object was sent, and after a file
// was written.
func measureVerdicts(ctx context.Context, binary, dir string) (_ []row, err error) {
	lessons := filepath.Join(dir, "lessons")
	for name, text := range verdictLesson {
		path := filepath.Join(lessons, "verdicts", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	environment := append(os.Environ(), "XDG_STATE_HOME="+dir, "XDG_CACHE_HOME="+dir)
	k8slab := func(args ...string) error {
		c := exec.CommandContext(ctx, binary, args...)
		c.Env = environment
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("k8slab %v: %w\n%s", args, err, out)
		}
		return nil
	}
	if err := k8slab("start", "verdicts", "--lessons", lessons, "--detach"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, k8slab("stop")) }()
	session, err := live.Connect(ctx, filepath.Join(dir, "k8slab", "labs", "verdicts"))
	if err != nil {
		return nil, err
	}
	defer session.Close()
	return watchVerdicts(ctx, session)
}

func watchVerdicts(ctx context.Context, session *live.Client) ([]row, error) {
	states, err := session.Watch(ctx)
	if err != nil {
		return nil, err
	}
	state := <-states
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
		{what: "verdict in a session, after an object was created", unit: "s", bar: "0.15"},
		{what: "verdict in a session, after a file was written", unit: "s", bar: "0.15"},
	}
	services := client.CoreV1().Services("default")
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	file := filepath.Join(state.Workspace, "web.yaml")
	for range verdictRounds {
		for i, on := range []func() error{
			func() error {
				_, err := services.Create(ctx, service, metav1.CreateOptions{})
				return err
			},
			func() error {
				return os.WriteFile(file, []byte("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"), 0o600)
			},
		} {
			took, err := turn(states, i, checks.Passed, on)
			if err != nil {
				return nil, err
			}
			rows[i].values = append(rows[i].values, took)
		}
		if _, err := turn(states, 0, checks.Waiting, func() error { return services.Delete(ctx, "web", metav1.DeleteOptions{}) }); err != nil {
			return nil, err
		}
		if _, err := turn(states, 1, checks.Waiting, func() error { return os.Remove(file) }); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// turn does something and returns how long it took until a check said what it should, in seconds.
func turn(states <-chan live.State, check int, want checks.Outcome, do func() error) (float64, error) {
	began := time.Now()
	if err := do(); err != nil {
		return 0, err
	}
	for s := range states {
		if len(s.Checks) > check && s.Checks[check].Outcome == want {
			return time.Since(began).Seconds(), nil
		}
	}
	return 0, errors.New("the session has ended")
}
