package shell

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// box is a container for tests.
type box struct {
	*Container
	tree *files.Tree
	root string
}

func newBox(t *testing.T, change ...func(*Config, *files.Options)) *box {
	t.Helper()
	o := files.Options{Root: t.TempDir(), Programs: Binaries()}
	c := Config{Hostname: "box"}
	for _, f := range change {
		f(&c, &o)
	}
	tree, err := files.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Files = tree
	b := &box{New(c), tree, o.Root}
	t.Cleanup(func() {
		b.Close()
		tree.Close()
	})
	return b
}

// result is what a command did.
type result struct {
	out, err string
	code     int
}

// sh runs a script in the box's directory /w.
func (b *box) sh(t *testing.T, script string) result {
	t.Helper()
	return b.run(t, Command{Argv: []string{"sh", "-c", script}, Dir: "/w"})
}

func (b *box) run(t *testing.T, cmd Command) result {
	t.Helper()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code, startErr := b.Run(ctx, cmd)
	if startErr != nil {
		return result{err: startErr.Error(), code: -1}
	}
	if ctx.Err() != nil {
		t.Errorf("%v took too long", cmd.Argv)
	}
	if strings.Contains(err.String(), "internal error") {
		t.Errorf("%v: %s", cmd.Argv, err.String())
	}
	return result{out.String(), err.String(), code}
}

type filesOptions = files.Options

// nginx is a program that handles SIGTERM.
func nginx(ctx context.Context, p *Proc) int {
	signals := p.Notify(SIGTERM)
	p.printf("ready\n")
	select {
	case s := <-signals:
		p.printf("signal %s\n", s)
		return 7
	case <-ctx.Done():
		return 1
	}
}
