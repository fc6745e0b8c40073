package lab

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// History is what was seen of the objects over the whole step.
type History struct{ t *T }

// During returns the histories of the objects that existed at some moment of the
// step. If changes of the step may be missing in the record, a check that looks at
// the kind ends as an error with the request to redo the step.
func (t *T) During() *History {
	t.needStep()
	return &History{t}
}

// Pods returns the histories of the Pods whose labels a selector matched at some
// moment of the step, in order of creation. The selector is written as for
// kubectl's -l; an empty one matches all.
func (h *History) Pods(selector string) Pods {
	match := h.t.selector(selector)
	return h.pods(func(p *PodHistory) bool {
		for _, v := range p.versions() {
			if match.Matches(labels.Set(v.Labels)) {
				return true
			}
		}
		return false
	})
}

func (h *History) pods(want func(*PodHistory) bool) Pods {
	h.t.needRecord("Pod")
	var pods Pods
	for _, p := range h.t.run.input.Window.Pods() {
		if p := (&PodHistory{h.t, p}); p.of.Namespace == h.t.run.input.Namespace && len(p.versions()) > 0 && want(p) {
			pods = append(pods, p)
		}
	}
	return pods
}

// ReplicaSet returns the history of the ReplicaSet of that name, over all objects
// that had the name one after the other. If there was none, the check ends as
// waiting.
func (h *History) ReplicaSet(name string) *ReplicaSetHistory {
	h.t.needRecord("ReplicaSet")
	w, namespace := h.t.run.input.Window, h.t.run.input.Namespace
	r := &ReplicaSetHistory{
		h: h, name: name,
		lives: timeline.Histories[appsv1.ReplicaSet](w, namespace, name),
		of:    w.Rollout(timeline.Ref{Kind: "ReplicaSet", Namespace: namespace, Name: name}),
	}
	if len(r.lives) == 0 {
		h.t.Now().ReplicaSet(name) // says what there is instead
	}
	return r
}

// Pods are histories of Pods, in order of creation.
type Pods []*PodHistory

// String names the Pods, as in "web-1 and web-2".
func (ps Pods) String() string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.Name()
	}
	switch n := len(names); n {
	case 0:
		return "none"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func (ps Pods) filter(keep func(*PodHistory) bool) Pods {
	var kept Pods
	for _, p := range ps {
		if keep(p) {
			kept = append(kept, p)
		}
	}
	return kept
}

// Named returns those with a name. There can be several, one after the other.
func (ps Pods) Named(name string) Pods {
	return ps.filter(func(p *PodHistory) bool { return p.Name() == name })
}

// Existed returns those that existed when the step began.
func (ps Pods) Existed() Pods { return ps.filter((*PodHistory).Existed) }

// Created returns those that were created during the step.
func (ps Pods) Created() Pods {
	return ps.filter(func(p *PodHistory) bool { return p.Created().Seen() })
}

// Removed returns those whose deletion began during the step.
func (ps Pods) Removed() Pods {
	return ps.filter(func(p *PodHistory) bool { return p.Removed().Seen() })
}

// Left returns those that are there at the end and not terminating.
func (ps Pods) Left() Pods {
	return ps.filter(func(p *PodHistory) bool { return !p.removed() })
}

// Adopted returns those that a controller adopted during the step.
func (ps Pods) Adopted() Pods {
	return ps.filter(func(p *PodHistory) bool { return p.Adopted().Seen() })
}

// Released returns those that their controller released during the step.
func (ps Pods) Released() Pods {
	return ps.filter(func(p *PodHistory) bool { return p.Released().Seen() })
}

// versions of an object in a step: the one that stood when it began, and those
// after it.
func versions[T any](h *timeline.History[T]) []*T {
	var all []*T
	if before := h.Before(); before != nil {
		all = append(all, before)
	}
	for _, v := range h.Versions() {
		all = append(all, v.Object)
	}
	return all
}
