package lab

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"slices"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Deployment returns the submitted Deployment of that name. If there is none the
// check ends as waiting, and if its file cannot be read as one, as failed.
func (t *T) Deployment(name string) *appsv1.Deployment {
	return submitted[appsv1.Deployment](t, "apps/v1", name)
}

// ReplicaSet returns the submitted ReplicaSet of that name, as [T.Deployment] does.
func (t *T) ReplicaSet(name string) *appsv1.ReplicaSet {
	return submitted[appsv1.ReplicaSet](t, "apps/v1", name)
}

// StatefulSet returns the submitted StatefulSet of that name, as [T.Deployment] does.
func (t *T) StatefulSet(name string) *appsv1.StatefulSet {
	return submitted[appsv1.StatefulSet](t, "apps/v1", name)
}

// DaemonSet returns the submitted DaemonSet of that name, as [T.Deployment] does.
func (t *T) DaemonSet(name string) *appsv1.DaemonSet {
	return submitted[appsv1.DaemonSet](t, "apps/v1", name)
}

// Job returns the submitted Job of that name, as [T.Deployment] does.
func (t *T) Job(name string) *batchv1.Job {
	return submitted[batchv1.Job](t, "batch/v1", name)
}

// CronJob returns the submitted CronJob of that name, as [T.Deployment] does.
func (t *T) CronJob(name string) *batchv1.CronJob {
	return submitted[batchv1.CronJob](t, "batch/v1", name)
}

// Pod returns the submitted Pod of that name, as [T.Deployment] does.
func (t *T) Pod(name string) *corev1.Pod {
	return submitted[corev1.Pod](t, "v1", name)
}

// Service returns the submitted Service of that name, as [T.Deployment] does.
func (t *T) Service(name string) *corev1.Service {
	return submitted[corev1.Service](t, "v1", name)
}

// PersistentVolumeClaim returns the submitted PersistentVolumeClaim of that name, as [T.Deployment] does.
func (t *T) PersistentVolumeClaim(name string) *corev1.PersistentVolumeClaim {
	return submitted[corev1.PersistentVolumeClaim](t, "v1", name)
}

// submitted returns a submitted object.
func submitted[K any](t *T, version, name string) *K {
	into := new(K)
	t.manifest(version, kindOf[K](), name, into)
	return into
}

// manifest decodes a submitted object.
func (t *T) manifest(version, kind, name string, into any) {
	if t.run.manifests == nil {
		t.run.manifests = parseManifests(t.run.input.Manifests)
	}
	d := t.run.manifests.find(kind, name)
	switch {
	case len(d) == 0:
		t.noManifest(kind, name)
	case len(d) > 1:
		t.Hint("keep one of them").Fatalf("%s %s is defined twice, in %s and in %s", kind, name, d[0].file, d[1].file)
	case d[0].APIVersion != version:
		t.Hint("write apiVersion: %s", version).Fatalf("%s: %s %s has apiVersion %q, and should have %q", d[0].file, kind, name, d[0].APIVersion, version)
	}
	if err := yaml.UnmarshalStrict(d[0].text, into); err != nil {
		t.Hint("correct the file").Fatalf("%s: %s %s: %s", d[0].file, kind, name, plain(err))
	}
}

func (t *T) noManifest(kind, name string) {
	m := t.run.manifests
	if len(m.broken) > 0 { // it may be in there
		b := m.broken[0]
		t.Hint("correct the file").Fatalf("%s is not valid YAML: %s", b.file, b.reason)
	}
	t.orHint("write a manifest with kind: %s and metadata.name: %s", kind, name).
		NotYet("%s %s is in none of the submitted files; there is %s", kind, name, m)
}

// plain is an error of the YAML library in the words of the file's author.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), "error unmarshaling JSON: while decoding JSON: ")
	return strings.TrimPrefix(strings.TrimPrefix(text, "error converting YAML to JSON: "), "json: ")
}

// manifests are the objects in the submitted files.
type manifests struct {
	documents []document
	broken    []brokenFile
}

type document struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Name string `json:"name"`
	} `json:"metadata"`

	file string
	text []byte
}

type brokenFile struct{ file, reason string }

func parseManifests(files map[string][]byte) *manifests {
	m := &manifests{}
	for _, file := range sortedKeys(files) {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(file)) {
			m.parse(file, files[file])
		}
	}
	return m
}

func sortedKeys(files map[string][]byte) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// parse adds the documents of a file.
func (m *manifests) parse(file string, src []byte) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(src)))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		d := document{file: file, text: text}
		if err == nil {
			err = yaml.Unmarshal(text, &d)
		}
		if err != nil {
			m.broken = append(m.broken, brokenFile{file, plain(err)})
			return
		}
		if d.Kind != "" {
			m.documents = append(m.documents, d)
		}
	}
}

func (m *manifests) find(kind, name string) []document {
	var found []document
	for _, d := range m.documents {
		if d.Kind == kind && d.Metadata.Name == name {
			found = append(found, d)
		}
	}
	return found
}

// String lists what is there.
func (m *manifests) String() string {
	if len(m.documents) == 0 {
		return "no manifest at all"
	}
	var all []string
	for _, d := range m.documents {
		all = append(all, d.Kind+" "+d.Metadata.Name+" ("+d.file+")")
	}
	return strings.Join(all, ", ")
}
