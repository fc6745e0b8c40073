package timeline

import (
	"bytes"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// manyEntries makes n entries: a ReplicaSet's status every fourth, else Pods that are
// created, scheduled, ready and deleted, ten steps in all. One Pod is 3 KB.
func manyEntries(n int) []Entry {
	padding := string(bytes.Repeat([]byte("x"), 2500))
	var entries []Entry
	for i := range n {
		version := uint64(i + 1)
		switch {
		case i%(n/10) == 0:
			entries = append(entries, step(fmt.Sprint("step-", i/(n/10)), version))
		case i%4 == 0:
			entries = append(entries, event(watch.Modified, "ReplicaSet", version, replicaSet(3, int32(i%3))))
		default:
			pod := podIn(fmt.Sprint("web-", i/16*4+i%4), owned)
			pod.Annotations = map[string]string{"padding": padding}
			t := [...]watch.EventType{watch.Added, watch.Modified, watch.Modified, watch.Deleted}[i/4%4]
			if t == watch.Modified {
				ready(pod)
			}
			entries = append(entries, event(t, "Pod", version, pod))
		}
	}
	return entries
}

func sizes(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { run(b, n) })
	}
}

// BenchmarkAppend appends one entry to n and takes the timeline, as the recorder
// does; every fourth entry arrives late.
func BenchmarkAppend(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		builder := NewBuilder(testHeader())
		for version := range n {
			builder.Append(step("a", uint64(10*version)))
		}
		builder.Timeline()
		version := uint64(10 * n)
		for b.Loop() {
			version += 10
			late := uint64(0)
			if version%40 == 0 {
				late = 45
			}
			builder.Append(step("a", version-late))
			builder.Timeline()
		}
	})
}

// BenchmarkStep asks a fresh timeline for the last step's histories, a tenth of all
// events. What an event holds is decoded once and stays decoded: "cold" is the
// first time ever, "warm" the time after one more entry.
func BenchmarkStep(b *testing.B) {
	b.Run("cold", func(b *testing.B) {
		sizes(b, func(b *testing.B, n int) {
			for b.Loop() {
				b.StopTimer()
				t := New(testHeader(), manyEntries(n))
				b.StartTimer()
				lookAtStep(b, t)
			}
		})
	})
	b.Run("warm", func(b *testing.B) {
		sizes(b, func(b *testing.B, n int) {
			builder := NewBuilder(testHeader())
			for _, e := range manyEntries(n) {
				builder.Append(e)
			}
			lookAtStep(b, builder.Timeline())
			version := uint64(n)
			for b.Loop() {
				version++
				builder.Append(step("z", version))
				lookAtStep(b, builder.Timeline())
			}
		})
	})
}

func lookAtStep(b *testing.B, t *Timeline) {
	w := t.Step("step-9")
	if len(w.Pods()) == 0 || len(Histories[appsv1.ReplicaSet](w, "", "")) != 1 {
		b.Fatal("nothing in the window")
	}
}

func BenchmarkSettled(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		t := New(testHeader(), manyEntries(n))
		for b.Loop() {
			Settled(t.State())
		}
	})
}

func BenchmarkRead(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		var file bytes.Buffer
		if err := New(testHeader(), manyEntries(n)).Write(&file); err != nil {
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
