// Package embedded runs a real Kubernetes cluster without Docker and without
// root: etcd, the API server, the controllers, the scheduler and the kubelets
// of one to three nodes are Kubernetes' own code in one process. Only what is
// under the kubelet is ours, the simulated containers of package container.
//
// Start with Provider, which runs the cluster in a process of its own: this
// binary, executed again with ProcessArg, where main calls Main. The process
// contains the fatal exits, the logs and the leaks of components that were
// never meant to be libraries. It ends when its standard input does, so a
// cluster cannot outlive the command that started it, however that ended.
//
// startCluster lists the parts in the order in which they start. seed.go says
// what saves a second of that, host.go what keeps a kubelet from the machine,
// limits.go how much a cluster holds.
//
// Deliberately absent: stopping a part. Components have no lever for that; a
// cluster ends with its process, and a killed one is no special case.
package embedded

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
)

// ProcessArg is the hidden first argument of the process that is a cluster.
const ProcessArg = "__cluster"

// LogName is the file in a lab's directory that all components log to.
const LogName = "cluster.log"

// Provider starts embedded clusters.
type Provider struct {
	// Executable is the program to run with ProcessArg. Empty means this one.
	Executable string

	// CacheDir keeps the seed from one start to the next. It is created, and
	// may be removed at any time.
	CacheDir string

	// limits are the defaults if they are zero.
	limits limits
}

// Name returns "embedded".
func (Provider) Name() string { return "embedded" }

// Create implements cluster.Provider. The cluster has no file outside spec.Dir
// but the seed in p.CacheDir.
func (p Provider) Create(ctx context.Context, spec cluster.Spec, progress func(string)) (cluster.Cluster, error) {
	if progress == nil {
		progress = func(string) {}
	}
	config := processConfig{Dir: spec.Dir, CacheDir: p.CacheDir, Nodes: spec.Nodes, Pace: cmp.Or(spec.Pace, 1),
		Limits: cmp.Or(p.limits, defaultLimits())}
	fail := func(err error) error { return newError("start the embedded cluster", spec.Dir, err) }
	if err := config.check(); err != nil {
		return nil, fail(err)
	}
	c, err := p.start(config)
	if err != nil {
		return nil, fail(err)
	}
	limited, cancel := context.WithTimeoutCause(ctx, startLimit, errStartTooLong)
	defer cancel()
	if err := c.waitReady(limited, progress); err != nil {
		return nil, fail(errors.Join(err, c.Close(context.WithoutCancel(ctx))))
	}
	return c, nil
}

// startLimit is forty times what a start takes. One that is not ready then never
// will be, and somebody is waiting.
const startLimit = 2 * time.Minute

var errStartTooLong = fmt.Errorf("it was not ready after %s", startLimit)

// check refuses what would fail later with a message nobody understands.
func (c processConfig) check() error {
	if c.Nodes < 1 || c.Nodes > cluster.MaxNodes {
		return fmt.Errorf("%d nodes asked for, 1 to %d are possible", c.Nodes, cluster.MaxNodes)
	}
	if c.Pace < 1 || c.Pace > cluster.MaxPace {
		return fmt.Errorf("pace %v asked for, 1 to %d are possible", c.Pace, cluster.MaxPace)
	}
	if err := c.makeDataDir(); err != nil {
		return err
	}
	free, err := FreeBytes(c.Dir)
	if err != nil {
		return err
	}
	if free < MinFreeBytes {
		return fmt.Errorf("%w: %s has %d MB free, a cluster needs %d MB", errDiskFull, c.Dir, free>>20, MinFreeBytes>>20)
	}
	return nil
}

// embeddedCluster is a running process.
type embeddedCluster struct {
	config  processConfig
	process *exec.Cmd
	wanted  io.Closer // the process's standard input
	reports chan report

	done   chan struct{}
	mu     sync.Mutex
	closed bool
	err    error
}

func (p Provider) start(config processConfig) (*embeddedCluster, error) {
	executable := p.Executable
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	log, err := os.OpenFile(filepath.Join(config.Dir, LogName), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()

	process := exec.Command(executable, ProcessArg)
	process.Env = processEnvironment()
	process.Dir = config.dataDir()
	process.Stderr = log
	// Ctrl-C is for the command that is in the foreground; it decides what
	// becomes of the cluster.
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	c := &embeddedCluster{config: config, process: process, wanted: stdin, reports: make(chan report), done: make(chan struct{})}
	go c.watch(stdout)
	// An error here means that the process has ended; watch says why.
	_ = json.NewEncoder(stdin).Encode(config)
	return c, nil
}

// processEnvironment leaves out what would change how a component behaves: its
// proxies, its kubeconfig and the switches of the Go runtime are not the learner's.
func processEnvironment() []string {
	var environment []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ", "USER", "GOCOVERDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			environment = append(environment, name+"="+value)
		}
	}
	return environment
}

// watch hands on the reports of the process until it has ended. An error that it
// reports after it was ready is why it ended.
func (c *embeddedCluster) watch(stdout io.Reader) {
	var last string
	ready := false
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var r report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // not ours: a component that prints
		}
		switch {
		case r.Error != "":
			last = r.Error
		case !ready && (r.Ready || r.Phase != ""): // nobody listens after the first Ready
			ready = r.Ready
			c.reports <- r
		}
	}
	_, _ = io.Copy(io.Discard, stdout) // after a line that was too long
	_ = c.process.Wait()               // its state says what became of it
	c.mu.Lock()
	switch {
	case c.closed:
	case last != "":
		c.err = errors.New(last)
	default:
		c.err = fmt.Errorf("the cluster's process ended: %s", c.process.ProcessState)
	}
	c.mu.Unlock()
	close(c.reports)
	close(c.done)
}

func (c *embeddedCluster) waitReady(ctx context.Context, progress func(string)) error {
	for {
		select {
		case r, open := <-c.reports:
			if !open {
				<-c.done
				return c.cause()
			}
			if r.Ready {
				return context.Cause(ctx) // nil, unless it ended in the same moment
			}
			progress(r.Phase)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *embeddedCluster) Kubeconfig() string { return c.config.kubeconfig() }

func (c *embeddedCluster) Done() <-chan struct{} { return c.done }

func (c *embeddedCluster) Err() error {
	err := c.cause()
	if err == nil {
		return nil
	}
	return newError("run the embedded cluster", c.config.Dir, err)
}

func (c *embeddedCluster) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close kills the process, all of whose state is disposable, and removes its data.
func (c *embeddedCluster) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.process.Process.Kill()
	_ = c.wanted.Close()
	go func() {
		for range c.reports { // let watch come to its end
		}
	}()
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := os.RemoveAll(c.config.dataDir()); err != nil {
		return err
	}
	return os.RemoveAll(c.config.kubeconfig())
}
