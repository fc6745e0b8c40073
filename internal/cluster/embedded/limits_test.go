package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

func TestLimitOfPods(t *testing.T) {
	spec, p := newLab(t)
	p.limits = defaultLimits()
	p.limits.Pods = 3
	client := clientOf(t, start(t, p, spec))
	createReplicaSet(t, client, "many", 5)
	const full = "is forbidden: this lab holds 3 Pods, which is its limit: scale something down"
	waitForEvent(t, client, "many", full)
	eventually(t, "as many Pods as there may be", podsOf(client, 3))
	_, err := client.CoreV1().Pods("default").Create(t.Context(), newPod("another", nil), metav1.CreateOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), full) {
		t.Errorf("a Pod too many: %v", err)
	}
	scale(t, client, "many", 1)
	eventually(t, "one Pod", podsOf(client, 1))
	runPod(t, client, "another", nil)
	scale(t, client, "many", 2)
	eventually(t, "three Pods again", podsOf(client, 3))
}

func TestLimitOfObjects(t *testing.T) {
	spec, p := newLab(t)
	p.limits = defaultLimits()
	p.limits.Objects = 400 // a lab begins with 300
	client := clientOf(t, start(t, p, spec))
	maps := client.CoreV1().ConfigMaps("default")
	var err error
	last := ""
	for i := 0; err == nil && i < 400; i++ {
		last = fmt.Sprintf("map-%d", i)
		_, err = maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: last}}, metav1.CreateOptions{})
	}
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "this lab holds 400 objects besides Pods and events, which is its limit") {
		t.Fatalf("at %s: %v", last, err)
	}
	runPod(t, client, "fits", nil) // with its events
	if _, err := maps.Patch(t.Context(), "map-0", types.MergePatchType, []byte(`{"data":{"a":"b"}}`), metav1.PatchOptions{}); err != nil {
		t.Errorf("a change: %v", err)
	}
	for i := range 2 { // others create objects too
		if err := maps.Delete(t.Context(), fmt.Sprintf("map-%d", i), metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: last}}, metav1.CreateOptions{}); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}

func TestLimitOfBytes(t *testing.T) {
	spec, p := newLab(t)
	p.limits = defaultLimits()
	p.limits.Bytes = 16 << 20
	client := clientOf(t, start(t, p, spec))
	maps := client.CoreV1().ConfigMaps("default")
	var err error
	for i := 0; err == nil && i < 40; i++ {
		_, err = maps.Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("map-%d", i)},
			Data:       map[string]string{"a": strings.Repeat("a", 1<<20-1)},
		}, metav1.CreateOptions{})
	}
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "this lab's store holds 16 MB, which is its limit: delete what you do not need") {
		t.Fatalf("got %v", err)
	}
	if err := maps.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Errorf("what there is cannot be deleted: %v", err)
	}
}

// The controller manager removes a released hostPath volume from the machine that
// it runs on.
func TestVolumeBelowTmpIsNotRemoved(t *testing.T) {
	_, client := sharedCluster(t)
	dir, err := os.MkdirTemp("/tmp", "k8slab-host-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "below-tmp"},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: dir}},
		},
	}
	volumes := client.CoreV1().PersistentVolumes()
	if _, err := volumes.Create(t.Context(), volume, metav1.CreateOptions{}); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "set persistentVolumeReclaimPolicy to Retain") {
		t.Errorf("created: %v", err)
	}
	createVolume(t, client, "below-tmp", volume.Spec.PersistentVolumeSource)
	for _, patch := range []string{
		`{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`,
		`{"metadata":{"annotations":{"pv.kubernetes.io/provisioned-by":"k8slab.io/volumes"}},"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`,
	} {
		if _, err := volumes.Patch(t.Context(), "below-tmp", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", patch, err)
		}
	}
	if !exists(filepath.Join(dir)) {
		t.Error("the directory is gone")
	}
}

func createReplicaSet(t *testing.T, client *kubernetes.Clientset, name string, replicas int32) {
	t.Helper()
	labels := map[string]string{"app": name}
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: newPod("", nil).Spec},
		},
	}
	if _, err := client.AppsV1().ReplicaSets("default").Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func scale(t *testing.T, client *kubernetes.Clientset, name string, replicas int32) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas)
	if _, err := client.AppsV1().ReplicaSets("default").Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

func podsOf(client *kubernetes.Clientset, want int) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == want, err
	}
}
