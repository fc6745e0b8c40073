package lab_test

import (
	"encoding/json"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/lab"
)

// TestJobOnceMore deletes a Job and creates it again: what is asked of the Job is
// asked of the last.
func TestJobOnceMore(t *testing.T) {
	var entries []timeline.Entry
	emit := func(kind watch.EventType, of string, object metav1.Object) {
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		n := uint64(len(entries) + 1)
		entries = append(entries, timeline.Entry{At: time.Duration(n) * time.Second, Event: &timeline.Event{
			Type: kind, Kind: of, Namespace: "default", Name: object.GetName(), UID: object.GetUID(), ResourceVersion: n, Object: text,
		}})
	}
	entries = append(entries, timeline.Entry{Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "a", ResourceVersion: 1}})
	for _, uid := range []types.UID{"1", "2"} {
		job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "pi", Namespace: "default", UID: uid}}
		job.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
		emit(watch.Added, "Job", job)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pi-" + string(uid), Namespace: "default", UID: "pod" + uid}}
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
		emit(watch.Added, "Pod", pod)
		pod.Status.Phase = corev1.PodFailed
		emit(watch.Modified, "Pod", pod)
		if uid == "1" {
			emit(watch.Deleted, "Job", job)
		}
	}
	w := timeline.New(timeline.Header{Start: time.Unix(1, 0)}, entries).Step("a")
	v := lab.Judge(lab.Case{Window: w}, func(t *lab.T) {
		pi := t.During().Job("pi")
		t.Equal(len(pi.Attempts()), 1, "attempts")
		t.Equal(pi.Attempts()[0].Pod.Name(), "pi-2", "Pod of the attempt")
		t.Equal(pi.Pods().Names(), []string{"pi-2"}, "Pods")
		t.Equal(string(pi.Job().UID), "2", "UID")
		t.InOrder(pi.Deleted(), pi.Created(), pi.Attempts()[0].Ended)
		t.Await(true, "")
		t.AtMost(pi.PeakPods(), 1, "Pods at once")
	})
	if v.Outcome != lab.Waiting || v.Message != "it holds so far and counts when the cluster has come to rest" {
		t.Errorf("got %+v", v)
	}
}
