package timeline

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// PodHistory is what a window says about one Pod.
type PodHistory struct {
	History[*corev1.Pod]
	Scheduled Moment // the first version with a node; may be before the window
	Ready     Moment // the first version with condition Ready true; may be before the window

	Owners []OwnerChange // changes of its controller inside the window
	Labels []LabelChange // changes of its labels inside the window
}

// Owner is an object's controller. The zero value is none.
type Owner struct {
	Kind, Name string
	UID        types.UID
}

// OwnerChange is a change of an object's controller after its creation.
type OwnerChange struct {
	Moment
	From, To Owner
}

// Adopted reports that the object had no controller and got one.
func (c OwnerChange) Adopted() bool { return c.From == Owner{} && c.To != Owner{} }

// Released reports that the object had a controller and has none.
func (c OwnerChange) Released() bool { return c.From != Owner{} && c.To == Owner{} }

// LabelChange is a change of an object's labels after its creation. The maps
// must not be changed.
type LabelChange struct {
	Moment
	From, To map[string]string
}

// Pods returns the history of each Pod that existed when the window opened or at
// any moment in it, in order of creation. They are made once and shared: the
// caller must not change them.
func (w Window) Pods() []*PodHistory {
	if w.timeline == nil {
		return nil
	}
	return w.timeline.views(w.span).pods()
}

func podHistories(t *Timeline, s span) []*PodHistory {
	var pods []*PodHistory
	for _, o := range t.present("Pod", s) {
		pods = append(pods, podHistory(t, o, s))
	}
	return pods
}

func podHistory(t *Timeline, o *object, s span) *PodHistory {
	l := lifeOf(t, o, s, (*Event).Pod)
	p := &PodHistory{
		History:   l.history(),
		Scheduled: l.since(func(p *corev1.Pod) bool { return p.Spec.NodeName != "" }),
		Ready:     l.first(podReady),
	}
	last := p.Before
	for _, v := range p.Versions {
		if last != nil {
			p.compare(last, v)
		}
		last = v.Object
	}
	return p
}

func (p *PodHistory) compare(last *corev1.Pod, v Version[*corev1.Pod]) {
	if from, to := ownerOf(last), ownerOf(v.Object); from != to {
		p.Owners = append(p.Owners, OwnerChange{Moment: v.Moment, From: from, To: to})
	}
	if !maps.Equal(last.Labels, v.Object.Labels) {
		p.Labels = append(p.Labels, LabelChange{Moment: v.Moment, From: last.Labels, To: v.Object.Labels})
	}
}

func ownerOf(object metav1.Object) Owner {
	ref := metav1.GetControllerOfNoCopy(object)
	if ref == nil {
		return Owner{}
	}
	return Owner{Kind: ref.Kind, Name: ref.Name, UID: ref.UID}
}

// podReady reports that the Pod's condition Ready is true, which is what
// ReplicaSets count.
func podReady(pod *corev1.Pod) bool {
	return podCondition(pod, corev1.PodReady).Status == corev1.ConditionTrue
}

func podCondition(pod *corev1.Pod, t corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == t {
			return c
		}
	}
	return corev1.PodCondition{}
}
