package timeline

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// recorded has what busy has made: that takes far longer than what is measured.
var recorded = map[int][]Entry{}

// busy returns a recording of n events of which nothing is decoded yet.
func busy(n int) []Entry {
	if recorded[n] == nil {
		recorded[n] = makeBusy(n)
	}
	entries := slices.Clone(recorded[n])
	for i, e := range entries {
		if v := e.Event; v != nil {
			entries[i].Event = &Event{Type: v.Type, Kind: v.Kind, ResourceVersion: v.ResourceVersion, Object: v.Object}
		}
	}
	return entries
}

// makeBusy makes a recording of n events: a Deployment of 20 whose template changes again and
// again, with a status of its ReplicaSet for each Pod and three Kubernetes Events about
// it. A Pod is 3 KB, as real ones are.
func makeBusy(n int) []Entry {
	w := newWorld()
	padding := string(bytes.Repeat([]byte("x"), 2000))
	d := w.deployment("web", 20, "nginx:0")
	var old []*corev1.Pod
	for round := 0; len(w.entries) < n; round++ {
		w.mark(MarkStep, fmt.Sprint("step-", 10*len(w.entries)/n))
		d.Spec.Template = templateFor("web", fmt.Sprint("nginx:", round))
		w.change(d)
		rs := w.replicaSet(d, fmt.Sprint(round), round+1)
		var pods []*corev1.Pod
		for i := range 20 {
			p := w.live(w.pod(fmt.Sprintf("web-%d-%d", round, i), "ReplicaSet", rs, rs.Spec.Template, func(p *corev1.Pod) {
				p.Annotations = map[string]string{"padding": padding}
			}))
			for _, reason := range []string{"Scheduled", "Pulled", "Started"} {
				w.notice(reason, p, "spec.containers{main}")
			}
			rs.Status.ReadyReplicas = int32(i)
			w.change(rs)
			pods = append(pods, p)
			if len(old) > i {
				w.terminate(old[i])
				w.remove(old[i])
			}
		}
		old = pods
	}
	return w.entries[:n]
}

func sizes(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { run(b, n) })
	}
}

// queries are what checks ask, of a window over all events.
var queries = []struct {
	name string
	ask  func(w Window) int
}{
	{"Pods", func(w Window) int { return len(w.Pods()) }},
	{"Rollout", func(w Window) int { return len(w.Rollout(deployment).Samples) }},
	{"Peak", func(w Window) int { return len(w.Rollout(deployment).Peak(AllPods).Pods) }},
	{"Phases", func(w Window) int { return len(w.Phases(w.Pods()[0])) }},
	{"Notices", func(w Window) int { return len(w.Notices("Pulled")) }},
	{"Histories", func(w Window) int { return len(Histories[appsv1.ReplicaSet](w, "default", "web-1")[0].Versions()) }},
	{"State", func(w Window) int { return len(w.After().Pods("default")) }},
	{"Step", func(w Window) int { return len(w.Timeline().Step("step-5").Entries()) }},
	{"Settled", func(w Window) int {
		_, why := Settled(w.Timeline().State())
		return len(why)
	}},
}

// BenchmarkQuery asks each query of a recording that has grown by one event since it was
// asked last.
func BenchmarkQuery(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		grown := NewBuilder(testHeader())
		for _, e := range busy(n) {
			grown.Append(e)
		}
		version := uint64(2 * n)
		for _, q := range queries {
			q.ask(grown.Timeline().Whole())
			b.Run(q.name, func(b *testing.B) {
				for b.Loop() {
					version++
					grown.Append(event("MODIFIED", "Pod", version, podIn("another", owned)))
					if q.ask(grown.Timeline().Whole()) == 0 {
						b.Fatal("nothing")
					}
				}
			})
		}
	})
}

// BenchmarkFirstQuery asks for a rollout for the first time, for which each version is
// decoded once.
func BenchmarkFirstQuery(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		for b.Loop() {
			b.StopTimer()
			tl := New(testHeader(), busy(n))
			b.StartTimer()
			tl.Whole().Rollout(deployment)
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/event")
	})
}

// BenchmarkMemory says what a recording takes with all that queries keep.
func BenchmarkMemory(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		for b.Loop() {
			entries := busy(n)
			objects := 0
			for _, e := range entries {
				if e.Event != nil {
					objects += len(e.Event.Object)
				}
			}
			tl := New(testHeader(), entries)
			for _, q := range queries {
				q.ask(tl.Whole())
			}
			b.ReportMetric(float64(inUse())/float64(n), "B/event")
			b.ReportMetric(float64(objects)/float64(n), "JSON-B/event")
			runtime.KeepAlive(tl)
		}
	})
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkAppend appends one entry to n and takes the timeline, as the recorder
// does; every fourth entry arrives late.
func BenchmarkAppend(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		grown := NewBuilder(testHeader())
		for _, e := range busy(n) {
			grown.Append(e)
		}
		grown.Timeline()
		version := uint64(10 * n)
		for b.Loop() {
			version += 10
			late := uint64(0)
			if version%40 == 0 {
				late = 45
			}
			grown.Append(step("a", version-late))
			grown.Timeline()
		}
	})
}

func BenchmarkRead(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		var file bytes.Buffer
		if err := New(testHeader(), busy(n)).Write(&file); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(file.Len()))
		b.ResetTimer()
		for range b.N {
			if _, err := Read(bytes.NewReader(file.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
}
