package checks

import (
	"os"
	"testing"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// busy returns a timeline of at least n events in the step delete, and a function
// that adds some.
func busy(b *testing.B, n int) (*world, func()) {
	w := newWorld(b)
	w.step("create")
	w.apply(v1, 3)
	w.apply(v2, 3)
	w.step("delete")
	more := func() { w.delete(w.owned()[0]) }
	for len(w.entries) < n {
		more()
	}
	return w, more
}

func benchmarkRequest(tl *timeline.Timeline, src []byte) Request {
	return Request{
		Filename: "checks.go", Source: src, Step: "delete",
		Names: replicaSetSteps()["delete"], Manifests: webYAML(v2, "3"), Timeline: tl,
	}
}

// BenchmarkCold starts a worker and runs a step's checks over 1,000 events. The
// program that is started is this test, not k8slab, which takes 80 ms longer.
func BenchmarkCold(b *testing.B) {
	w, _ := busy(b, 1000)
	src := scriptedLesson("replicaset-updates").source(b)
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		worker, err := Start(b.Context(), WorkerOptions{Argv: []string{exe, workerArg}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := worker.Run(b.Context(), benchmarkRequest(w.timeline(), src)); err != nil {
			b.Fatal(err)
		}
		worker.Close()
	}
}

// BenchmarkWarm runs a step's checks over 1,000 events and the five that have come
// since the run before.
func BenchmarkWarm(b *testing.B) {
	worker := startWorker(b)
	src := scriptedLesson("replicaset-updates").source(b)
	w, more := busy(b, 1000)
	for b.Loop() {
		more()
		if _, err := worker.Run(b.Context(), benchmarkRequest(w.timeline(), src)); err != nil {
			b.Fatal(err)
		}
		w.entries = w.entries[:max(1000, len(w.entries)-5000)]
	}
}

// BenchmarkNative is BenchmarkWarm without worker and interpreter.
func BenchmarkNative(b *testing.B) {
	src := scriptedLesson("replicaset-updates").source(b)
	w, more := busy(b, 1000)
	for b.Loop() {
		more()
		RunNative(benchmarkRequest(w.timeline(), src), scriptedLesson("replicaset-updates").functions)
	}
}
