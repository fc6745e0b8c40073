package timeline

import (
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

var testStart = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func testHeader() Header {
	return Header{Lesson: "replicaset-updates", Lab: "test", Cluster: "embedded", Kubernetes: "v1.36.3", Start: testStart}
}

// at gives an entry the time of its version: one version is one second.
func at(e Entry) Entry {
	e.At = time.Duration(e.version()) * time.Second
	return e
}

func step(id string, version uint64) Entry {
	return at(Entry{Mark: &Mark{Type: MarkStep, Name: id, ResourceVersion: version}})
}

func settled(id string, version uint64) Entry {
	return at(Entry{Mark: &Mark{Type: MarkSettled, Name: id, ResourceVersion: version}})
}

func event(t watch.EventType, kind string, version uint64, object metav1.Object) Entry {
	object.SetResourceVersion(fmt.Sprint(version))
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return at(Entry{Event: &Event{Type: t, Kind: kind, ResourceVersion: version, Object: raw}})
}

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Generation: 1}
}

// podIn makes a Pod of ReplicaSet web in one of the moments of its life.
func podIn(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: meta(name)}
	pod.Labels = map[string]string{"app": "web"}
	pod.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx:1.25"}}
	pod.Status.Phase = corev1.PodPending
	for _, c := range change {
		c(pod)
	}
	return pod
}

func owned(pod *corev1.Pod) {
	yes := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "uid-web", Controller: &yes}}
}

func scheduled(pod *corev1.Pod) {
	pod.Spec.NodeName = "node-1"
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
}

func running(pod *corev1.Pod) {
	scheduled(pod)
	pod.Status.Phase = corev1.PodRunning
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
}

func ready(pod *corev1.Pod) {
	running(pod)
	pod.Status.ContainerStatuses[0].Ready = true
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
}

func terminating(pod *corev1.Pod) {
	now := metav1.NewTime(testStart)
	pod.DeletionTimestamp = &now
}

func replicaSet(replicas, ready int32, change ...func(*appsv1.ReplicaSet)) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: meta("web")}
	rs.Spec.Replicas = &replicas
	rs.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
	rs.Spec.Template.Labels = map[string]string{"app": "web"}
	rs.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx:1.25"}}
	rs.Status = appsv1.ReplicaSetStatus{ObservedGeneration: 1, Replicas: replicas, ReadyReplicas: ready, AvailableReplicas: ready}
	for _, c := range change {
		c(rs)
	}
	return rs
}
