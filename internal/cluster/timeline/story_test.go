package timeline

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// story is a short lesson in the order in which it happened: a ReplicaSet of two,
// a new template, a deleted Pod and its replacement, a Pod adopted and one released.
func story() []Entry {
	image := func(tag string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].Image = "nginx:" + tag }
	}
	debug := func(p *corev1.Pod) { p.Labels = map[string]string{"app": "debug"} }
	second := func(rs *appsv1.ReplicaSet) {
		rs.Spec.Template.Spec.Containers[0].Image = "nginx:1.26"
		rs.Generation, rs.Status.ObservedGeneration = 2, 2
	}
	status := func(replicas, observed int64) func(*appsv1.ReplicaSet) {
		return func(rs *appsv1.ReplicaSet) {
			rs.Status.Replicas, rs.Status.ObservedGeneration = int32(replicas), observed
		}
	}
	pod := func(t watch.EventType, version uint64, name string, change ...func(*corev1.Pod)) Entry {
		return event(t, "Pod", version, podIn(name, change...))
	}
	set := func(t watch.EventType, version uint64, ready int32, change ...func(*appsv1.ReplicaSet)) Entry {
		return event(t, "ReplicaSet", version, replicaSet(2, ready, change...))
	}
	return []Entry{
		step("create", 10),
		set(watch.Added, 11, 0, status(0, 0)),
		pod(watch.Added, 12, "web-a", owned),
		pod(watch.Added, 13, "web-b", owned),
		set(watch.Modified, 14, 0),
		pod(watch.Modified, 15, "web-a", owned, scheduled),
		pod(watch.Modified, 16, "web-b", owned, scheduled),
		pod(watch.Modified, 17, "web-a", owned, ready),
		pod(watch.Modified, 18, "web-b", owned, ready),
		set(watch.Modified, 19, 2),
		settled("create", 20),
		step("change", 21),
		set(watch.Modified, 22, 2, second, status(2, 1)),
		set(watch.Modified, 23, 2, second),
		settled("change", 24),
		step("delete", 25),
		pod(watch.Modified, 26, "web-a", owned, ready, terminating),
		pod(watch.Added, 27, "web-c", owned, image("1.26")),
		set(watch.Modified, 28, 1, second),
		pod(watch.Modified, 29, "web-c", owned, image("1.26"), ready),
		pod(watch.Deleted, 30, "web-a", owned, terminating),
		set(watch.Modified, 31, 2, second),
		settled("delete", 32),
		step("labels", 33),
		pod(watch.Added, 34, "stray"),
		pod(watch.Modified, 35, "stray", owned),
		pod(watch.Modified, 36, "stray", owned, terminating),
		pod(watch.Deleted, 37, "stray", owned, terminating),
		pod(watch.Modified, 38, "web-b", owned, ready, debug),
		pod(watch.Modified, 39, "web-b", ready, debug),
		pod(watch.Added, 40, "web-d", owned, image("1.26")),
	}
}

// tell writes what the windows and histories of a timeline say, without times.
func tell(t *Timeline) string {
	var b strings.Builder
	for _, id := range []string{"create", "change", "delete", "labels"} {
		w := t.Step(id)
		fmt.Fprintf(&b, "step %s: versions %d to %d, closed %v\n", id, w.Start.ResourceVersion, w.End.ResourceVersion, w.Closed)
		fmt.Fprintf(&b, "  before: %s\n  after: %s\n", tellState(w.Before()), tellState(w.After()))
		for _, p := range w.Pods() {
			tellPod(&b, p)
		}
		for _, h := range Histories[appsv1.ReplicaSet](w, "", "") {
			fmt.Fprintf(&b, "  ReplicaSet %s: %d versions, existed %v, last ready %d\n", h.Name, len(h.Versions()), h.Existed, h.Last().Status.ReadyReplicas)
		}
		tellRollout(&b, w.Rollout(Ref{"ReplicaSet", "default", "web"}))
	}
	return b.String()
}

func tellState(s State) string {
	var names []string
	for _, p := range s.Pods("") {
		names = append(names, "Pod "+p.Name)
	}
	for _, rs := range All[appsv1.ReplicaSet](s, "default") {
		names = append(names, "ReplicaSet "+rs.Name+" of "+rs.Spec.Template.Spec.Containers[0].Image)
	}
	return strings.Join(names, ", ")
}

func tellPod(b *strings.Builder, p *PodHistory) {
	fmt.Fprintf(b, "  Pod %s: %d versions, existed %v, created %d, scheduled %d, ready %d, terminating %d, gone %d\n", p.Name, len(p.Versions()),
		p.Existed, p.Created.ResourceVersion, p.Scheduled.ResourceVersion, p.Ready.ResourceVersion, p.Terminating.ResourceVersion, p.Gone.ResourceVersion)
	for _, c := range p.Owners {
		fmt.Fprintf(b, "    %d owner %q to %q, adopted %v, released %v\n", c.ResourceVersion, c.From.Name, c.To.Name, c.Adopted(), c.Released())
	}
	for _, c := range p.Labels {
		fmt.Fprintf(b, "    %d labels %v to %v\n", c.ResourceVersion, c.From, c.To)
	}
}

func tellRollout(b *strings.Builder, r *Rollout) {
	for _, c := range r.Templates {
		fmt.Fprintf(b, "    %d template %s to %s\n", c.ResourceVersion, c.From.Spec.Containers[0].Image, c.To.Spec.Containers[0].Image)
	}
	for _, c := range r.Scales {
		fmt.Fprintf(b, "    %d replicas %d to %d\n", c.ResourceVersion, c.From, c.To)
	}
	for _, v := range r.Revisions {
		fmt.Fprintf(b, "    revision %d current %d:", v.Number, v.Current.ResourceVersion)
		for _, p := range v.Pods {
			fmt.Fprintf(b, " %s", p.Name)
		}
		fmt.Fprintln(b)
	}
	for _, s := range r.Samples {
		fmt.Fprintf(b, "    %d: wanted %d, old %d, new %d, ready %d, available %d, terminating %d, finished %d, active %d, all %d\n",
			s.ResourceVersion, s.Wanted, s.Old, s.New, s.Ready, s.Available, s.Terminating, s.Finished, s.Active, s.All)
	}
}

func TestStory(t *testing.T) {
	var file bytes.Buffer
	if err := New(testHeader(), story()).Write(&file); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/story.ndjson", file.String())
	read, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/story.txt", tell(read))
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (rewrite with -update); got\n%s", path, got)
	}
}

// delayed returns entries as they arrive when the watch of one kind is late.
func delayed(entries []Entry, kind string, by time.Duration) []Entry {
	late := slices.Clone(entries)
	for i, e := range late {
		if e.Event != nil && e.Event.Kind == kind {
			late[i].At += by
		}
	}
	sort.SliceStable(late, func(i, j int) bool { return late[i].At < late[j].At })
	return late
}

// shuffled returns entries as they arrive when each kind's order is kept and
// nothing else is, marks among themselves included.
func shuffled(entries []Entry, random *rand.Rand) []Entry {
	queues := map[string][]Entry{}
	for _, e := range entries {
		kind := "mark"
		if e.Event != nil {
			kind = e.Event.Kind
		}
		queues[kind] = append(queues[kind], e)
	}
	var out []Entry
	for len(out) < len(entries) {
		kind := []string{"mark", "Pod", "ReplicaSet"}[random.IntN(3)]
		if q := queues[kind]; len(q) > 0 {
			e := q[0]
			e.At = time.Duration(len(out)) * time.Second
			out, queues[kind] = append(out, e), q[1:]
		}
	}
	return out
}

func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	want := tell(New(testHeader(), story()))
	check := func(t *testing.T, arrived []Entry) {
		t.Helper()
		got := New(testHeader(), arrived)
		if text := tell(got); text != want {
			t.Errorf("got\n%s\nwant\n%s", text, want)
		}
		if !slices.IsSortedFunc(got.Entries(), func(a, b Entry) int { return int(a.At - b.At) }) {
			t.Error("entries are not in order of time")
		}
	}
	for _, kind := range []string{"Pod", "ReplicaSet"} {
		t.Run(kind+" late by 2 s", func(t *testing.T) { check(t, delayed(story(), kind, 2*time.Second)) })
		t.Run(kind+" late by 1 min", func(t *testing.T) { check(t, delayed(story(), kind, time.Minute)) })
	}
	t.Run("shuffled", func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			check(t, shuffled(story(), random))
		}
	})
}
