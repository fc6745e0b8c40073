package checks

import (
	"compress/gzip"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/checks/symbols"
	vocabulary "github.com/k8slab/k8slab/internal/checks/vocabulary"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/lab"
)

func vocabularySource(t testing.TB) []byte {
	src, err := os.ReadFile("vocabulary/checks.go")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// recording returns what was recorded of workloads of all kinds.
func recording(t testing.TB) *timeline.Timeline {
	file, err := os.Open("../../lab/testdata/workloads.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	tl, err := timeline.Read(z)
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

// TestVocabulary says every word of package lab, compiled and interpreted, on every
// step of a real recording and on all of it at once.
func TestVocabulary(t *testing.T) {
	functions := map[string]func(*lab.T){
		"Manifests": vocabulary.Manifests, "States": vocabulary.States, "Histories": vocabulary.Histories,
		"Rollout": vocabulary.Rollout, "Changes": vocabulary.Changes, "Partition": vocabulary.Partition,
		"Backoff": vocabulary.Backoff, "AllTheTime": vocabulary.AllTheTime,
		"AbsentReplicaSet": vocabulary.AbsentReplicaSet, "AbsentDaemonSet": vocabulary.AbsentDaemonSet,
		"AbsentJob": vocabulary.AbsentJob, "AbsentCronJob": vocabulary.AbsentCronJob,
		"AbsentHistory": vocabulary.AbsentHistory, "AbsentDaemonSetHistory": vocabulary.AbsentDaemonSetHistory,
	}
	tl := recording(t)
	steps := map[string]*timeline.Timeline{"all": asOneStep(tl)}
	for _, e := range tl.Entries() {
		if e.Mark != nil && e.Mark.Type == timeline.MarkStep {
			steps[e.Mark.Name] = tl
		}
	}
	worker := startWorker(t)
	outcomes := map[string]map[Outcome]bool{}
	for step, tl := range steps {
		r := Request{Filename: "checks.go", Source: vocabularySource(t), Step: step, Timeline: tl, Manifests: map[string][]byte{"all.yaml": []byte(everyKind)}}
		native := RunNative(r, functions)
		interpreted, err := worker.Run(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(native) != len(functions) || len(interpreted) != len(native) {
			t.Fatalf("%d compiled, %d interpreted", len(native), len(interpreted))
		}
		for i := range native {
			n, p := native[i], interpreted[i]
			if !reflect.DeepEqual(n, p) {
				t.Errorf("step %s: compiled and interpreted differ:\n%+v\n%+v", step, n, p)
			}
			if n.Outcome == Error {
				t.Errorf("step %s: %+v", step, n)
			}
			if outcomes[n.Check] == nil {
				outcomes[n.Check] = map[Outcome]bool{}
			}
			outcomes[n.Check][n.Outcome] = true
		}
	}
	for check, seen := range outcomes {
		t.Logf("%s: %v", check, seen)
	}
	for _, check := range []string{"Manifests", "States", "Histories", "Rollout", "Partition", "Backoff"} {
		if !outcomes[check][Passed] {
			t.Errorf("%s passed on no step, so it may not have come to its end", check)
		}
	}
}

// asOneStep returns a recording as one step that goes on.
func asOneStep(tl *timeline.Timeline) *timeline.Timeline {
	entries := []timeline.Entry{{Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "all", ResourceVersion: 1}}}
	for _, e := range tl.Entries() {
		if e.Mark == nil {
			entries = append(entries, e)
		}
	}
	return timeline.New(tl.Header(), entries)
}

// TestVocabularyIsWhole looks for every exported method and function of package lab in
// the script.
func TestVocabularyIsWhole(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "checks.go", vocabularySource(t), parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{"At": true, "String": true} // said by the engine, and by fmt
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			used[s.Sel.Name] = true
		}
		return true
	})
	for _, p := range symbols.Packages() {
		if !strings.HasSuffix(p.Path, "/lab") {
			continue
		}
		for name, v := range p.Table() {
			for _, word := range wordsOf(name, v) {
				if !used[word] {
					t.Errorf("the script does not use %s of %s", word, name)
				}
			}
		}
	}
}

// wordsOf returns what a script can say about a name of package lab: a function's name,
// or the methods and fields of a type.
func wordsOf(name string, v reflect.Value) (words []string) {
	if v.Kind() == reflect.Func {
		return []string{name}
	}
	pointer := v.Type()
	for i := range pointer.NumMethod() {
		words = append(words, pointer.Method(i).Name)
	}
	if of := pointer.Elem(); of.Kind() == reflect.Struct {
		for i := range of.NumField() {
			if f := of.Field(i); f.IsExported() && !f.Anonymous {
				words = append(words, f.Name)
			}
		}
	}
	return words
}

const everyKind = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  strategy: {rollingUpdate: {maxSurge: 25%}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web}
spec: {replicas: 2}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {updateStrategy: {rollingUpdate: {partition: 3}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: log}
spec: {template: {spec: {containers: [{name: log, image: "busybox:1.37"}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec: {backoffLimit: 3}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: pi}
spec: {schedule: "* * * * *"}
---
apiVersion: v1
kind: Pod
metadata: {name: stray, labels: {app: web}}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce]}
`
