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

// benchmarked are checks of all kinds, with the words that have most to do.
func benchmarked() []string { return []string{"Rollout", "Partition", "Backoff", "AllTheTime"} }

// recordedStep returns a real recording of some 950 events as one step, and how it
// was before its last events.
func recordedStep(b *testing.B) (whole, part *timeline.Timeline) {
	whole = asOneStep(recording(b))
	entries := whole.Entries()
	return whole, timeline.New(whole.Header(), entries[:len(entries)-5])
}

// BenchmarkRecordedCold starts a worker and runs checks of all kinds over a real
// recording.
func BenchmarkRecordedCold(b *testing.B) {
	whole, _ := recordedStep(b)
	src := vocabularySource(b)
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		worker, err := Start(b.Context(), WorkerOptions{Argv: []string{exe, workerArg}})
		if err != nil {
			b.Fatal(err)
		}
		runVocabulary(b, worker, src, whole)
		worker.Close()
	}
}

// BenchmarkRecordedWarm runs checks of all kinds over a real recording of which the
// worker has all but the last events.
func BenchmarkRecordedWarm(b *testing.B) {
	whole, part := recordedStep(b)
	src := vocabularySource(b)
	worker := startWorker(b)
	for b.Loop() {
		b.StopTimer()
		runVocabulary(b, worker, src, part)
		b.StartTimer()
		runVocabulary(b, worker, src, whole)
	}
}

func runVocabulary(b *testing.B, w *Worker, src []byte, tl *timeline.Timeline) {
	got, err := w.Run(b.Context(), Request{Filename: "checks.go", Source: src, Names: benchmarked(), Step: "all", Timeline: tl})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range got {
		if f.Outcome == Error {
			b.Fatalf("%+v", f)
		}
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
