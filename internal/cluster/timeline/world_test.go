package timeline

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// world makes the recording of what a test lets happen. Each change takes a version,
// and step of time passes before it.
type world struct {
	entries []Entry
	version uint64
	now     time.Duration
	step    time.Duration
	kinds   map[types.UID]string
}

func newWorld() *world {
	return &world{step: 100 * time.Millisecond, kinds: map[types.UID]string{}}
}

func (w *world) timeline() *Timeline { return New(testHeader(), w.entries) }

// time returns the time as objects have it, cut to whole seconds.
func (w *world) time() metav1.Time { return metav1.NewTime(testStart.Add(w.now).Truncate(time.Second)) }

// wait lets time pass without a change.
func (w *world) wait(d time.Duration) { w.now += d }

func (w *world) record(t watch.EventType, kind string, object metav1.Object) {
	w.version++
	w.now += w.step
	e := event(t, kind, w.version, object)
	e.At = w.now
	w.entries = append(w.entries, e)
}

func (w *world) mark(kind, name string) {
	w.entries = append(w.entries, Entry{At: w.now, Mark: &Mark{Type: kind, Name: name, ResourceVersion: w.version}})
}

// add records an object's creation, change its change, and remove its deletion.
func (w *world) add(kind string, object metav1.Object) {
	object.SetNamespace("default")
	if object.GetUID() == "" {
		object.SetUID(types.UID(fmt.Sprintf("%s-%s-%d", kind, object.GetName(), w.version)))
	}
	object.SetCreationTimestamp(metav1.NewTime(testStart.Add(w.now + w.step).Truncate(time.Second)))
	w.kinds[object.GetUID()] = kind
	w.record(watch.Added, kind, object)
}

func (w *world) change(object metav1.Object) {
	w.record(watch.Modified, w.kinds[object.GetUID()], object)
}

func (w *world) remove(object metav1.Object) {
	w.record(watch.Deleted, w.kinds[object.GetUID()], object)
}

func templateFor(app, image string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{}
	t.Labels = map[string]string{"app": app}
	t.Spec.RestartPolicy = corev1.RestartPolicyAlways
	t.Spec.Containers = []corev1.Container{{Name: "main", Image: image}}
	return t
}

func (w *world) deployment(name string, replicas int32, image string) *appsv1.Deployment {
	d := &appsv1.Deployment{}
	d.Name = name
	d.Spec.Replicas, d.Spec.Template = &replicas, templateFor(name, image)
	w.add("Deployment", d)
	return d
}

// replicaSet makes the ReplicaSet of a Deployment's template.
func (w *world) replicaSet(d *appsv1.Deployment, hash string, revision int) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{}
	rs.Name = d.Name + "-" + hash
	rs.Annotations = map[string]string{"deployment.kubernetes.io/revision": fmt.Sprint(revision)}
	rs.Spec.Template = *d.Spec.Template.DeepCopy()
	rs.Spec.Template.Labels["pod-template-hash"] = hash
	rs.Spec.MinReadySeconds = d.Spec.MinReadySeconds
	rs.OwnerReferences = controlledBy("Deployment", d)
	w.add("ReplicaSet", rs)
	return rs
}

func (w *world) scale(rs *appsv1.ReplicaSet, replicas int32) {
	rs.Spec.Replicas = &replicas
	w.change(rs)
}

func controlledBy(kind string, owner metav1.Object) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{Kind: kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: &yes}}
}

// pod makes a Pod of a controller; a nil owner is none.
func (w *world) pod(name, ownerKind string, owner metav1.Object, template corev1.PodTemplateSpec, change ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{}
	p.Name, p.Labels, p.Spec = name, template.Labels, *template.Spec.DeepCopy()
	p.Status.Phase = corev1.PodPending
	if owner != nil {
		p.OwnerReferences = controlledBy(ownerKind, owner)
	}
	for _, c := range change {
		c(p)
	}
	w.add("Pod", p)
	return p
}

func (w *world) schedule(p *corev1.Pod) {
	p.Spec.NodeName = "node-1"
	w.change(p)
}

// run starts the Pod's containers for the nth time, counted from 0.
func (w *world) run(p *corev1.Pod, n int32) {
	p.Status.Phase = corev1.PodRunning
	w.eachStatus(p, func(c *corev1.ContainerStatus) {
		if c.State.Terminated != nil {
			c.LastTerminationState = c.State
		}
		c.RestartCount = n
		c.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: w.time()}}
	})
	w.change(p)
}

func (w *world) eachStatus(p *corev1.Pod, change func(*corev1.ContainerStatus)) {
	if p.Status.ContainerStatuses == nil {
		for _, c := range p.Spec.Containers {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name})
		}
	}
	for i := range p.Status.ContainerStatuses {
		change(&p.Status.ContainerStatuses[i])
	}
}

// ready sets the condition Ready.
func (w *world) ready(p *corev1.Pod, status corev1.ConditionStatus) {
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: w.time()}}
	w.change(p)
}

// exit ends the Pod's containers, and the Pod with them if phase says so.
func (w *world) exit(p *corev1.Pod, code int32, phase corev1.PodPhase) {
	p.Status.Phase = phase
	w.eachStatus(p, func(c *corev1.ContainerStatus) {
		started := metav1.Time{}
		if c.State.Running != nil {
			started = c.State.Running.StartedAt
		}
		reason := "Completed"
		if code != 0 {
			reason = "Error"
		}
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: started, FinishedAt: w.time()}}
	})
	w.change(p)
}

// backOff lets the Pod's containers wait for their restart.
func (w *world) backOff(p *corev1.Pod) {
	w.eachStatus(p, func(c *corev1.ContainerStatus) {
		c.LastTerminationState = c.State
		c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	})
	w.change(p)
}

func (w *world) terminate(p *corev1.Pod) {
	now := w.time()
	p.DeletionTimestamp = &now
	w.change(p)
}

// live takes a Pod from its creation to Ready.
func (w *world) live(p *corev1.Pod) *corev1.Pod {
	w.schedule(p)
	w.run(p, 0)
	w.ready(p, corev1.ConditionTrue)
	return p
}

func (w *world) job(name string, change func(*batchv1.Job)) *batchv1.Job {
	j := &batchv1.Job{}
	j.Name = name
	j.Spec.Template = templateFor(name, "busybox:1.36")
	j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	change(j)
	w.add("Job", j)
	return j
}

func (w *world) notice(reason string, about *corev1.Pod, part string) *corev1.Event {
	e := &corev1.Event{Reason: reason, Type: "Normal", Message: reason + " it", Count: 1}
	e.Name = fmt.Sprintf("%s.%d", about.Name, w.version)
	e.Source.Component = "kubelet"
	e.InvolvedObject = corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: about.Name, UID: about.UID, FieldPath: part}
	w.add("Event", e)
	return e
}

// names returns the names of Pods, as in "a b".
func names(pods []*PodHistory) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}
