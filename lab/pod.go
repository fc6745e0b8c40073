package lab

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// PodHistory is what was seen of one Pod over the step. A Pod that is deleted and
// created again under its name is two.
type PodHistory struct {
	t  *T
	of *timeline.PodHistory
}

// Name returns the Pod's name.
func (p *PodHistory) Name() string { return p.of.Name }

// String returns the Pod's name.
func (p *PodHistory) String() string { return p.of.Name }

// Pod returns the Pod as it was seen last. It is shared with other checks: a check
// does not change it.
func (p *PodHistory) Pod() *corev1.Pod { return p.of.Last() }

// Existed reports that the Pod was there when the step began.
func (p *PodHistory) Existed() bool { return p.of.Existed }

// Created returns when the Pod was created, if that was during the step.
func (p *PodHistory) Created() Moment { return p.moment(p.of.Created, "was created") }

// Scheduled returns when the Pod got a node, if that was during the step.
func (p *PodHistory) Scheduled() Moment { return p.moment(p.of.Scheduled, "was scheduled") }

// Started returns when a container of the Pod ran for the first time, if that was
// during the step.
func (p *PodHistory) Started() Moment { return p.moment(p.of.Started, "was started") }

// Ready returns when the Pod was Ready for the first time, if that was during the
// step.
func (p *PodHistory) Ready() Moment { return p.moment(p.of.Ready, "was ready") }

// Finished returns when the Pod had succeeded or failed, if that was during the step.
func (p *PodHistory) Finished() Moment { return p.moment(p.of.Finished, "was finished") }

// Terminating returns when the Pod got its deletion timestamp, if that was during
// the step. A Pod that is deleted by force may be gone without.
func (p *PodHistory) Terminating() Moment { return p.moment(p.of.Terminating, "was terminating") }

// Gone returns when the Pod ceased to exist, if that was during the step.
func (p *PodHistory) Gone() Moment { return p.moment(p.of.Gone, "was gone") }

// Removed returns when the Pod's deletion began, if that was during the step: when
// it began to terminate or, if it did not, when it was gone.
func (p *PodHistory) Removed() Moment { return p.moment(p.of.Removed(), "was deleted") }

func (p *PodHistory) removed() bool { return p.of.Removed().Happened() }

// Adopted returns when a controller adopted the Pod for the last time in the step:
// it had no controller, and got one.
func (p *PodHistory) Adopted() Moment {
	return p.owners(timeline.OwnerChange.Adopted, "was adopted")
}

// Released returns when its controller released the Pod for the last time in the
// step: it had a controller, and has none.
func (p *PodHistory) Released() Moment {
	return p.owners(timeline.OwnerChange.Released, "was released")
}

func (p *PodHistory) owners(want func(timeline.OwnerChange) bool, did string) Moment {
	var last timeline.Moment
	for _, c := range p.of.Owners {
		if want(c) {
			last = c.Moment
		}
	}
	return p.moment(last, did)
}

func (p *PodHistory) moment(m timeline.Moment, did string) Moment {
	return p.t.moment(m, "Pod "+p.Name(), did)
}

// Owner returns the name of the controller of the Pod at the end, and
// "" if none does.
func (p *PodHistory) Owner() string { return controller(p.of.Last()) }

// OwnerBefore returns the name of the controller that the Pod had when the step
// began or, if the Pod did not exist, when it was created; "" if none did.
func (p *PodHistory) OwnerBefore() string { return controller(p.first()) }

// Image returns the image of the Pod at the end. See [Image] for several
// containers.
func (p *PodHistory) Image() string { return Image(p.of.Last().Spec) }

// ImageBefore returns the image of the Pod when the step began or, if the Pod did
// not exist, when it was created.
func (p *PodHistory) ImageBefore() string { return Image(p.first().Spec) }

// Matches reports that a label selector matches the Pod at the end.
func (p *PodHistory) Matches(selector string) bool {
	return p.t.selector(selector).Matches(labels.Set(p.of.Last().Labels))
}

// Labels returns the labels of the Pod at the end, as in "app=web,tier=front".
func (p *PodHistory) Labels() string {
	if len(p.of.Last().Labels) == 0 {
		return "no labels"
	}
	return labels.Set(p.of.Last().Labels).String()
}

// Restarts returns how often containers of the Pod were started again, over its whole
// life.
func (p *PodHistory) Restarts() int { return p.of.Restarts() }

// first returns the version in which the Pod came into the step.
func (p *PodHistory) first() *corev1.Pod { return p.of.First() }

// labels returns the labels that the Pod had in the step, in order.
func (p *PodHistory) labels() []map[string]string {
	if len(p.of.Labels) == 0 {
		return []map[string]string{p.first().Labels}
	}
	all := []map[string]string{p.of.Labels[0].From}
	for _, c := range p.of.Labels {
		all = append(all, c.To)
	}
	return all
}
