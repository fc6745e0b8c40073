package lab

import (
	"strconv"
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
	return &History{t.unplaced()}
}

// Pods returns the histories of the Pods whose labels a selector matched at some
// moment of the step, in order of creation. The selector is written as for
// kubectl's -l; an empty one matches all.
func (h *History) Pods(selector string) Pods {
	match := h.t.selector(selector)
	return h.pods(func(p *PodHistory) bool {
		for _, set := range p.labels() {
			if match.Matches(labels.Set(set)) {
				return true
			}
		}
		return false
	})
}

func (h *History) pods(want func(*PodHistory) bool) Pods {
	h.t.needRecord("Pod")
	var pods Pods
	for _, p := range h.t.histories(h.t.run.input.Window.Pods()) {
		if p.of.Namespace == h.t.run.input.Namespace && want(p) {
			pods = append(pods, p)
		}
	}
	return pods
}

// histories returns Pods of the record as a check sees them.
func (t *T) histories(of []*timeline.PodHistory) Pods {
	pods := make(Pods, len(of))
	for i, p := range of {
		pods[i] = &PodHistory{t, p}
	}
	return pods
}

// Deployment returns the history of the Deployment of that name, over all objects
// that had the name one after the other. If there was none, the check ends as
// waiting.
func (h *History) Deployment(name string) *Workload {
	w, _ := workload(h, name, func(d *appsv1.Deployment) spec { return spec{&d.Spec.Template, one(d.Spec.Replicas)} })
	return w
}

// ReplicaSet returns the history of the ReplicaSet of that name, as
// [History.Deployment] does.
func (h *History) ReplicaSet(name string) *Workload {
	w, _ := workload(h, name, func(rs *appsv1.ReplicaSet) spec { return spec{&rs.Spec.Template, one(rs.Spec.Replicas)} })
	return w
}

// StatefulSet returns the history of the StatefulSet of that name, as
// [History.Deployment] does.
func (h *History) StatefulSet(name string) *Workload {
	w, _ := workload(h, name, func(s *appsv1.StatefulSet) spec { return spec{&s.Spec.Template, one(s.Spec.Replicas)} })
	return w
}

// DaemonSet returns the history of the DaemonSet of that name, as
// [History.Deployment] does.
func (h *History) DaemonSet(name string) *Workload {
	w, _ := workload(h, name, func(d *appsv1.DaemonSet) spec {
		return spec{&d.Spec.Template, int(d.Status.DesiredNumberScheduled)}
	})
	return w
}

// workload returns the history of a workload and of each object that it was.
func workload[K any, P object[K]](h *History, name string, of func(*K) spec) (*Workload, []*timeline.History[K]) {
	kind, namespace := kindOf[K](), h.t.run.input.Namespace
	h.t.needRecord(kind)
	lives := timeline.Histories[K](h.t.run.input.Window, namespace, name)
	if len(lives) == 0 {
		existing[K, P](h.t.Now(), name) // says what there is instead
	}
	return &Workload{
		t: h.t, of: h.t.run.input.Window.Rollout(timeline.Ref{Kind: kind, Namespace: namespace, Name: name}),
		last: of(lives[len(lives)-1].Last()),
	}, lives
}

// one is a number of Pods, by default one.
func one(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

// Pods are histories of Pods, in order of creation.
type Pods []*PodHistory

// String names the Pods, as in "web-1 and web-2", and of many the first.
func (ps Pods) String() string {
	names := ps.Names()
	const most = 6
	if n := len(names); n > most {
		names = append(names[:most-1], strconv.Itoa(n-most+1)+" more")
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

// Names returns the names of the Pods.
func (ps Pods) Names() []string {
	names := make([]string, len(ps))
	for i, p := range ps {
		names[i] = p.Name()
	}
	return names
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
