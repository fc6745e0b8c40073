// Package recordertest tests a recorder against a real cluster: [Run] is a suite for a
// test binary that has one. [Transport] makes a client's watches late, cuts them and
// lets them expire, which no real server does when asked.
package recordertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// image is in the catalogue of the embedded cluster and on a public registry.
const image = "nginx:1.25"

// Run runs the suite on a cluster with controllers and nodes, as an administrator.
// It works in namespaces of its own, which it deletes.
func Run(t *testing.T, config *rest.Config) {
	t.Run("nothing is missed", func(t *testing.T) { testComplete(t, config) })
	t.Run("nothing is missed when watches are cut", func(t *testing.T) { testCut(t, config) })
	t.Run("sync waits for a late watch", func(t *testing.T) { testSync(t, config) })
	t.Run("a late watch changes no history", func(t *testing.T) { testLate(t, config) })
	t.Run("queries know what controllers did", func(t *testing.T) { testQueries(t, config) })
	t.Run("410 Gone is a gap", func(t *testing.T) { testGone(t, config) })
	t.Run("what does not settle has a reason", func(t *testing.T) { testUnsettled(t, config) })
	t.Run("who may not watch is told so", func(t *testing.T) { testForbidden(t, config) })
}

// lab is a namespace of the cluster, with a way to change it.
type lab struct {
	t         *testing.T
	client    kubernetes.Interface
	namespace string
}

// limit is far more than anything here takes.
const limit = time.Minute

func newLab(t *testing.T, config *rest.Config) *lab {
	t.Helper()
	config = rest.CopyConfig(config)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	check(t, err)
	l := &lab{t: t, client: client}
	ns, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "recordertest-"}}, metav1.CreateOptions{})
	check(t, err)
	l.namespace = ns.Name
	t.Cleanup(func() { l.delete() })
	l.until("the namespace has its service account", func(ctx context.Context) bool {
		_, err := client.CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
	return l
}

// delete deletes the namespace and waits until nothing of it is left, so that the
// next test begins with a lab that has settled.
func (l *lab) delete() {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	none := int64(0)
	_ = l.client.AppsV1().ReplicaSets(l.namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
	_ = l.client.CoreV1().Pods(l.namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &none}, metav1.ListOptions{})
	if err := l.client.CoreV1().Namespaces().Delete(ctx, l.namespace, metav1.DeleteOptions{}); err != nil {
		l.t.Errorf("delete the namespace: %v", err)
	}
	_ = wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := l.client.CoreV1().Namespaces().Get(ctx, l.namespace, metav1.GetOptions{})
		return err != nil, nil
	})
}

func (l *lab) until(what string, is func(context.Context) bool) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), limit)
	defer cancel()
	err := wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) { return is(ctx), nil })
	if err != nil {
		l.t.Fatalf("wait until %s: %v", what, err)
	}
}

func (l *lab) create(name string, replicas int32, change ...func(*corev1.PodTemplateSpec)) {
	l.t.Helper()
	soon, labels := int64(1), map[string]string{"app": name}
	rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.ReplicaSetSpec{
		Replicas: &replicas,
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{TerminationGracePeriodSeconds: &soon, Containers: []corev1.Container{{Name: "web", Image: image}}},
		},
	}}
	for _, c := range change {
		c(&rs.Spec.Template)
	}
	_, err := l.client.AppsV1().ReplicaSets(l.namespace).Create(l.t.Context(), rs, metav1.CreateOptions{})
	check(l.t, err)
}

func (l *lab) patch(name, patch string) {
	l.t.Helper()
	_, err := l.client.AppsV1().ReplicaSets(l.namespace).Patch(l.t.Context(), name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	check(l.t, err)
}

func (l *lab) scale(name string, replicas int) {
	l.t.Helper()
	l.patch(name, fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

func (l *lab) pods(ctx context.Context) []corev1.Pod {
	list, err := l.client.CoreV1().Pods(l.namespace).List(ctx, metav1.ListOptions{})
	check(l.t, err)
	return list.Items
}

// recording is a recorder with its file and its transport.
type recording struct {
	*recorder.Recorder
	t         *testing.T
	transport *Transport

	mu   sync.Mutex
	file bytes.Buffer
}

func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file.Write(p)
}

func record(t *testing.T, config *rest.Config, change ...func(*Transport)) *recording {
	t.Helper()
	r := &recording{t: t, transport: &Transport{}}
	for _, c := range change {
		c(r.transport)
	}
	config = rest.CopyConfig(config)
	config.Wrap(r.transport.Wrap)
	var err error
	r.Recorder, err = recorder.Start(t.Context(), recorder.Options{Config: config, Out: r, Header: timeline.Header{Lab: t.Name()}})
	check(t, err)
	t.Cleanup(func() { check(t, r.Close()) })
	return r
}

func late(resource string) func(*Transport) {
	return func(t *Transport) { t.Delay(resource, 2*time.Second) }
}

func (r *recording) settle() {
	r.t.Helper()
	check(r.t, r.settled())
}

func (r *recording) settled() error {
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	defer cancel()
	return r.WaitSettled(ctx, 300*time.Millisecond)
}

func (r *recording) mark(kind, name string) error {
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	defer cancel()
	return r.Mark(ctx, timeline.Mark{Type: kind, Name: name})
}

func (r *recording) sync() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	defer cancel()
	check(r.t, r.Sync(ctx))
}

// read returns what is in the file, which is all that another program has.
func (r *recording) read() *timeline.Timeline {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	tl, err := timeline.Read(bytes.NewReader(r.file.Bytes()))
	check(r.t, err)
	return tl
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// churn makes many changes of ReplicaSet web.
func churn(l *lab, r *recording) {
	l.create("web", 5)
	l.scale("web", 8)
	r.settle()
	l.scale("web", 2)
	l.patch("web", `{"spec":{"template":{"metadata":{"annotations":{"changed":"yes"}}}}}`)
	l.scale("web", 6)
	r.settle()
	check(l.t, l.client.AppsV1().ReplicaSets(l.namespace).Delete(l.t.Context(), "web", metav1.DeleteOptions{}))
	l.until("all Pods are gone", func(ctx context.Context) bool { return len(l.pods(ctx)) == 0 })
	r.sync()
}

func testComplete(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	other, r := observe(l), record(t, config)
	churn(l, r)
	other.compare(r)
	if gaps := r.Timeline().Whole().Gaps(); len(gaps) != 0 {
		t.Errorf("got gaps %+v", gaps)
	}
}

func testCut(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	other, r := observe(l), record(t, config)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			// Ten times in short order, then long enough apart for the recorder to be
			// certain that it has everything: see Recorder.Sync.
			pause := 150 * time.Millisecond
			if i%10 == 0 {
				pause = 4 * time.Second
			}
			select {
			case <-stop:
				return
			case <-time.After(pause):
				r.transport.Cut("pods")
				r.transport.Cut("replicasets")
			}
		}
	}()
	churn(l, r)
	close(stop)
	<-done
	other.compare(r)
	if gaps := r.Timeline().Whole().Gaps(); len(gaps) != 0 {
		t.Errorf("got gaps %+v", gaps)
	}
	if n := r.transport.Watches("pods"); n < 3 {
		t.Errorf("the watch began only %d times", n)
	}
}

func testSync(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	r := record(t, config, late("replicasets"))
	l.create("web", 0)
	r.sync()
	if timeline.Get[appsv1.ReplicaSet](r.Timeline().State(), l.namespace, "web") == nil {
		t.Error("what was created is not in the timeline")
	}
	l.patch("web", `{"metadata":{"labels":{"seen":"yes"}}}`)
	r.sync()
	if rs := timeline.Get[appsv1.ReplicaSet](r.Timeline().State(), l.namespace, "web"); rs.Labels["seen"] != "yes" {
		t.Error("what was changed is not in the timeline")
	}
	check(t, l.client.AppsV1().ReplicaSets(l.namespace).Delete(t.Context(), "web", metav1.DeleteOptions{}))
	r.sync()
	if timeline.Get[appsv1.ReplicaSet](r.Timeline().State(), l.namespace, "web") != nil {
		t.Error("what was deleted is still in the timeline")
	}
}

// testLate records a short lesson three times at once, with each of the watches late
// and with none.
func testLate(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	recordings := []*recording{record(t, config), record(t, config, late("pods")), record(t, config, late("replicasets"))}
	each := func(do func(*recording) error) {
		t.Helper()
		errs := make([]error, len(recordings))
		var all sync.WaitGroup
		for i, r := range recordings {
			all.Go(func() { errs[i] = do(r) })
		}
		all.Wait()
		check(t, errors.Join(errs...))
	}
	for _, step := range shortLesson(l) {
		each(func(r *recording) error { return r.mark(timeline.MarkStep, step.name) })
		step.do()
		each(func(r *recording) error { return r.mark(timeline.MarkCommand, step.name) })
		each((*recording).settled)
		each(func(r *recording) error { return r.mark(timeline.MarkSettled, step.name) })
	}
	want := histories(recordings[0].read(), l.namespace)
	t.Logf("what happened:\n%s", want)
	for _, r := range recordings[1:] {
		if got := histories(r.read(), l.namespace); got != want {
			t.Errorf("with a late watch it is\n%s", got)
		}
	}
	for _, must := range []string{"adopted", "released", "template"} {
		if !strings.Contains(want, must) {
			t.Errorf("nothing was %s", must)
		}
	}
}

type step struct {
	name string
	do   func()
}

// shortLesson is what the lesson on ReplicaSet updates does, with the Pods of web.
func shortLesson(l *lab) []step {
	pods := l.client.CoreV1().Pods(l.namespace)
	return []step{
		{"create", func() { l.create("web", 3) }},
		{"change", func() { l.patch("web", `{"spec":{"template":{"metadata":{"annotations":{"version":"2"}}}}}`) }},
		{"delete", func() {
			check(l.t, pods.Delete(l.t.Context(), l.pods(l.t.Context())[0].Name, metav1.DeleteOptions{}))
		}},
		{"adopt", func() {
			stray := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "stray", Labels: map[string]string{"app": "web"}}}
			stray.Spec.Containers = []corev1.Container{{Name: "web", Image: image}}
			_, err := pods.Create(l.t.Context(), stray, metav1.CreateOptions{})
			check(l.t, err)
		}},
		{"release", func() {
			_, err := pods.Patch(l.t.Context(), l.pods(l.t.Context())[0].Name, types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"app":"debug"}}}`), metav1.PatchOptions{})
			check(l.t, err)
		}},
	}
}

// histories tells the steps' histories without what differs between recordings: the
// times of arrival and the marks' versions.
func histories(tl *timeline.Timeline, namespace string) string {
	var b strings.Builder
	for _, id := range []string{"create", "change", "delete", "adopt", "release"} {
		w := tl.Step(id)
		fmt.Fprintf(&b, "step %s, closed %v, %d gaps, %d Pods before, %d after\n", id, w.Closed, len(w.Gaps()), len(w.Before().Pods(namespace)), len(w.After().Pods(namespace)))
		for _, p := range w.Pods() {
			if p.Namespace == namespace {
				tellPod(&b, p)
			}
		}
		tellRollout(&b, w.Rollout(timeline.Ref{Kind: "ReplicaSet", Namespace: namespace, Name: "web"}))
	}
	return b.String()
}

func tellPod(b *strings.Builder, p *timeline.PodHistory) {
	if len(p.Versions()) == 0 {
		return
	}
	fmt.Fprintf(b, "  Pod %s: existed %v, created %d, scheduled %d, ready %d, terminating %d, gone %d, versions", p.Name, p.Existed,
		p.Created.ResourceVersion, p.Scheduled.ResourceVersion, p.Ready.ResourceVersion, p.Terminating.ResourceVersion, p.Gone.ResourceVersion)
	for _, v := range p.Versions() {
		fmt.Fprintf(b, " %d", v.ResourceVersion)
	}
	for _, c := range p.Owners {
		fmt.Fprintf(b, ", adopted %v, released %v at %d", c.Adopted(), c.Released(), c.ResourceVersion)
	}
	fmt.Fprintln(b)
}

func tellRollout(b *strings.Builder, r *timeline.Rollout) {
	for _, c := range r.Templates {
		fmt.Fprintf(b, "  %d template of web\n", c.ResourceVersion)
	}
	for _, s := range r.Samples {
		s.Moment = timeline.Moment{} // of the first, which is the mark's
		fmt.Fprintf(b, "  %+v\n", s)
	}
	for _, v := range r.Revisions {
		fmt.Fprintf(b, "  revision %d of %d Pods\n", v.Number, len(v.Pods))
	}
}

func testGone(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	r := record(t, config)
	l.create("web", 2)
	r.settle()
	check(t, r.mark(timeline.MarkStep, "change"))
	l.scale("web", 4) // before the list that ends the gap, so that the gap reaches into the step
	r.transport.Expire("pods")
	l.until("there is a gap", func(context.Context) bool { return len(r.Timeline().Whole().Gaps()) > 0 })
	r.settle()
	gaps := r.read().Step("change").Gaps()
	if len(gaps) != 1 || gaps[0].Kind != "Pod" || !strings.Contains(gaps[0].Reason, "410 Gone") {
		t.Errorf("got gaps %+v", gaps)
	}
	if pods := r.read().State().Pods(l.namespace); len(pods) != 4 {
		t.Errorf("got %d Pods after the gap", len(pods))
	}
}

func testUnsettled(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	r := record(t, config)
	l.create("web", 1, func(p *corev1.PodTemplateSpec) { p.Spec.NodeSelector = map[string]string{"no": "such-node"} })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := r.WaitSettled(ctx, 100*time.Millisecond)
	var unsettled *recorder.UnsettledError
	if !errors.As(err, &unsettled) || !strings.Contains(unsettled.Reason, "is not scheduled yet") {
		t.Errorf("got error %v", err)
	}
}

func testForbidden(t *testing.T, config *rest.Config) {
	config = rest.CopyConfig(config)
	config.Impersonate.UserName = "nobody-knows"
	_, err := recorder.Start(t.Context(), recorder.Options{Config: config, Out: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), "record the cluster: list kind ") {
		t.Errorf("got error %v", err)
	}
}

// seen are the changes of Pods and ReplicaSets of a namespace, as "Pod ADDED uid version".
type seen []string

func (s seen) missing(in seen) (words []string) {
	for _, w := range s {
		if !slices.Contains(in, w) {
			words = append(words, w)
		}
	}
	return words
}

func seenIn(tl *timeline.Timeline, namespace string) (s seen) {
	for _, e := range tl.Entries() {
		if e.Event != nil && e.Event.Namespace == namespace && (e.Event.Kind == "Pod" || e.Event.Kind == "ReplicaSet") {
			s = append(s, fmt.Sprint(e.Event.Kind, " ", e.Event.Type, " ", e.Event.UID, " ", e.Event.ResourceVersion))
		}
	}
	return s
}
