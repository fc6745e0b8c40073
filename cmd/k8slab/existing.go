package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/existing"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// existing returns the provider of a cluster that already runs, when the person has
// said that it may be used.
func (c *clusterChoice) existing(l *lesson.Lesson) (cluster.Provider, error) {
	if c.context == "" {
		return nil, &usageError{errors.New("--cluster existing needs --context"), "`kubectl config get-contexts` lists the contexts of your kubeconfig."}
	}
	if l.Isolation == lesson.IsolationCluster {
		return nil, &usageError{fmt.Errorf("the lesson %s changes nodes or other things of a whole cluster", l.Name), "Do it with --cluster kind or --cluster embedded, which make one for it."}
	}
	if err := c.confirm(); err != nil {
		return nil, err
	}
	claims, err := claimsDir()
	return existing.Provider{Context: c.context, Work: workOf(l), Claims: claims}, err
}

// confirm asks once whether the cluster may be used.
func (c *clusterChoice) confirm() error {
	if c.yes {
		return nil
	}
	in, out := c.command.InOrStdin(), c.command.ErrOrStderr()
	if !isTerminal(in) || !isTerminal(out) {
		return &usageError{fmt.Errorf("nobody has said that the cluster of context %q may be used", c.context), "Say so with --yes."}
	}
	fmt.Fprintf(out, "Use the cluster of context %q? The lab lives in namespaces of its own,\nwhich are removed at the end. [y/N] ", c.context)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		return &usageError{errors.New("the cluster is not to be used"), "--cluster embedded needs none of yours."}
	}
	c.yes = true
	return nil
}

// workOf is what a lesson has people submit and type.
func workOf(l *lesson.Lesson) existing.Work {
	var w existing.Work
	typed := func(commands []lesson.Command) {
		for _, c := range commands {
			w.Commands = append(w.Commands, c.Text)
		}
	}
	add := func(files []lesson.File) {
		for _, f := range files {
			if strings.HasSuffix(f.Path, ".yaml") || strings.HasSuffix(f.Path, ".yml") {
				w.Manifests = append(w.Manifests, f.Data)
			}
		}
	}
	add(l.StartFiles())
	for _, s := range l.Steps {
		add(s.SolutionFiles())
		typed(s.Commands())
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case lesson.Given:
				typed(b.Commands)
			case lesson.Run:
				typed(b.Commands)
			}
		}
	}
	return w
}

// examineContext says of each lesson whether it can be done in a cluster that runs
// already. That one cannot is no problem of this machine.
func examineContext(ctx context.Context, name string) ([]finding, error) {
	all, err := (&course{}).open()
	if err != nil {
		return nil, err
	}
	names, err := lesson.List(all)
	if err != nil {
		return nil, err
	}
	var findings []finding
	for _, lessonName := range names {
		l, err := lesson.Parse(all, lessonName)
		if err != nil {
			return nil, err
		}
		findings = append(findings, examineLesson(ctx, name, l))
	}
	return findings, nil
}

func examineLesson(ctx context.Context, name string, l *lesson.Lesson) finding {
	f := finding{Check: fmt.Sprintf("lesson %s in context %s", l.Name, name), Status: healthy, Message: "can be done"}
	if l.Isolation == lesson.IsolationCluster {
		f.Status, f.Message = notice, "needs a cluster of its own"
		return f
	}
	if err := (existing.Provider{Context: name, Work: workOf(l)}).Examine(ctx, l.Cluster.Nodes); err != nil {
		f.Status, f.Message = notice, err.Error()
	}
	return f
}
