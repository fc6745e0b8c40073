package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/k8slab/k8slab/internal/cluster/embedded"
	"github.com/k8slab/k8slab/internal/cluster/kind"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/live"
)

// This binary is k8slab, kubectl and the processes that k8slab starts, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{embedded.ProcessArg, checksArg, labArg, runner.KubectlArg}, os.Args[1]) {
		main()
	}
	testscript.Main(m, map[string]func(){"k8slab": main, "kubectl": main})
}

// TestScripts types commands as a person would. Scripts named play-… start
// clusters.
func TestScripts(t *testing.T) {
	cache := t.TempDir() // with one seed for all of them
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			home := e.WorkDir + "/home"
			e.Setenv("HOME", home)
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("XDG_CACHE_HOME", cache)
			e.Setenv("LABS", e.WorkDir+"/state/k8slab/labs")
			e.Setenv("K8SLAB_KIND_IMAGE", os.Getenv("K8SLAB_KIND_IMAGE"))
			e.Defer(func() { endLabs(e.WorkDir + "/state/k8slab/labs") })
			return os.MkdirAll(home+"/.kube", 0o700)
		},
		Condition: func(name string) (bool, error) { return name == "kind" && kindIsPossible(), nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"waitlab":     waitLab,
			"killcluster": killCluster,
			"reboot":      reboot,
		},
	})
}

// endLabs kills the labs that a test has left in the background, which ends their clusters.
func endLabs(root string) {
	records, _ := filepath.Glob(filepath.Join(root, "*", "session.json"))
	for _, r := range records {
		record, err := live.LoadRecord(filepath.Dir(r))
		if err == nil && record.Ended == nil {
			_ = syscall.Kill(record.Process, syscall.SIGKILL)
		}
	}
}

// exits CODE COMMAND...: the command ends with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// waitlab NAME: the lab's cluster is ready for kubectl.
func waitLab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitlab NAME")
	}
	timeline := filepath.Join(ts.Getenv("LABS"), args[0], "timeline.ndjson")
	for range 600 {
		if _, err := os.Stat(timeline); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("the lab %s did not start within a minute", args[0])
}

// killcluster: kill -9 the process of the script's embedded cluster.
func killCluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: killcluster")
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	ts.Check(err)
	for _, p := range processes {
		cwd, err := os.Readlink(filepath.Join(p, "cwd"))
		if err != nil || !strings.HasPrefix(cwd, ts.Getenv("LABS")) || filepath.Base(cwd) != "cluster" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(p))
		ts.Check(err)
		ts.Check(syscall.Kill(pid, syscall.SIGKILL))
		return
	}
	ts.Fatalf("there is no cluster")
}

// reboot NAME: the machine has lost its power while the lab ran, and has been started again.
func reboot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: reboot NAME")
	}
	dir := filepath.Join(ts.Getenv("LABS"), args[0])
	record, err := live.LoadRecord(dir)
	ts.Check(err)
	ts.Check(syscall.Kill(record.Process, syscall.SIGKILL))
	for range 600 {
		labs, err := runner.Labs(ts.Getenv("LABS"))
		ts.Check(err)
		if !slices.ContainsFunc(labs, func(l runner.LabState) bool { return l.Path == dir && l.Running }) {
			record.Boot = "another"
			ts.Check(record.Save(dir))
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("the lab %s does not end", args[0])
}

// kindIsPossible reports whether there is a Docker engine with a node image. Where
// kind is required, a test that finds none has to fail instead of being skipped.
func kindIsPossible() bool {
	if os.Getenv("K8SLAB_REQUIRE_KIND") == "1" {
		return true
	}
	image := cmp.Or(os.Getenv("K8SLAB_KIND_IMAGE"), kind.Image)
	return exec.CommandContext(context.Background(), "docker", "image", "inspect", image).Run() == nil
}
