package embedded

import (
	"context"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	podconfig "k8s.io/kubernetes/pkg/kubelet/config"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
	"k8s.io/kubernetes/pkg/securitycontext"
	"k8s.io/utils/ptr"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

// watchPods feeds the kubelet with the Pods of its node as the kubelet's own
// source would, but for what simulated puts in place of a few fields.
func (c nodeConfig) watchPods(ctx context.Context, config *podconfig.PodConfig, client kubernetes.Interface) {
	send := sender(config.Channel(ctx, kubetypes.ApiserverSource))
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll,
		fields.OneTermEqualSelector("spec.nodeName", c.name()))
	store := podStore{cache.NewUndeltaStore(func(objects []any) {
		pods := make([]*corev1.Pod, 0, len(objects))
		for _, o := range objects {
			pods = append(pods, o.(*corev1.Pod))
		}
		send(pods)
	}, cache.MetaNamespaceKeyFunc)}
	go cache.NewReflectorWithOptions(source, &corev1.Pod{}, store, cache.ReflectorOptions{Name: c.name()}).RunWithContext(ctx)
}

// podStore has the Pods of a node as the kubelet is to see them. All of them are
// sent with every change of one, and the kubelet compares them all: what is the
// same value as before costs it nothing. With hundreds of Pods that is a quarter
// of its time.
type podStore struct{ *cache.UndeltaStore }

func (s podStore) Add(object any) error { return s.UndeltaStore.Add(s.simulated(object)) }

func (s podStore) Update(object any) error { return s.UndeltaStore.Update(s.simulated(object)) }

func (s podStore) Replace(objects []any, resourceVersion string) error {
	pods := make([]any, 0, len(objects))
	for _, o := range objects {
		pods = append(pods, s.simulated(o))
	}
	return s.UndeltaStore.Replace(pods, resourceVersion)
}

// simulated shares with the Pod that is known what has not changed.
func (s podStore) simulated(object any) *corev1.Pod {
	pod := simulated(object.(*corev1.Pod))
	if known, found, err := s.Get(pod); err == nil && found {
		if spec := known.(*corev1.Pod).Spec; reflect.DeepEqual(spec, pod.Spec) {
			pod.Spec = spec
		}
	}
	return pod
}

// sender sends Pods on a channel whose element type the kubelet does not export.
func sender[T ~struct{ Pods []*corev1.Pod }](updates chan<- T) func([]*corev1.Pod) {
	return func(pods []*corev1.Pod) { updates <- T(struct{ Pods []*corev1.Pod }{pods}) }
}

// simulated returns the Pod as the kubelet is to see it. Probes and hooks that
// would dial a Pod's address become commands that the runtime answers over the
// Pods' own network; and users and groups are left out, because a process without
// root cannot chown a volume to them. The API server's copy stays as it is.
func simulated(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	for i := range pod.Spec.InitContainers {
		simulateContainer(pod, &pod.Spec.InitContainers[i])
	}
	for i := range pod.Spec.Containers {
		simulateContainer(pod, &pod.Spec.Containers[i])
	}
	for i := range pod.Spec.EphemeralContainers {
		withoutUser(pod, (*corev1.Container)(&pod.Spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	if sc := pod.Spec.SecurityContext; sc != nil { // last: containers inherit from it
		sc.RunAsUser, sc.RunAsGroup, sc.FSGroup = nil, nil, nil
	}
	return pod
}

func simulateContainer(pod *corev1.Pod, c *corev1.Container) {
	withoutUser(pod, c)
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if probe != nil {
			probeByCommand(&probe.ProbeHandler, c)
		}
	}
	if c.Lifecycle == nil {
		return
	}
	for _, hook := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
		if hook != nil && hook.HTTPGet != nil {
			*hook = corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: container.HookArgs(hook, c)}}
		}
	}
}

func probeByCommand(h *corev1.ProbeHandler, c *corev1.Container) {
	if h.HTTPGet != nil || h.TCPSocket != nil || h.GRPC != nil {
		*h = corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: container.ProbeArgs(h, c)}}
	}
}

// withoutUser leaves out the user of a container, and with it the demand not to be
// root, which the user meets: without one, the kubelet would say that it does not.
func withoutUser(pod *corev1.Pod, c *corev1.Container) {
	if user := securitycontext.DetermineEffectiveSecurityContext(pod, c).RunAsUser; user != nil && *user != 0 {
		if c.SecurityContext == nil {
			c.SecurityContext = &corev1.SecurityContext{}
		}
		c.SecurityContext.RunAsNonRoot = ptr.To(false)
	}
	if sc := c.SecurityContext; sc != nil {
		sc.RunAsUser, sc.RunAsGroup = nil, nil
	}
}
