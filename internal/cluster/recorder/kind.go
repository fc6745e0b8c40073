package recorder

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of object that is recorded, in all namespaces.
type Kind struct {
	Name     string // as in "Pod"
	Resource schema.GroupVersionResource
}

// DefaultKinds returns the kinds that are recorded unless Options say otherwise.
func DefaultKinds() []Kind {
	return []Kind{
		{"Pod", corev1.SchemeGroupVersion.WithResource("pods")},
		{"ReplicaSet", appsv1.SchemeGroupVersion.WithResource("replicasets")},
	}
}

// SystemNamespaces returns the namespaces that are left out unless Options say
// otherwise: the cluster's own, of Kubernetes and of kind.
func SystemNamespaces() []string {
	return []string{"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
}
