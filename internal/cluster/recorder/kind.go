package recorder

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of object that is recorded.
type Kind struct {
	Name     string // as in "Pod"
	Resource schema.GroupVersionResource
	Cluster  bool // its objects are in no namespace

	// Lasting says that objects stay for long, so that a list shows all that were
	// created: a Sync then needs no watch to know what came and went.
	Lasting bool

	// Heartbeat says that objects change just to tell that somebody is alive; such a
	// change is not recorded.
	Heartbeat bool
}

// DefaultKinds returns the kinds that are recorded unless Options say otherwise.
func DefaultKinds() []Kind {
	return []Kind{
		{Name: "Pod", Resource: corev1.SchemeGroupVersion.WithResource("pods")},
		{Name: "ReplicaSet", Resource: appsv1.SchemeGroupVersion.WithResource("replicasets")},
		{Name: "ReplicationController", Resource: corev1.SchemeGroupVersion.WithResource("replicationcontrollers")},
		{Name: "Deployment", Resource: appsv1.SchemeGroupVersion.WithResource("deployments")},
		{Name: "StatefulSet", Resource: appsv1.SchemeGroupVersion.WithResource("statefulsets")},
		{Name: "DaemonSet", Resource: appsv1.SchemeGroupVersion.WithResource("daemonsets")},
		{Name: "ControllerRevision", Resource: appsv1.SchemeGroupVersion.WithResource("controllerrevisions")},
		{Name: "Job", Resource: batchv1.SchemeGroupVersion.WithResource("jobs")},
		{Name: "CronJob", Resource: batchv1.SchemeGroupVersion.WithResource("cronjobs")},
		{Name: "HorizontalPodAutoscaler", Resource: autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers")},
		{Name: "PodDisruptionBudget", Resource: policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets")},
		{Name: "Service", Resource: corev1.SchemeGroupVersion.WithResource("services")},
		{Name: "EndpointSlice", Resource: discoveryv1.SchemeGroupVersion.WithResource("endpointslices")},
		{Name: "PersistentVolumeClaim", Resource: corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")},
		{Name: "Node", Resource: corev1.SchemeGroupVersion.WithResource("nodes"), Cluster: true, Heartbeat: true},
		// The API server keeps Events for an hour (--event-ttl). It has no watch cache for
		// them, so their watches say nothing of how far they are.
		{Name: "Event", Resource: corev1.SchemeGroupVersion.WithResource("events"), Lasting: true},
	}
}

// SystemNamespaces returns the namespaces that are left out unless Options say
// otherwise: the cluster's own, of Kubernetes and of kind.
func SystemNamespaces() []string {
	return []string{"kube-system", "kube-public", "kube-node-lease", "local-path-storage"}
}
