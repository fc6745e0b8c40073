package storage

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What a claim and a class may ask for; the rest is tested on a cluster, in the
// package above.
func TestNewVolume(t *testing.T) {
	for _, test := range []struct {
		name   string
		node   string
		modes  []corev1.PersistentVolumeAccessMode
		change func(*storagev1.StorageClass)
		want   string // the refusal
	}{
		{name: "on one node", node: "node-1", modes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}},
		{name: "on one node, for several", node: "node-1", modes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany},
			want: "not ReadWriteOnce,ReadOnlyMany"},
		{name: "on all nodes", modes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany, corev1.ReadOnlyMany}},
		{name: "parameters", change: func(c *storagev1.StorageClass) { c.Parameters = map[string]string{"type": "ssd"} },
			want: "knows no parameters"},
		{name: "topologies before there is a node", change: topologies, want: "WaitForFirstConsumer only"},
		{name: "topologies that the scheduler has seen to", node: "node-1", change: topologies},
		{name: "mount options", change: func(c *storagev1.StorageClass) { c.MountOptions = []string{"ro"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "default", UID: "1-2"}}
			claim.Spec.AccessModes = test.modes
			if test.node != "" {
				claim.Annotations = map[string]string{annotationSelectedNode: test.node}
			}
			class := newClass("test", storagev1.VolumeBindingImmediate)
			if test.change != nil {
				test.change(class)
			}
			volume, err := newVolume("/lab/volumes", claim, class)
			if test.want != "" {
				if _, ok := errors.AsType[refusal](err); !ok || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := volume.Spec.HostPath.Path; got != "/lab/volumes/pvc-1-2" {
				t.Errorf("the path is %s", got)
			}
			if pinned := volume.Spec.NodeAffinity != nil; pinned != (test.node != "") {
				t.Errorf("the affinity is %v", volume.Spec.NodeAffinity)
			}
			if len(volume.Spec.MountOptions) != len(class.MountOptions) {
				t.Error("mount options, which the kubelet refuses, are not handed on")
			}
		})
	}
}

func topologies(c *storagev1.StorageClass) {
	c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{
		{Key: corev1.LabelHostname, Values: []string{"node-1"}},
	}}}
}
