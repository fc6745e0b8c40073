package checks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// world makes the timeline of a namespace in which a person does things and the
// ReplicaSet controller and a kubelet react, in the order in which the real ones
// do: one watch event per change, with rising versions. Recordings of real
// clusters are in testdata; this is for what nobody has recorded.
type world struct {
	t       testing.TB
	entries []timeline.Entry
	clock   time.Duration
	version uint64
	serial  int
	rs      map[string]*appsv1.ReplicaSet
	pods    map[string]*corev1.Pod
}

func newWorld(t testing.TB) *world {
	return &world{t: t, rs: map[string]*appsv1.ReplicaSet{}, pods: map[string]*corev1.Pod{}, version: 100}
}

func (w *world) timeline() *timeline.Timeline {
	return timeline.New(timeline.Header{
		Lesson: "replicaset-updates", Cluster: "embedded", Kubernetes: "v1.36.3",
		Start: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
	}, slices.Clone(w.entries))
}

func (w *world) step(id string)   { w.mark(timeline.MarkStep, id) }
func (w *world) settle(id string) { w.mark(timeline.MarkSettled, id) }

func (w *world) mark(kind, name string) {
	w.clock += 500 * time.Millisecond
	w.entries = append(w.entries, timeline.Entry{At: w.clock, Mark: &timeline.Mark{Type: kind, Name: name, ResourceVersion: w.version}})
}

func (w *world) gap(kind string) {
	w.entries = append(w.entries, timeline.Entry{At: w.clock, Gap: &timeline.Gap{
		Kind: kind, Reason: "410 Gone", From: w.version, To: w.version + 3}})
	w.version += 3
}

func (w *world) emit(kind watch.EventType, of string, object metav1.Object) {
	w.version++
	w.clock += 100 * time.Millisecond
	object.SetResourceVersion(fmt.Sprint(w.version))
	text, err := json.Marshal(object)
	if err != nil {
		w.t.Fatal(err)
	}
	w.entries = append(w.entries, timeline.Entry{At: w.clock, Event: &timeline.Event{
		Type: kind, Kind: of, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
		ResourceVersion: w.version, Object: text,
	}})
}

func (w *world) uid() types.UID {
	w.serial++
	return types.UID(fmt.Sprintf("uid-%d", w.serial))
}

// apply creates ReplicaSet web or changes its image and size.
func (w *world) apply(image string, replicas int32) {
	w.applyIn("default", "web", image, replicas)
}

func (w *world) applyIn(namespace, name, image string, replicas int32) {
	rs := w.rs[name]
	if rs == nil {
		rs = &appsv1.ReplicaSet{}
		rs.Name, rs.Namespace, rs.UID = name, namespace, w.uid()
		rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
		rs.Spec.Template.Labels = map[string]string{"app": "web"}
		w.rs[name] = rs
		w.set(rs, image, replicas)
		w.emit(watch.Added, "ReplicaSet", rs)
	} else {
		w.set(rs, image, replicas)
		w.emit(watch.Modified, "ReplicaSet", rs)
	}
	w.reconcile()
}

func (w *world) set(rs *appsv1.ReplicaSet, image string, replicas int32) {
	rs.Generation++
	rs.Spec.Replicas = &replicas
	rs.Spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: image}}
}

// deleteSet deletes ReplicaSet web, with its Pods or without.
func (w *world) deleteSet(orphan bool) {
	rs := w.rs["web"]
	delete(w.rs, "web")
	w.emit(watch.Deleted, "ReplicaSet", rs)
	for _, name := range slices.Sorted(maps.Keys(w.pods)) {
		p := w.pods[name]
		if !metav1.IsControlledBy(p, rs) {
			continue
		}
		if orphan {
			p.OwnerReferences = nil
			w.emit(watch.Modified, "Pod", p)
		} else {
			w.remove(p)
		}
	}
}

// add creates a Pod by hand.
func (w *world) add(name, image string, labels map[string]string, owner *appsv1.ReplicaSet) {
	p := &corev1.Pod{}
	p.Name, p.Namespace, p.UID, p.Labels = name, "default", w.uid(), labels
	p.Spec.Containers = []corev1.Container{{Name: "nginx", Image: image}}
	if owner != nil {
		p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	}
	w.pods[name] = p
	w.emit(watch.Added, "Pod", p)
	w.reconcile()
}

// delete deletes a Pod by hand.
func (w *world) delete(name string) {
	w.remove(w.pods[name])
	w.reconcile()
}

// kill deletes a Pod by force: it is gone without a deletion timestamp.
func (w *world) kill(name string) {
	p := w.pods[name]
	delete(w.pods, name)
	w.emit(watch.Deleted, "Pod", p)
	w.reconcile()
}

func (w *world) remove(p *corev1.Pod) {
	now := metav1.NewTime(time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(w.clock))
	p.DeletionTimestamp = &now
	w.emit(watch.Modified, "Pod", p)
	delete(w.pods, p.Name)
	defer func(p *corev1.Pod) { w.emit(watch.Deleted, "Pod", p) }(p)
	w.reconcile() // the replacement is created while the old Pod terminates
}

func (w *world) label(name, value string) {
	p := w.pods[name]
	p.Labels = maps.Clone(p.Labels)
	if p.Labels == nil {
		p.Labels = map[string]string{}
	}
	p.Labels["app"] = value
	w.emit(watch.Modified, "Pod", p)
	w.reconcile()
}

func (w *world) setPodImage(name, image string) {
	p := w.pods[name]
	p.Spec.Containers = []corev1.Container{{Name: "nginx", Image: image}}
	w.emit(watch.Modified, "Pod", p)
}

func (w *world) disown(name string) {
	w.pods[name].OwnerReferences = nil
	w.emit(watch.Modified, "Pod", w.pods[name])
	w.reconcile()
}

// owned returns the names of the Pods that ReplicaSet web controls, in order.
func (w *world) owned() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(w.pods)) {
		if rs := w.rs["web"]; rs != nil && metav1.IsControlledBy(w.pods[name], rs) {
			names = append(names, name)
		}
	}
	return names
}

// reconcile is the ReplicaSet controller: adopt, release, create, delete. Then the
// kubelet makes Pods ready.
func (w *world) reconcile() {
	rs := w.rs["web"]
	if rs == nil {
		return
	}
	w.claim(rs)
	for len(w.owned()) < int(*rs.Spec.Replicas) {
		w.serial++
		name := fmt.Sprintf("web-%d", w.serial)
		p := &corev1.Pod{}
		p.Name, p.Namespace, p.UID, p.Labels = name, rs.Namespace, w.uid(), rs.Spec.Template.Labels
		p.Spec = *rs.Spec.Template.Spec.DeepCopy()
		p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
		w.pods[name] = p
		w.emit(watch.Added, "Pod", p)
	}
	for owned := w.owned(); len(owned) > int(*rs.Spec.Replicas); owned = w.owned() {
		i := slices.IndexFunc(owned, func(n string) bool { return len(w.pods[n].Status.Conditions) == 0 })
		w.remove(w.pods[owned[max(i, 0)]])
	}
	w.run()
}

func (w *world) claim(rs *appsv1.ReplicaSet) {
	for _, name := range slices.Sorted(maps.Keys(w.pods)) {
		p := w.pods[name]
		if p.Namespace != rs.Namespace {
			continue
		}
		matches, owned := p.Labels["app"] == "web", metav1.IsControlledBy(p, rs)
		switch {
		case matches && metav1.GetControllerOf(p) == nil:
			p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(rs, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
			w.emit(watch.Modified, "Pod", p)
		case !matches && owned:
			p.OwnerReferences = nil
			w.emit(watch.Modified, "Pod", p)
		}
	}
}

func (w *world) run() {
	for _, name := range slices.Sorted(maps.Keys(w.pods)) {
		p := w.pods[name]
		if len(p.Status.Conditions) > 0 {
			continue
		}
		p.Spec.NodeName, p.Status.Phase = "node-1", corev1.PodRunning
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		w.emit(watch.Modified, "Pod", p)
	}
}
