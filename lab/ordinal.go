package lab

import (
	appsv1 "k8s.io/api/apps/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Ordinal is a place in a StatefulSet. Its Pods come one after the other and have
// the same name.
type Ordinal struct {
	Number int
	Name   string
	Turns  []*Turn // in order of creation; never empty
}

// First returns the Pod that was there first in the step.
func (o *Ordinal) First() *Turn { return o.Turns[0] }

// Last returns the Pod that was there last.
func (o *Ordinal) Last() *Turn { return o.Turns[len(o.Turns)-1] }

// Turn is one Pod in a place of a StatefulSet.
type Turn struct {
	*PodHistory
	Revision string   // name of the ControllerRevision that it was made from
	Volumes  []string // its claims, with what tells a claim from another of the same name
}

// Ordinals returns the places of a StatefulSet that had a Pod in the step, by
// number.
func (w *Workload) Ordinals() []*Ordinal {
	w.needRecord()
	w.t.needRecord("PersistentVolumeClaim")
	var ordinals []*Ordinal
	for _, o := range w.of.Ordinals() {
		place := &Ordinal{Number: o.Number, Name: o.Name}
		for _, turn := range o.Turns {
			place.Turns = append(place.Turns, w.turn(turn))
		}
		ordinals = append(ordinals, place)
	}
	return ordinals
}

func (w *Workload) turn(of timeline.Turn) *Turn {
	t := &Turn{PodHistory: &PodHistory{w.t, of.Pod}}
	if of.Revision != nil {
		t.Revision = of.Revision.Name
	}
	for _, c := range of.Claims {
		t.Volumes = append(t.Volumes, c.Name+" ("+string(c.UID)+")")
	}
	return t
}

// Ordinal returns a place of a StatefulSet. If it had no Pod in the step the check
// ends as waiting.
func (w *Workload) Ordinal(number int) *Ordinal {
	for _, o := range w.Ordinals() {
		if o.Number == number {
			return o
		}
	}
	w.t.orHint("wait, and look with kubectl get pods").NotYet("%s had no Pod with the ordinal %d in this step so far", w, number)
	return nil
}

// partitionOf returns the partition of a StatefulSet's rolling update.
func partitionOf(s timeline.State, namespace, name string) int {
	set := timeline.Get[appsv1.StatefulSet](s, namespace, name)
	if set == nil || set.Spec.UpdateStrategy.RollingUpdate == nil || set.Spec.UpdateStrategy.RollingUpdate.Partition == nil {
		return 0
	}
	return int(*set.Spec.UpdateStrategy.RollingUpdate.Partition)
}
