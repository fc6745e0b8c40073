package timeline

import (
	"bytes"
	"os"
	"slices"
	"testing"
)

// FuzzQueries asks everything of whatever Read takes.
func FuzzQueries(f *testing.F) {
	recorded, err := os.ReadFile("testdata/story.ndjson")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(recorded)
	f.Add(recorded[:len(recorded)-40]) // torn
	header, _, _ := bytes.Cut(recorded, []byte("\n"))
	for _, line := range []string{
		`{"at":1,"event":{"type":"ADDED","kind":"Pod","name":"a","uid":"u","version":7,"object":{}}}`,
		`{"at":1e3,"event":{"type":"DELETED","kind":"Deployment","namespace":"default","name":"web","uid":"d","version":7,"synthetic":true,"object":{"spec":{"replicas":"two"}}}}`,
		`{"at":0.5,"event":{"type":"MODIFIED","kind":"Job","namespace":"default","name":"web","uid":"j","version":8,"object":{"spec":{"parallelism":-1},"status":{"conditions":[{"type":"Failed","status":"True"}]}}}}`,
		`{"at":2,"event":{"object":{"metadata":{"resourceVersion":"9"}},"type":"ADDED","kind":"Event","name":"e","uid":"e","version":9}}`,
		`{"at":3,"gap":{"kind":"Pod","reason":"410 Gone","from":3,"to":9}}`,
		`{"at":3,"mark":{"type":"step","name":"create","version":18446744073709551615}}`,
	} {
		f.Add(append(append(slices.Clone(header), '\n'), line+"\n"...))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tl, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		query(tl.Whole())
		query(tl.Step("create"))
	})
}

// query asks a window for everything.
func query(w Window) {
	for _, p := range w.Pods() {
		w.Phases(p)
	}
	for _, kind := range []string{"Deployment", "ReplicaSet", "StatefulSet", "Job"} {
		r := w.Rollout(Ref{kind, "default", "web"})
		r.Since(w.Start).Peak(AllPods)
		r.Low(AvailablePods)
		r.Ordinals()
	}
	w.Job("default", "web")
	w.Notices("")
	w.Gaps()
	w.Entries()
	Settled(w.After())
}
