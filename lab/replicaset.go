package lab

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// ReplicaSetHistory is what was seen of the ReplicaSets of one name over the step:
// one, unless it was deleted and created again.
type ReplicaSetHistory struct {
	h     *History
	name  string
	lives []*timeline.History[appsv1.ReplicaSet] // in order of creation; never empty
	of    *timeline.Rollout
}

// Name returns the ReplicaSet's name.
func (r *ReplicaSetHistory) Name() string { return r.name }

// ReplicaSet returns the ReplicaSet as it was seen last. It is shared with other
// checks: a check does not change it.
func (r *ReplicaSetHistory) ReplicaSet() *appsv1.ReplicaSet { return r.last().Last() }

func (r *ReplicaSetHistory) last() *timeline.History[appsv1.ReplicaSet] {
	return r.lives[len(r.lives)-1]
}

// Existed reports that the ReplicaSet was there when the step began.
func (r *ReplicaSetHistory) Existed() bool { return r.lives[0].Existed }

// Created returns when the ReplicaSet was created for the last time in the step.
func (r *ReplicaSetHistory) Created() Moment { return r.h.t.moment(r.last().Created) }

// Deleted returns when the ReplicaSet was deleted for the first time in the step,
// whether or not it was created again.
func (r *ReplicaSetHistory) Deleted() Moment {
	for _, l := range r.lives {
		for _, m := range []timeline.Moment{l.Terminating, l.Gone} {
			if m := r.h.t.moment(m); m.Seen() {
				return m
			}
		}
	}
	return Moment{}
}

// Pods returns the histories of the Pods that the ReplicaSet controlled at some
// moment of the step.
func (r *ReplicaSetHistory) Pods() Pods {
	return r.h.pods(func(p *PodHistory) bool {
		for _, v := range p.versions() {
			if ownedBy(v, r.name) {
				return true
			}
		}
		return false
	})
}

// Image returns the image that the template names at the end. See [Image] for
// several containers.
func (r *ReplicaSetHistory) Image() string { return Image(r.last().Last().Spec.Template.Spec) }

// Replicas returns the number of Pods that is wanted at the end.
func (r *ReplicaSetHistory) Replicas() int {
	if n := r.last().Last().Spec.Replicas; n != nil {
		return int(*n)
	}
	return 1 // the API server's default
}

// Scales returns the changes of the number of Pods that is wanted, in order.
func (r *ReplicaSetHistory) Scales() []Scale {
	var scales []Scale
	for _, c := range r.of.Scales {
		scales = append(scales, Scale{At: r.h.t.moment(c.Moment), From: int(c.From), To: int(c.To)})
	}
	return scales
}

// Templates returns the changes of the template, in order. Deleting the
// ReplicaSet and creating it with another template is no change.
func (r *ReplicaSetHistory) Templates() []Template {
	var changes []Template
	for _, c := range r.of.Templates {
		changes = append(changes, Template{At: r.h.t.moment(c.Moment), From: Image(c.From.Spec), To: Image(c.To.Spec)})
	}
	return changes
}

// Scale is a change of the number of Pods that is wanted.
type Scale struct {
	At       Moment
	From, To int
}

// Template is a change of a Pod template.
type Template struct {
	At       Moment
	From, To string // the images; equal if something else was changed
}
