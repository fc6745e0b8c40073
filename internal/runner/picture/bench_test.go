package picture

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// film records a Deployment of 20 whose template changes again and again.
type film struct {
	entries []timeline.Entry
	version uint64
}

func (f *film) add(t watch.EventType, kind string, object metav1.Object) {
	f.version++
	object.SetNamespace("default")
	object.SetResourceVersion(fmt.Sprint(f.version))
	if object.GetUID() == "" {
		object.SetUID(types.UID(kind + object.GetName()))
	}
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	f.entries = append(f.entries, timeline.Entry{
		At:    time.Duration(f.version) * 10 * time.Millisecond,
		Event: &timeline.Event{Type: t, Kind: kind, Namespace: "default", Name: object.GetName(), UID: object.GetUID(), ResourceVersion: f.version, Object: raw},
	})
}

func ownedBy(kind string, o metav1.Object) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{Kind: kind, Name: o.GetName(), UID: o.GetUID(), Controller: &yes}}
}

// rollouts returns a recording of n events.
func rollouts(n int) []timeline.Entry {
	f := &film{}
	d := &appsv1.Deployment{}
	d.Name = "web"
	replicas := int32(20)
	d.Spec.Replicas = &replicas
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
	f.add(watch.Added, "Deployment", d)
	var old []*corev1.Pod
	for round := 0; len(f.entries) < n; round++ {
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: fmt.Sprint("nginx:", round)}}
		f.add(watch.Modified, "Deployment", d)
		rs := &appsv1.ReplicaSet{}
		rs.Name = fmt.Sprint("web-", round)
		rs.OwnerReferences, rs.Spec.Template = ownedBy("Deployment", d), *d.Spec.Template.DeepCopy()
		f.add(watch.Added, "ReplicaSet", rs)
		old = f.replace(rs, old)
	}
	return f.entries[:n]
}

// replace makes the Pods of a ReplicaSet in the place of others, one by one.
func (f *film) replace(rs *appsv1.ReplicaSet, old []*corev1.Pod) []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range 20 {
		p := &corev1.Pod{}
		p.Name = fmt.Sprintf("%s-%05d", rs.Name, i)
		p.OwnerReferences, p.Spec = ownedBy("ReplicaSet", rs), *rs.Spec.Template.Spec.DeepCopy()
		p.Status.Phase = corev1.PodPending
		f.add(watch.Added, "Pod", p)
		p.Spec.NodeName = "node-1"
		f.add(watch.Modified, "Pod", p)
		p.Status.Phase = corev1.PodRunning
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
		f.add(watch.Modified, "Pod", p)
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		f.add(watch.Modified, "Pod", p)
		pods = append(pods, p)
		if i < len(old) {
			old[i].DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
			f.add(watch.Modified, "Pod", old[i])
			f.add(watch.Deleted, "Pod", old[i])
		}
	}
	return pods
}

// BenchmarkFrame draws a picture for a terminal of 160 by 48.
func BenchmarkFrame(b *testing.B) {
	header := timeline.Header{Lab: "x", Start: time.Unix(0, 0)}
	grown := timeline.NewBuilder(header)
	for _, e := range rollouts(10_000) {
		grown.Append(e)
	}
	p := Of(grown.Timeline().Whole(), Select{})
	b.Run("drawn", func(b *testing.B) {
		for b.Loop() {
			if len(p.Text(TextOptions{Width: 160, Height: 48, Colour: true, Legend: true})) == 0 {
				b.Fatal("nothing")
			}
		}
	})
	b.Run("grown", func(b *testing.B) {
		version := uint64(20_000)
		for b.Loop() {
			version++
			pod := fmt.Sprintf(`{"metadata":{"name":"one","namespace":"default","uid":"one","resourceVersion":"%d"},"status":{"phase":"Running"}}`, version)
			grown.Append(timeline.Entry{At: 100 * time.Second, Event: &timeline.Event{Type: watch.Modified, Kind: "Pod", ResourceVersion: version, Object: []byte(pod)}})
			Of(grown.Timeline().Whole(), Select{}).Text(TextOptions{Width: 160, Height: 48, Colour: true, Legend: true})
		}
	})
	b.Run("recent", func(b *testing.B) { // the last 20 s only, as a player does
		for b.Loop() {
			p.Text(TextOptions{Width: 160, Height: 48, Colour: true, Legend: true, Last: 20 * time.Second})
		}
	})
}
