package timeline

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Ordinal is a place in a StatefulSet: the Pods that had its name, one after the other.
type Ordinal struct {
	Number int
	Name   string // of its Pods
	Turns  []Turn // in order of creation
}

// Turn is a Pod in a place of a StatefulSet.
type Turn struct {
	Pod      *PodHistory
	Revision *Revision // nil if it is not known
	Claims   []Claim   // of the Pod's volumes
}

// Claim is a PersistentVolumeClaim that a Pod mounts. Two Pods that have a claim with the
// same UID have had the same volume.
type Claim struct {
	Volume string    // its name in the Pod
	Name   string    // of the claim
	UID    types.UID // empty if the claim was not recorded
	Bound  string    // name of the PersistentVolume, once it is bound
}

// Ordinals returns the places of a StatefulSet that had a Pod in the window, by number:
// nil for other kinds.
func (r *Rollout) Ordinals() []Ordinal {
	if r.Kind != "StatefulSet" {
		return nil
	}
	var ordinals []Ordinal
	for _, p := range r.Pods {
		number, ok := ordinalOf(r.Name, p.Name)
		if !ok {
			continue
		}
		i := slices.IndexFunc(ordinals, func(o Ordinal) bool { return o.Number == number })
		if i < 0 {
			ordinals = append(ordinals, Ordinal{Number: number, Name: p.Name})
			i = len(ordinals) - 1
		}
		ordinals[i].Turns = append(ordinals[i].Turns, Turn{Pod: p, Revision: r.Revision(p), Claims: r.window.claims(p)})
	}
	slices.SortFunc(ordinals, func(a, b Ordinal) int { return cmp.Compare(a.Number, b.Number) })
	return ordinals
}

// ordinalOf is upstream's getParentNameAndOrdinal (pkg/controller/statefulset).
func ordinalOf(set, pod string) (int, bool) {
	text, ok := strings.CutPrefix(pod, set+"-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}

// claims returns the claims of a Pod as they were when it was seen last.
func (w Window) claims(p *PodHistory) []Claim {
	state := w.StateAt(p.versions[len(p.versions)-1].Moment())
	var claims []Claim
	for _, v := range p.Last().Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		c := Claim{Volume: v.Name, Name: v.PersistentVolumeClaim.ClaimName}
		if claim := Get[corev1.PersistentVolumeClaim](state, p.Namespace, c.Name); claim != nil {
			c.UID, c.Bound = claim.UID, claim.Spec.VolumeName
		}
		claims = append(claims, c)
	}
	return claims
}
