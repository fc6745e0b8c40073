package embedded

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// The tests whose names begin with TestFeature say what the real kubelet makes of
// Pods over our runtime, in the words that people meet elsewhere: of the kubelet,
// containerd and runc. Most are a Pod and what is to be seen of it.

// feature is a Pod and what is expected of it.
type feature struct {
	name    string
	objects string // what the Pod needs, as YAML documents
	pod     string // the Pod's spec; with "metadata:" and "spec:" it is the whole Pod
	want    []expectation
}

// podName is the Pod of a feature: each has a namespace of its own.
const podName = "pod"

// run makes the objects and waits for each expectation in turn.
func (f feature) run(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.apply(f.objects)
	p.create(f.pod)
	for _, want := range f.want {
		p.wait(want)
	}
}

func runFeatures(t *testing.T, features []feature) {
	t.Parallel()
	sharedCluster(t)
	for _, f := range features {
		t.Run(f.name, f.run)
	}
}

// place is a namespace of the shared cluster.
type place struct {
	t          *testing.T
	client     *kubernetes.Clientset
	kubeconfig string
	namespace  string

	mu       sync.Mutex
	versions []*corev1.Pod // of the Pod, as a watch saw them
}

var notForNames = regexp.MustCompile(`[^a-z0-9]+`)

func newPlace(t *testing.T) *place {
	t.Helper()
	c, client := sharedCluster(t)
	name := strings.Trim(notForNames.ReplaceAllString(strings.ToLower(t.Name()), "-"), "-")
	name = strings.TrimPrefix(name, "testfeature")
	namespace, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: name[:min(len(name), 50)] + "-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now := int64(0)
		pods := client.CoreV1().Pods(namespace.Name)
		_ = pods.DeleteCollection(context.Background(), metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{})
		_ = client.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
	})
	return &place{t: t, client: client, kubeconfig: c.Kubeconfig(), namespace: namespace.Name}
}

// apply creates ConfigMaps and Secrets.
func (p *place) apply(documents string) {
	p.t.Helper()
	for document := range strings.SplitSeq(documents, "---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(document), nil, nil)
		if err != nil {
			p.t.Fatalf("%v in %s", err, document)
		}
		if err := p.createObject(object); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *place) createObject(object runtime.Object) error {
	resource := map[string]string{"ConfigMap": "configmaps", "Secret": "secrets", "Pod": "pods"}[object.GetObjectKind().GroupVersionKind().Kind]
	return p.client.CoreV1().RESTClient().Post().Namespace(p.namespace).Resource(resource).Body(object).Do(p.t.Context()).Error()
}

// create creates the Pod. Its grace period is a second unless it says otherwise.
func (p *place) create(text string) {
	p.t.Helper()
	var pod corev1.Pod
	into := any(&pod.Spec)
	if strings.Contains(text, "spec:\n") {
		into = &pod
	}
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		p.t.Fatalf("%v in %s", err, text)
	}
	if pod.Name == "" {
		pod.Name = podName
	}
	if pod.Spec.TerminationGracePeriodSeconds == nil {
		grace := int64(1)
		pod.Spec.TerminationGracePeriodSeconds = &grace
	}
	// The namespace's service account is there a moment after the namespace.
	var created *corev1.Pod
	p.poll("the Pod is created", func(ctx context.Context) (_ string, ok bool) {
		var err error
		created, err = p.client.CoreV1().Pods(p.namespace).Create(ctx, &pod, metav1.CreateOptions{})
		return fmt.Sprint(err), err == nil
	})
	p.watch(created)
}

// watch records every version of the Pod from now on.
func (p *place) watch(pod *corev1.Pod) {
	p.t.Helper()
	w, err := p.client.CoreV1().Pods(p.namespace).Watch(p.t.Context(), metav1.ListOptions{
		FieldSelector: "metadata.name=" + pod.Name, ResourceVersion: pod.ResourceVersion,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	go func() {
		for event := range w.ResultChan() { // ends with the test
			if pod, ok := event.Object.(*corev1.Pod); ok {
				p.mu.Lock()
				p.versions = append(p.versions, pod)
				p.mu.Unlock()
			}
		}
	}()
}

// ever is an expectation that may have held for a moment only.
func ever(want expectation) expectation {
	return expectation{"once " + want.what, func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		p.mu.Lock()
		versions := slices.Clone(p.versions)
		p.mu.Unlock()
		for _, version := range versions {
			if _, ok := want.holds(ctx, p, version); ok {
				return "", true
			}
		}
		return describe(pod), false
	}}
}

// poll waits until holds is true, and else fails with what was seen last.
func (p *place) poll(what string, holds func(context.Context) (string, bool)) {
	p.t.Helper()
	seen := ""
	err := wait.PollUntilContextTimeout(p.t.Context(), 200*time.Millisecond, 90*time.Second, true, func(context.Context) (ok bool, err error) {
		seen, ok = holds(p.t.Context())
		return ok, nil
	})
	if err != nil {
		p.t.Errorf("not seen: %s\nlast seen:\n%s", what, seen)
		p.t.FailNow()
	}
}

// expectation is something that is to be seen of a Pod sooner or later.
type expectation struct {
	what  string
	holds func(ctx context.Context, p *place, pod *corev1.Pod) (seen string, ok bool)
}

func (p *place) wait(want expectation) {
	p.t.Helper()
	p.poll(p.fill(want.what, nil), func(ctx context.Context) (string, bool) {
		pod, err := p.client.CoreV1().Pods(p.namespace).Get(ctx, podName, metav1.GetOptions{})
		if err != nil {
			return err.Error(), false
		}
		return want.holds(ctx, p, pod)
	})
}

// fill puts what is different in every run into an expected text.
func (p *place) fill(text string, pod *corev1.Pod) string {
	pairs := []string{"{ns}", p.namespace}
	if pod != nil {
		pairs = append(pairs, "{uid}", string(pod.UID), "{ip}", pod.Status.PodIP, "{node}", pod.Spec.NodeName, "{hostIP}", pod.Status.HostIP)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

func phase(want corev1.PodPhase) expectation {
	return expectation{"phase " + string(want), func(_ context.Context, _ *place, pod *corev1.Pod) (string, bool) {
		return string(pod.Status.Phase) + "\n" + describe(pod), pod.Status.Phase == want
	}}
}

// failed is the reason and message of the whole Pod.
func failed(reason, message string) expectation {
	return expectation{"Failed, " + reason + ": " + message, func(_ context.Context, p *place, pod *corev1.Pod) (string, bool) {
		s := pod.Status
		return fmt.Sprintf("%s, %s: %s", s.Phase, s.Reason, s.Message),
			s.Phase == corev1.PodFailed && s.Reason == reason && s.Message == p.fill(message, pod)
	}}
}

func condition(kind corev1.PodConditionType, want corev1.ConditionStatus) expectation {
	return expectation{fmt.Sprintf("condition %s %s", kind, want), func(_ context.Context, _ *place, pod *corev1.Pod) (string, bool) {
		for _, c := range pod.Status.Conditions {
			if c.Type == kind && c.Status == want {
				return "", true
			}
		}
		return describe(pod), false
	}}
}

func ready() expectation { return condition(corev1.PodReady, corev1.ConditionTrue) }

// containerThat is what the status says of one container, of any kind.
func containerThat(name, what string, holds func(p *place, pod *corev1.Pod, s corev1.ContainerStatus) bool) expectation {
	return expectation{"container " + name + " " + what, func(_ context.Context, p *place, pod *corev1.Pod) (string, bool) {
		s, ok := statusOf(pod, name)
		return describe(pod), ok && holds(p, pod, s)
	}}
}

func statusOf(pod *corev1.Pod, name string) (corev1.ContainerStatus, bool) {
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses) {
		if s.Name == name {
			return s, true
		}
	}
	return corev1.ContainerStatus{}, false
}

func describe(pod *corev1.Pod) string {
	text, err := yaml.Marshal(pod.Status)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func waiting(name, reason, message string) expectation {
	return containerThat(name, "waits: "+reason+": "+message, func(p *place, pod *corev1.Pod, s corev1.ContainerStatus) bool {
		w := s.State.Waiting
		return w != nil && w.Reason == reason && same(w.Message, p.fill(message, pod))
	})
}

func terminated(name string, code int32, reason, message string) expectation {
	return containerThat(name, fmt.Sprintf("ended with %d, %s: %q", code, reason, message), func(p *place, pod *corev1.Pod, s corev1.ContainerStatus) bool {
		return endedWith(s.State.Terminated, code, reason, p.fill(message, pod))
	})
}

// before is how the container's life before this one ended.
func before(name string, code int32, reason, message string) expectation {
	return containerThat(name, fmt.Sprintf("had ended with %d, %s: %q", code, reason, message), func(p *place, pod *corev1.Pod, s corev1.ContainerStatus) bool {
		return endedWith(s.LastTerminationState.Terminated, code, reason, p.fill(message, pod))
	})
}

// same compares texts, but for identifiers of the runtime and the time until a restart.
func same(got, want string) bool {
	pattern := strings.NewReplacer(`\{id\}`, "[0-9a-f]{64}", `\{seconds\}`, "[0-9]+m?[0-9]*s").Replace(regexp.QuoteMeta(want))
	return got == want || regexp.MustCompile("^"+pattern+"$").MatchString(got)
}

func endedWith(end *corev1.ContainerStateTerminated, code int32, reason, message string) bool {
	return end != nil && end.ExitCode == code && end.Reason == reason && end.Message == message
}

func running(name string) expectation {
	return containerThat(name, "runs", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool { return s.State.Running != nil })
}

func restarts(name string, atLeast int32) expectation {
	return containerThat(name, fmt.Sprintf("was restarted %d times", atLeast), func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool {
		return s.RestartCount >= atLeast
	})
}

// neverRestarted holds when the Pod's other expectations have been met.
func neverRestarted(name string) expectation {
	return containerThat(name, "was never restarted", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool { return s.RestartCount == 0 })
}

// event is an event of the Pod whose message is exactly this one.
func event(reason, message string) expectation {
	return expectation{"event " + reason + ": " + message, func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		events, err := p.client.CoreV1().Events(p.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + podName})
		if err != nil {
			return err.Error(), false
		}
		seen := ""
		for _, e := range events.Items {
			if e.Reason == reason && same(e.Message, p.fill(message, pod)) {
				return "", true
			}
			seen += e.Reason + ": " + e.Message + "\n"
		}
		return seen, false
	}}
}

// logged is the whole log of a container.
func logged(name, want string) expectation {
	return expectation{"log of " + name + ": " + want, func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		text, err := p.client.CoreV1().Pods(p.namespace).GetLogs(podName, &corev1.PodLogOptions{Container: name}).DoRaw(ctx)
		if err != nil {
			return err.Error(), false
		}
		return string(text), string(text) == p.fill(want, pod)
	}}
}

// logging is a line in the log of a container.
func logging(name, line string) expectation {
	return expectation{"line in the log of " + name + ": " + line, func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		text, err := p.client.CoreV1().Pods(p.namespace).GetLogs(podName, &corev1.PodLogOptions{Container: name}).DoRaw(ctx)
		if err != nil {
			return err.Error(), false
		}
		return string(text), slices.Contains(strings.Split(string(text), "\n"), p.fill(line, pod))
	}}
}

// order says that one container started, or ended, no later than another.
func order(what string, earlier, later func(pod *corev1.Pod) metav1.Time) expectation {
	return expectation{what, func(_ context.Context, _ *place, pod *corev1.Pod) (string, bool) {
		a, b := earlier(pod), later(pod)
		return describe(pod), !a.IsZero() && !b.IsZero() && !b.Before(&a)
	}}
}

func started(name string) func(*corev1.Pod) metav1.Time {
	return func(pod *corev1.Pod) metav1.Time {
		s, _ := statusOf(pod, name)
		switch {
		case s.State.Running != nil:
			return s.State.Running.StartedAt
		case s.State.Terminated != nil:
			return s.State.Terminated.StartedAt
		}
		return metav1.Time{}
	}
}

func finished(name string) func(*corev1.Pod) metav1.Time {
	return func(pod *corev1.Pod) metav1.Time {
		s, _ := statusOf(pod, name)
		if s.State.Terminated == nil {
			return metav1.Time{}
		}
		return s.State.Terminated.FinishedAt
	}
}

// loggingPart is a part of a container's log.
func loggingPart(name, part string) expectation {
	return expectation{"in the log of " + name + ": " + part, func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		text, err := p.client.CoreV1().Pods(p.namespace).GetLogs(podName, &corev1.PodLogOptions{Container: name}).DoRaw(ctx)
		if err != nil {
			return err.Error(), false
		}
		return string(text), strings.Contains(string(text), p.fill(part, pod))
	}}
}

// addresses are the Pod's and its node's.
func addresses(podIP, hostIP string) expectation {
	return expectation{"addresses " + podIP + " and " + hostIP, func(_ context.Context, p *place, pod *corev1.Pod) (string, bool) {
		s := pod.Status
		return s.PodIP + " " + s.HostIP, s.PodIP != "" && s.PodIP == p.fill(podIP, pod) && s.HostIP == p.fill(hostIP, pod)
	}}
}

// restartedAfter holds when a container was started again so long after its end.
func restartedAfter(name string, pause time.Duration) expectation {
	return containerThat(name, "was restarted after "+pause.String(), func(p *place, _ *corev1.Pod, _ corev1.ContainerStatus) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		ends := map[int32]metav1.Time{} // of each life
		for _, version := range p.versions {
			s, _ := statusOf(version, name)
			if t := s.State.Terminated; t != nil {
				ends[s.RestartCount] = t.FinishedAt
				if end, ok := ends[s.RestartCount-1]; ok && t.StartedAt.Sub(end.Time) >= pause-time.Second {
					return true // times have whole seconds
				}
			}
		}
		return false
	})
}

// atDeadline gives the Pod, once it is Ready, a deadline that is over.
func atDeadline() expectation {
	return expectation{"deadline of a Pod that is Ready", func(ctx context.Context, p *place, pod *corev1.Pod) (string, bool) {
		if seen, ok := ready().holds(ctx, p, pod); !ok {
			return seen, false
		}
		_, err := p.client.CoreV1().Pods(p.namespace).Patch(ctx, podName, types.MergePatchType, []byte(`{"spec":{"activeDeadlineSeconds":1}}`), metav1.PatchOptions{})
		return fmt.Sprint(err), err == nil
	}}
}
