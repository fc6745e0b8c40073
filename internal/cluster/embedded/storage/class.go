package storage

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProvisionerName is what a StorageClass names to have its volumes made here.
const ProvisionerName = "k8slab.io/volumes"

// The StorageClasses that a cluster begins with.
const (
	// Standard is the default. It is called as that of kind and minikube, and does
	// what kind's does: the volume is made on the node of the first Pod that uses
	// it, and stays there.
	Standard = "standard"
	// Shared is for volumes that every node reaches, as those of a file server:
	// made as soon as they are claimed, with all access modes.
	Shared = "shared"
)

// Classes returns the StorageClasses that a cluster begins with.
func Classes() []*storagev1.StorageClass {
	standard := newClass(Standard, storagev1.VolumeBindingWaitForFirstConsumer)
	standard.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	return []*storagev1.StorageClass{standard, newClass(Shared, storagev1.VolumeBindingImmediate)}
}

func newClass(name string, binding storagev1.VolumeBindingMode) *storagev1.StorageClass {
	policy := corev1.PersistentVolumeReclaimDelete
	return &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: name},
		Provisioner:       ProvisionerName,
		ReclaimPolicy:     &policy,
		VolumeBindingMode: &binding,
	}
}
