package timeline

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// PodHistory is what a window says about one Pod. Its moments may be before the
// window; [Window.Contains] tells.
type PodHistory struct {
	History[corev1.Pod]
	Scheduled Moment // the first version with a node
	Started   Moment // the first version with a container that ran, as phase Running has it
	Ready     Moment // the first version with condition Ready true
	Finished  Moment // the first version with phase Succeeded or Failed

	Owners []OwnerChange // changes of its controller inside the window
	Labels []LabelChange // changes of its labels inside the window
	Runs   []Run         // of all its containers, in the order in which they began
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

// LabelChange is a change of an object's labels after its creation.
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
	return w.views().pods()
}

// Restarts returns how many times containers of the Pod ran again.
func (p *PodHistory) Restarts() int {
	n := 0
	for _, r := range p.Runs {
		if r.Number > 0 {
			n++
		}
	}
	return n
}

// creation returns the facts of the first version.
func (p *PodHistory) creation() *podFacts { return p.versions[0].Event.podFacts() }

// end returns the facts of the last version.
func (p *PodHistory) end() *podFacts { return p.versions[len(p.versions)-1].Event.podFacts() }

func (w Window) podHistories() []*PodHistory {
	var pods []*PodHistory
	w.each("Pod", func(o *object) { pods = append(pods, o.podHistory(w.span)) })
	return pods
}

// podView is the history that an object's part of a window makes.
type podView struct {
	versions, inside int
	history          *PodHistory
}

// podHistory returns the object's history in a span. The one asked for last is kept:
// most Pods have not changed since the last time anybody asked.
func (o *object) podHistory(s span) *PodHistory {
	p := o.in(s)
	if v := o.pod.Load(); v != nil && v.versions == len(p.versions) && v.inside == p.inside {
		return v.history
	}
	h := newPodHistory(p)
	o.pod.Store(&podView{len(p.versions), p.inside, h})
	return h
}

func newPodHistory(p part) *PodHistory {
	facts := func(is func(*podFacts) bool) func(*Event) bool {
		return func(e *Event) bool { return is(e.podFacts()) }
	}
	h := &PodHistory{
		History:   History[corev1.Pod]{p.life(facts(func(f *podFacts) bool { return f.terminating })), p, decode[corev1.Pod]},
		Scheduled: p.since(facts(func(f *podFacts) bool { return f.scheduled })),
		Started:   p.first(facts((*podFacts).started)),
		Ready:     p.first(facts((*podFacts).ready)),
		Finished:  p.since(facts((*podFacts).finished)),
		Runs:      runsOf(p.versions),
	}
	for i := max(p.inside, 1); i < len(p.versions); i++ {
		h.compare(p.versions[i-1].Event.podFacts(), p.versions[i])
	}
	return h
}

func (p *PodHistory) compare(last *podFacts, v Entry) {
	now := v.Event.podFacts()
	if last.owner != now.owner {
		p.Owners = append(p.Owners, OwnerChange{Moment: v.Moment(), From: last.owner.Value(), To: now.owner.Value()})
	}
	if last.labels != now.labels {
		p.Labels = append(p.Labels, LabelChange{Moment: v.Moment(), From: labelsOf(last), To: labelsOf(now)})
	}
}

func labelsOf(f *podFacts) map[string]string {
	set, _ := labels.ConvertSelectorToLabelsMap(f.labels.Value()) // it was made from a map
	return set
}

// podReady is pkg/api/v1/pod.IsPodReady: the condition Ready is true.
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
