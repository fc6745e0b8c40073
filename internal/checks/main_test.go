package checks

import (
	"os"
	"testing"
)

// The test binary is its own worker, as k8slab is.
const workerArg = "__checks"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerArg {
		os.Exit(Main(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func startWorker(t testing.TB) *Worker {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w, err := Start(t.Context(), WorkerOptions{Argv: []string{exe, workerArg}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}
