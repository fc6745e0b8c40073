package checks

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// The test binary is its own worker, as k8slab is.
const workerArg = "__checks"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerArg {
		os.Exit(Main(os.Stdin, os.Stdout))
	}
	if len(os.Args) == 2 && os.Args[1] == hostArg {
		os.Exit(hostThatIsKilled())
	}
	os.Exit(m.Run())
}

// hostArg makes the test binary a host that a test can kill.
const hostArg = "__host"

// hostThatIsKilled starts a worker that runs an endless loop, says who it is, and
// waits.
func hostThatIsKilled() int {
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	w, err := Start(context.Background(), WorkerOptions{Argv: []string{exe, workerArg}, CPU: time.Hour, Timeout: time.Hour})
	if err != nil {
		return 1
	}
	w.lint = func(string, []byte) []Problem { return nil }
	fmt.Println(w.process.pid)
	_, _ = w.Run(context.Background(), Request{Filename: "checks.go", Source: hostile("", "for { }")})
	return 0
}

func startWorker(t testing.TB) *Worker { return startWorkerFor(t, 0) }

// startWorkerFor starts a worker with a limit for each run.
func startWorkerFor(t testing.TB, limit time.Duration) *Worker {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), WorkerOptions{Argv: []string{exe, workerArg}, Timeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}
