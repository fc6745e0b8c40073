package timeline

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unique"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// Facts are the little that queries need of an object. They are worked out once for
// each version and stay, where the decoded object can be a hundred times as large.

// Owner is an object's controller. The zero value is none.
type Owner struct {
	Kind, Name string
	UID        types.UID
}

func ownerOf(object metav1.Object) Owner {
	ref := metav1.GetControllerOfNoCopy(object)
	if ref == nil {
		return Owner{}
	}
	return Owner{Kind: ref.Kind, Name: ref.Name, UID: ref.UID}
}

// podFacts are the facts of a Pod's version.
type podFacts struct {
	owner       unique.Handle[Owner]
	labels      unique.Handle[string] // all of them
	revision    unique.Handle[string] // label controller-revision-hash
	images      unique.Handle[string] // see imagesOf
	index       int32                 // completion index of an Indexed Job's Pod; -1 for others
	phase       corev1.PodPhase
	createdAt   int64 // Unix seconds
	readySince  int64 // Unix seconds; 0 when it is not Ready
	finishedAt  int64 // Unix seconds; 0 as long as it neither has finished nor terminates
	terminating bool
	scheduled   bool
	never       bool // restartPolicy Never
	running     bool // see runningOf
	trouble     unique.Handle[string]
	runs        []runFacts
}

// noPod are the facts of an object that is no Pod.
var noPod = podFactsOf(&corev1.Pod{})

// podFacts returns the facts of a Pod's version.
func (e *Event) podFacts() *podFacts {
	e.once.Do(func() {
		if pod := decode[corev1.Pod](e); pod != nil {
			e.facts = podFactsOf(pod)
		}
	})
	if f, ok := e.facts.(*podFacts); ok {
		return f
	}
	return noPod
}

func podFactsOf(pod *corev1.Pod) *podFacts {
	f := &podFacts{
		owner:       unique.Make(ownerOf(pod)),
		labels:      unique.Make(labels.Set(pod.Labels).String()),
		revision:    unique.Make(pod.Labels[appsv1.ControllerRevisionHashLabelKey]),
		images:      imagesOf(&pod.Spec),
		index:       -1,
		createdAt:   pod.CreationTimestamp.Unix(),
		phase:       internedPhase(pod.Status.Phase),
		terminating: pod.DeletionTimestamp != nil,
		scheduled:   pod.Spec.NodeName != "",
		never:       pod.Spec.RestartPolicy == corev1.RestartPolicyNever,
		running:     runningOf(pod),
		trouble:     unique.Make(troubleOf(pod)),
		runs:        runFactsOf(pod),
	}
	if i, err := strconv.ParseInt(pod.Annotations[batchv1.JobCompletionIndexAnnotation], 10, 32); err == nil {
		f.index = int32(i)
	}
	if ready := podCondition(pod, corev1.PodReady); ready.Status == corev1.ConditionTrue {
		f.readySince = max(1, ready.LastTransitionTime.Unix())
	}
	if f.finished() || f.terminating {
		f.finishedAt = finishedTime(pod).Unix()
	}
	return f
}

// finishedTime is upstream's getFinishedTime (pkg/controller/job): when the last
// container finished, and else the best guess.
func finishedTime(pod *corev1.Pod) time.Time {
	if t := containersFinished(pod); !t.IsZero() {
		return t
	}
	if ready := podCondition(pod, corev1.PodReady); ready.Status == corev1.ConditionFalse && !ready.LastTransitionTime.IsZero() {
		return ready.LastTransitionTime.Time
	}
	if pod.DeletionTimestamp != nil {
		return pod.DeletionTimestamp.Add(-time.Duration(ptr.Deref(pod.DeletionGracePeriodSeconds, 0)) * time.Second)
	}
	return pod.CreationTimestamp.Time
}

// containersFinished returns when the last container finished, sidecars included, and
// the zero time unless all have.
func containersFinished(pod *corev1.Pod) (last time.Time) {
	statuses := slices.Clone(pod.Status.ContainerStatuses)
	for _, c := range pod.Status.InitContainerStatuses {
		if sidecar(pod, c.Name) {
			statuses = append(statuses, c)
		}
	}
	for _, c := range statuses {
		if c.State.Terminated == nil || c.State.Terminated.FinishedAt.IsZero() {
			return time.Time{}
		}
		if t := c.State.Terminated.FinishedAt.Time; t.After(last) {
			last = t
		}
	}
	return last
}

func sidecar(pod *corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
}

// internedPhase is a phase without the memory of the object that it came from.
func internedPhase(phase corev1.PodPhase) corev1.PodPhase {
	for _, p := range []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed} {
		if p == phase {
			return p
		}
	}
	return corev1.PodUnknown
}

// imagesOf returns the names and images of the containers, as in "web=nginx:1.25".
func imagesOf(spec *corev1.PodSpec) unique.Handle[string] {
	var text []byte
	for _, c := range spec.Containers {
		text = append(append(append(append(text, c.Name...), '='), c.Image...), ' ')
	}
	return unique.Make(string(text))
}

func (f *podFacts) finished() bool {
	return f.phase == corev1.PodSucceeded || f.phase == corev1.PodFailed
}

func (f *podFacts) ready() bool { return f.readySince != 0 }

// started reports that the Pod has left Pending with a container that has run, which
// is what the kubelet calls Running (pkg/kubelet: getPhase).
func (f *podFacts) started() bool {
	return f.phase != corev1.PodPending && len(f.runs) > 0
}

// templateKey tells Pod templates apart. The zero value is that of no template.
type templateKey [sha256.Size]byte

// templateKeyOf leaves out what the Deployment controller adds to the template of a
// ReplicaSet, as its EqualIgnoreHash does.
func templateKeyOf(template *corev1.PodTemplateSpec) templateKey {
	if template == nil {
		return templateKey{}
	}
	t := *template
	t.Labels = map[string]string{}
	for k, v := range template.Labels {
		if k != appsv1.DefaultDeploymentUniqueLabelKey {
			t.Labels[k] = v
		}
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return templateKey{}
	}
	return sha256.Sum256(raw)
}

// controllerFacts are the facts of a version of what has a Pod template.
type controllerFacts struct {
	owner       unique.Handle[Owner]
	template    templateKey
	images      unique.Handle[string]
	wanted      int32 // number of Pods
	minReady    int32 // seconds
	revision    int64 // of a Deployment's ReplicaSet or a ControllerRevision
	terminating bool
	limits      Limits
	ended       *jobEnd // of a Job
}

// controllerFacts returns the facts of a version of a Deployment, ReplicaSet,
// ReplicationController, StatefulSet, DaemonSet, Job or ControllerRevision.
func (e *Event) controllerFacts() *controllerFacts {
	e.once.Do(func() {
		object, template := e.controller()
		if object == nil {
			return
		}
		f := controllerFactsOf(object)
		f.owner = unique.Make(ownerOf(object))
		f.terminating = object.GetDeletionTimestamp() != nil
		f.template = templateKeyOf(template)
		if template != nil {
			f.images = imagesOf(&template.Spec)
		}
		e.facts = f
	})
	if f, ok := e.facts.(*controllerFacts); ok {
		return f
	}
	return &controllerFacts{}
}

// controller returns an object and its Pod template, and nil for other kinds.
func (e *Event) controller() (metav1.Object, *corev1.PodTemplateSpec) {
	switch e.Kind {
	case "Deployment":
		if d := decode[appsv1.Deployment](e); d != nil {
			return d, &d.Spec.Template
		}
	case "ReplicaSet":
		if rs := decode[appsv1.ReplicaSet](e); rs != nil {
			return rs, &rs.Spec.Template
		}
	case "ReplicationController":
		if rc := decode[corev1.ReplicationController](e); rc != nil {
			return rc, rc.Spec.Template
		}
	case "StatefulSet":
		if s := decode[appsv1.StatefulSet](e); s != nil {
			return s, &s.Spec.Template
		}
	case "DaemonSet":
		if d := decode[appsv1.DaemonSet](e); d != nil {
			return d, &d.Spec.Template
		}
	case "Job":
		if j := decode[batchv1.Job](e); j != nil {
			return j, &j.Spec.Template
		}
	case "ControllerRevision":
		if r := decode[appsv1.ControllerRevision](e); r != nil {
			return r, templateOf(r)
		}
	}
	return nil, nil
}

// templateOf returns the template that a StatefulSet's or DaemonSet's revision is
// of: its data is a patch of the controller's spec.
func templateOf(r *appsv1.ControllerRevision) *corev1.PodTemplateSpec {
	var patch struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if json.Unmarshal(r.Data.Raw, &patch) != nil {
		return nil
	}
	return &patch.Spec.Template
}

func controllerFactsOf(object metav1.Object) *controllerFacts {
	f := &controllerFacts{limits: limitsOf(object)}
	switch o := object.(type) {
	case *appsv1.Deployment:
		f.wanted, f.minReady = oneOr(o.Spec.Replicas), o.Spec.MinReadySeconds
	case *appsv1.ReplicaSet:
		f.wanted, f.minReady = oneOr(o.Spec.Replicas), o.Spec.MinReadySeconds
		f.revision, _ = strconv.ParseInt(o.Annotations["deployment.kubernetes.io/revision"], 10, 64)
	case *corev1.ReplicationController:
		f.wanted, f.minReady = oneOr(o.Spec.Replicas), o.Spec.MinReadySeconds
	case *appsv1.StatefulSet:
		f.wanted, f.minReady = oneOr(o.Spec.Replicas), o.Spec.MinReadySeconds
	case *appsv1.DaemonSet:
		f.wanted, f.minReady = o.Status.DesiredNumberScheduled, o.Spec.MinReadySeconds
	case *batchv1.Job:
		f.wanted, f.ended = oneOr(o.Spec.Parallelism), jobEndOf(o)
	case *appsv1.ControllerRevision:
		f.revision = o.Revision
	}
	return f
}

// oneOr returns a number that the API server sets to 1 when it is left out.
func oneOr(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}
