package embedded

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	podconfig "k8s.io/kubernetes/pkg/kubelet/config"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

// watchPods feeds the kubelet with the Pods of its node as the kubelet's own
// source would, but for what simulated puts in place of a few fields.
func (c nodeConfig) watchPods(ctx context.Context, config *podconfig.PodConfig, client kubernetes.Interface) {
	send := sender(ctx, config.Channel(ctx, kubetypes.ApiserverSource))
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
// Pods that the kubelet has had no time for are replaced by newer ones: a burst of
// changes costs it one comparison then, not as many. Only one goroutine may send.
func sender[T ~struct{ Pods []*corev1.Pod }](ctx context.Context, updates chan<- T) func([]*corev1.Pod) {
	newest := make(chan T, 1)
	go func() {
		for {
			select {
			case pods := <-newest:
				updates <- pods
			case <-ctx.Done():
				return
			}
		}
	}()
	return func(pods []*corev1.Pod) {
		select {
		case <-newest:
		default:
		}
		newest <- T(struct{ Pods []*corev1.Pod }{pods})
	}
}

// simulated returns the Pod as the kubelet is to see it. Probes and hooks that
// would dial a Pod's address become commands that the runtime answers over the
// Pods' own network; users and groups become a capability that the runtime
// understands, because a process without root cannot chown a volume to them; and
// what the security modules of this machine would have to enforce is left out.
// The API server's copy stays as it is.
func simulated(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	shared := corev1.PodSecurityContext{}
	if sc := pod.Spec.SecurityContext; sc != nil {
		shared = *sc
		sc.RunAsUser, sc.RunAsGroup, sc.FSGroup, sc.RunAsNonRoot = nil, nil, nil, nil
		sc.SELinuxOptions, sc.AppArmorProfile = nil, nil
	}
	for i := range pod.Spec.InitContainers {
		simulateContainer(&pod.Spec.InitContainers[i], shared)
	}
	for i := range pod.Spec.Containers {
		simulateContainer(&pod.Spec.Containers[i], shared)
	}
	for i := range pod.Spec.EphemeralContainers {
		c := &pod.Spec.EphemeralContainers[i].EphemeralContainerCommon
		c.SecurityContext = simulatedUser(c.SecurityContext, shared)
	}
	return pod
}

func simulateContainer(c *corev1.Container, shared corev1.PodSecurityContext) {
	c.SecurityContext = simulatedUser(c.SecurityContext, shared)
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

// simulatedUser returns a container's security context with a capability in place
// of the users. Only a container without a user still has to ask whether its image
// has one that is not root.
func simulatedUser(own *corev1.SecurityContext, shared corev1.PodSecurityContext) *corev1.SecurityContext {
	sc := corev1.SecurityContext{}
	if own != nil {
		sc = *own
	}
	user, nonRoot := cmp.Or(sc.RunAsUser, shared.RunAsUser), cmp.Or(sc.RunAsNonRoot, shared.RunAsNonRoot)
	if user != nil && *user != 0 {
		nonRoot = nil
	}
	if c := container.UserCapability(user, cmp.Or(sc.RunAsGroup, shared.RunAsGroup), shared.FSGroup); c != "" {
		capabilities := corev1.Capabilities{}
		if sc.Capabilities != nil {
			capabilities = *sc.Capabilities
		}
		capabilities.Add = append(slices.Clone(capabilities.Add), c)
		sc.Capabilities = &capabilities
	}
	sc.RunAsUser, sc.RunAsGroup, sc.RunAsNonRoot = nil, nil, nonRoot
	sc.SELinuxOptions, sc.AppArmorProfile = nil, nil
	return &sc
}
