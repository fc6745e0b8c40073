package checks

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

var update = flag.Bool("update", false, "rewrite the findings in testdata, and the timelines that are made up")

// fixture is a directory below testdata/LESSON: what was recorded once
// (timeline.ndjson), what had been submitted (manifests/) and what all checks say
// to that, step by step (findings.txt, which -update writes).
type fixture struct{ dir string }

// lessonSteps are the steps that have checks, in order.
var lessonSteps = []string{"create", "change", "delete", "adopt", "release"}

func TestFixtures(t *testing.T) {
	if *update {
		makeFixture(t, "testdata/replicaset-updates/made-reference", func(w *world) {
			reference(w, func(w *world) { w.apply(v2, 3) })
		})
		makeFixture(t, "testdata/replicaset-updates/made-scaled-through-zero", func(w *world) {
			reference(w, func(w *world) { w.apply(v1, 0); w.apply(v2, 0); w.apply(v2, 3) })
		})
	}
	dirs, err := filepath.Glob("testdata/replicaset-updates/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%d fixtures, %v", len(dirs), err)
	}
	worker := startWorker(t)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			f := fixture{dir}
			got := f.findings(t, worker)
			if *update {
				f.write(t, "findings.txt", []byte(got))
			}
			if want := string(f.read(t, "findings.txt")); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// findings runs the checks of every step, natively and interpreted, and tells
// what they say.
func (f fixture) findings(t *testing.T, worker *Worker) string {
	t.Helper()
	tl, err := timeline.Read(bytes.NewReader(f.read(t, "timeline.ndjson")))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, step := range lessonSteps {
		r := Request{Names: replicaSetUpdates.steps[step], Step: step, Manifests: f.manifests(t), Timeline: tl}
		for _, finding := range replicaSetUpdates.judge(t, worker, r) {
			fmt.Fprintf(&b, "%s: %s\n", step, told(finding))
		}
	}
	return b.String()
}

func (f fixture) manifests(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	dir := os.DirFS(filepath.Join(f.dir, "manifests"))
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[path], err = fs.ReadFile(dir, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (f fixture) read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (f fixture) write(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference plays all steps as the lesson does, but for the step change.
func reference(w *world, change func(*world)) {
	do := map[string]func(*world){
		"create":  func(w *world) { w.apply(v1, 3) },
		"change":  change,
		"delete":  func(w *world) { w.delete(w.owned()[0]) },
		"adopt":   func(w *world) { w.add("stray", v1, web, nil) },
		"release": func(w *world) { w.label(w.owned()[0], "debug") },
	}
	for _, step := range lessonSteps {
		w.step(step)
		do[step](w)
		w.settle(step)
	}
}

func makeFixture(t *testing.T, dir string, play func(*world)) {
	w := newWorld(t)
	play(w)
	var b bytes.Buffer
	if err := w.timeline().Write(&b); err != nil {
		t.Fatal(err)
	}
	f := fixture{dir}
	f.write(t, "timeline.ndjson", b.Bytes())
	f.write(t, "manifests/web.yaml", webYAML(v2, "3")["web.yaml"])
}
