package checks

import (
	"compress/gzip"
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

// vocabulary is a step's checks with the words that have most to do.
const vocabulary = `package checks

import (
	"time"

	"github.com/k8slab/k8slab/lab"
)

func Rollout(t *lab.T) {
	r := t.Rollout("web")
	t.AtLeast(r.LowAvailable(), 4, "available")
	t.AtMost(r.PeakPods(), 6, "Pods")
	t.Equal(r.PeakWithTerminating(), 8, "Pods with terminating ones")
	for _, s := range r.Samples() {
		t.True(s.Pods <= 6, "%d Pods %s", s.Pods, s.At)
	}
	t.Within(r.Took(), time.Minute, "the rollout")
}

func Stateful(t *lab.T) {
	db := t.During().StatefulSet("db").Rollout()
	t.Equal(db.Updated(), []string{"db-4", "db-3"}, "updated")
	for _, o := range db.Ordinals() {
		for _, turn := range o.Turns {
			t.Equal(len(turn.Volumes), 1, "volumes of %s", turn)
		}
	}
}

func Backoff(t *lab.T) {
	pi := t.During().Job("pi")
	t.Await(pi.Failed().Seen(), "not failed")
	want := 10 * time.Second
	for _, g := range pi.Gaps() {
		t.Near(g, want, "gap")
		want *= 2
	}
}

func AllTheTime(t *lab.T) {
	t.Await(len(t.During().Pods("app=web").Created()) > 0, "no Pod")
	t.Always(func(s *lab.State) bool {
		ready := 0
		for _, p := range s.Pods("app=web") {
			if lab.IsReady(p) {
				ready++
			}
		}
		return ready < 100
	}, "too many")
}
`

// recordedStep returns a real recording of some 1,000 events as one step that has
// settled, and how it was before its last events.
func recordedStep(b *testing.B) (whole, part *timeline.Timeline) {
	file, err := os.Open("../../lab/testdata/workloads.ndjson.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		b.Fatal(err)
	}
	read, err := timeline.Read(z)
	if err != nil {
		b.Fatal(err)
	}
	entries := []timeline.Entry{{Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "all", ResourceVersion: 1}}}
	for _, e := range read.Entries() {
		if e.Mark == nil {
			entries = append(entries, e)
		}
	}
	b.ReportMetric(float64(len(entries)-1), "events")
	return timeline.New(read.Header(), entries), timeline.New(read.Header(), entries[:len(entries)-5])
}

// BenchmarkRecordedCold starts a worker and runs checks of all kinds over a real
// recording.
func BenchmarkRecordedCold(b *testing.B) {
	whole, _ := recordedStep(b)
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		worker, err := Start(b.Context(), WorkerOptions{Argv: []string{exe, workerArg}})
		if err != nil {
			b.Fatal(err)
		}
		runVocabulary(b, worker, whole)
		worker.Close()
	}
}

// BenchmarkRecordedWarm runs checks of all kinds over a real recording of which the
// worker has all but the last events.
func BenchmarkRecordedWarm(b *testing.B) {
	whole, part := recordedStep(b)
	worker := startWorker(b)
	for b.Loop() {
		b.StopTimer()
		runVocabulary(b, worker, part)
		b.StartTimer()
		runVocabulary(b, worker, whole)
	}
}

func runVocabulary(b *testing.B, w *Worker, tl *timeline.Timeline) {
	got, err := w.Run(b.Context(), Request{Filename: "checks.go", Source: []byte(vocabulary), Step: "all", Timeline: tl})
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
