package storage

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Annotations by which the controllers of Kubernetes and a provisioner outside
// of them talk (k8s.io/component-helpers/storage/volume).
const (
	annotationProvisioner   = "volume.kubernetes.io/storage-provisioner" // on a claim: who is asked
	annotationSelectedNode  = "volume.kubernetes.io/selected-node"       // on a claim: where its first Pod is to run
	annotationProvisionedBy = "pv.kubernetes.io/provisioned-by"          // on a volume: who made it
)

// refusal is why a claim cannot be met, however often it is tried.
type refusal string

func (r refusal) Error() string { return string(r) }

// newVolume returns the volume that a claim asks for, with a directory of its own
// below dir. A claim with a selected node gets a volume that stays on it. The
// error is a refusal.
func newVolume(dir string, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) (*corev1.PersistentVolume, error) {
	node := claim.Annotations[annotationSelectedNode]
	if err := check(claim, class, node != ""); err != nil {
		return nil, err
	}
	name := "pvc-" + string(claim.UID)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{annotationProvisionedBy: ProvisionerName},
		},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: claim.Spec.AccessModes,
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			MountOptions:                  class.MountOptions,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: filepath.Join(dir, name)},
			},
			StorageClassName: class.Name,
			VolumeMode:       claim.Spec.VolumeMode,
		},
	}
	if node != "" {
		volume.Spec.NodeAffinity = only(node)
	}
	return volume, nil
}

// check refuses what a directory cannot do, rather than to ignore it.
func check(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, pinned bool) error {
	spec := claim.Spec
	switch {
	case spec.VolumeMode != nil && *spec.VolumeMode == corev1.PersistentVolumeBlock:
		return refusal(ProvisionerName + " does not support block volume provisioning")
	case spec.Selector != nil:
		return refusal("claim.Spec.Selector is not supported")
	case spec.DataSource != nil || spec.DataSourceRef != nil:
		return refusal(ProvisionerName + " makes empty volumes only, it does not support claim.Spec.DataSource")
	case len(class.Parameters) > 0:
		return refusal(ProvisionerName + " knows no parameters")
	case len(class.AllowedTopologies) > 0 && !pinned:
		return refusal("allowedTopologies are supported with volumeBindingMode WaitForFirstConsumer only")
	case pinned && slices.ContainsFunc(spec.AccessModes, severalNodes):
		return refusal(fmt.Sprintf("a volume on one node supports the access modes ReadWriteOnce and ReadWriteOncePod, not %s; those of the StorageClass %q support all",
			join(spec.AccessModes), Shared))
	}
	return nil
}

func severalNodes(mode corev1.PersistentVolumeAccessMode) bool {
	return mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany
}

func join(modes []corev1.PersistentVolumeAccessMode) string {
	var names []string
	for _, m := range modes {
		names = append(names, string(m))
	}
	return strings.Join(names, ",")
}

// only is the affinity to one node, whose host name is its name.
func only(node string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
		}},
	}}}}
}
