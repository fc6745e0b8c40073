package lab

import (
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// State is what existed in the lesson's namespace at one moment. Its objects are
// the real Kubernetes types, shared with other checks: a check reads them and
// does not change them.
type State struct {
	t      *T
	state  timeline.State
	moment Moment
	when   string // as in "when the step began", for messages
}

// Now returns the state at the end of the step, or, while it goes on, the latest.
func (t *T) Now() *State {
	t.needStep()
	w := t.run.input.Window
	return &State{t: t, state: w.After(), moment: t.moment(w.End), when: "now"}
}

// Before returns the state in which the step began.
func (t *T) Before() *State {
	t.needStep()
	t.needRecord("Pod", "ReplicaSet")
	return &State{t: t, state: t.run.input.Window.Before(), when: "when the step began"}
}

// states returns the state in which the step began and those after each change.
func (t *T) states() []*State {
	states := []*State{t.Before()}
	w := t.run.input.Window
	for _, e := range w.Entries() {
		if e.Event != nil {
			m := t.moment(e.Moment())
			states = append(states, &State{t: t, state: w.StateAt(e.Moment()), moment: m, when: m.String()})
		}
	}
	return states
}

// Moment returns the moment of the state. It is the zero Moment for the state in
// which the step began.
func (s *State) Moment() Moment { return s.moment }

// ReplicaSet returns a ReplicaSet. If there is none, the check ends as waiting.
func (s *State) ReplicaSet(name string) *appsv1.ReplicaSet {
	rs := timeline.Get[appsv1.ReplicaSet](s.state, s.namespace(), name)
	if rs == nil {
		s.missing("ReplicaSet", name, objects(timeline.All[appsv1.ReplicaSet](s.state, "")))
	}
	return rs
}

// Pod returns a Pod. If there is none, the check ends as waiting.
func (s *State) Pod(name string) *corev1.Pod {
	pod := s.state.Pod(s.namespace(), name)
	if pod == nil {
		s.missing("Pod", name, objects(s.state.Pods("")))
	}
	return pod
}

// Pods returns the Pods that a label selector matches, by name, those that are
// terminating included. The selector is written as for kubectl's -l; an empty one
// matches all.
func (s *State) Pods(selector string) []*corev1.Pod {
	match := s.t.selector(selector)
	return s.pods(func(p *corev1.Pod) bool { return match.Matches(labels.Set(p.Labels)) })
}

// PodsOf returns the Pods that the ReplicaSet of that name controls, by name,
// those that are terminating included.
func (s *State) PodsOf(replicaSet string) []*corev1.Pod {
	return s.pods(func(p *corev1.Pod) bool { return ownedBy(p, replicaSet) })
}

func (s *State) pods(want func(*corev1.Pod) bool) []*corev1.Pod {
	var pods []*corev1.Pod
	for _, p := range s.state.Pods(s.namespace()) {
		if want(p) {
			pods = append(pods, p)
		}
	}
	sort.Slice(pods, func(i, j int) bool { return pods[i].Name < pods[j].Name })
	return pods
}

func (s *State) namespace() string { return s.t.run.input.Namespace }

// missing says what there is instead.
func (s *State) missing(kind, name string, others []metav1.Object) {
	seen := "there is none at all"
	if len(others) > 0 {
		seen = "there is " + s.list(others)
	}
	t := s.t
	if t.hint == "" {
		t = t.Hint("create it: kubectl apply -f the file with the %s", kind)
	}
	t.NotYet("%s %s does not exist %s in namespace %s; %s", kind, name, s.when, s.namespace(), seen)
}

// list names objects, with their namespaces where that explains something.
func (s *State) list(others []metav1.Object) string {
	var names []string
	for _, o := range others {
		name := o.GetName()
		if o.GetNamespace() != s.namespace() {
			name += " in namespace " + o.GetNamespace()
		}
		names = append(names, name)
	}
	sort.Strings(names)
	const most = 6
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(names, ", ")
}

func objects[T metav1.Object](typed []T) []metav1.Object {
	all := make([]metav1.Object, len(typed))
	for i, o := range typed {
		all[i] = o
	}
	return all
}

// IsReady reports that a Pod's condition Ready is true and that it is not
// terminating, which is what controllers count.
func IsReady(p *corev1.Pod) bool {
	if p == nil || p.DeletionTimestamp != nil {
		return false
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// Image returns the image that a Pod specification names, and of several
// containers all of them, separated by ", ".
func Image(spec corev1.PodSpec) string {
	var images []string
	for _, c := range spec.Containers {
		images = append(images, c.Image)
	}
	return strings.Join(images, ", ")
}

func ownedBy(p *corev1.Pod, replicaSet string) bool { return controller(p) == replicaSet }

// controller returns the name of the ReplicaSet that controls a Pod, and "" if
// none does.
func controller(p *corev1.Pod) string {
	ref := metav1.GetControllerOfNoCopy(p)
	if ref == nil || ref.Kind != "ReplicaSet" {
		return ""
	}
	return ref.Name
}

// selector parses a label selector. One that is malformed is the author's error.
func (t *T) selector(text string) labels.Selector {
	s, err := labels.Parse(text)
	if err != nil {
		t.broken("label selector %q: %v", text, err)
	}
	return s
}

// needStep keeps a check waiting whose step has not begun.
func (t *T) needStep() {
	if !t.run.input.Window.Opened() {
		t.NotYet("the step has not begun, so nothing was observed")
	}
}

// needRecord ends the check if the record of the step is incomplete: what is
// missing could have contradicted it.
func (t *T) needRecord(kinds ...string) {
	for _, g := range t.run.input.Window.Gaps() {
		for _, kind := range kinds {
			if g.Kind == kind || g.Kind == "" {
				t.Hint("redo this step").broken("the record of this step has a gap, so what happened to its %ss is not known: %s", kind, g.Reason)
			}
		}
	}
}
