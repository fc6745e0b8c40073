package lab

import (
	"reflect"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// State is what existed in the lesson's namespace at one moment. Its objects are
// the real Kubernetes types, shared with other checks: a check reads them and
// does not change them. What is asked for by name is never nil: if there is none, the
// check ends as waiting.
type State struct {
	t      *T
	state  timeline.State
	moment Moment
	when   string // as in "when the step began", for messages
	past   bool   // a gap in the record may hide what it was

	// In Always and Eventually what does not exist ends nothing.
	tentative bool
	absent    string // what was asked for and did not exist
}

// Now returns the state at the end of the step, or, while it goes on, the latest.
func (t *T) Now() *State {
	t.needStep()
	w := t.run.input.Window
	return &State{t: t.unplaced(), state: w.After(), moment: t.moment(w.End, "the step", "was over"), when: "now"}
}

// Before returns the state in which the step began.
func (t *T) Before() *State {
	t.needStep()
	return &State{t: t.unplaced(), state: t.run.input.Window.Before(), when: since(Moment{}), past: true}
}

// When returns the state at a moment of the step, with what happened at that moment.
// If that has not happened the check ends as waiting.
func (t *T) When(m Moment) *State {
	t.needStep()
	if !m.Seen() {
		t.NotYet("%s", m.missing())
	}
	return &State{t: t.unplaced(), state: t.run.input.Window.StateAt(t.recorded(m)), moment: m, when: m.String(), past: true}
}

// Moment returns the moment of the state. It is the zero Moment for the state in
// which the step began.
func (s *State) Moment() Moment { return s.moment }

// Deployment returns a Deployment.
func (s *State) Deployment(name string) *appsv1.Deployment {
	return existing[appsv1.Deployment](s, name)
}

// ReplicaSet returns a ReplicaSet.
func (s *State) ReplicaSet(name string) *appsv1.ReplicaSet {
	return existing[appsv1.ReplicaSet](s, name)
}

// StatefulSet returns a StatefulSet.
func (s *State) StatefulSet(name string) *appsv1.StatefulSet {
	return existing[appsv1.StatefulSet](s, name)
}

// DaemonSet returns a DaemonSet.
func (s *State) DaemonSet(name string) *appsv1.DaemonSet {
	return existing[appsv1.DaemonSet](s, name)
}

// Job returns a Job.
func (s *State) Job(name string) *batchv1.Job { return existing[batchv1.Job](s, name) }

// CronJob returns a CronJob.
func (s *State) CronJob(name string) *batchv1.CronJob { return existing[batchv1.CronJob](s, name) }

// Pod returns a Pod.
func (s *State) Pod(name string) *corev1.Pod { return existing[corev1.Pod](s, name) }

// Service returns a Service.
func (s *State) Service(name string) *corev1.Service { return existing[corev1.Service](s, name) }

// PersistentVolumeClaim returns a PersistentVolumeClaim.
func (s *State) PersistentVolumeClaim(name string) *corev1.PersistentVolumeClaim {
	return existing[corev1.PersistentVolumeClaim](s, name)
}

// Pods returns the Pods that a label selector matches, by name, those that are
// terminating included. The selector is written as for kubectl's -l; an empty one
// matches all.
func (s *State) Pods(selector string) []*corev1.Pod {
	match := s.t.selector(selector)
	return s.pods(func(p *corev1.Pod) bool { return match.Matches(labels.Set(p.Labels)) })
}

// PodsOf returns the Pods of a workload, by name, those that are terminating
// included: its own, and of a Deployment those of its ReplicaSets. The workload is an
// object of a state, as in s.PodsOf(s.Deployment("web")).
func (s *State) PodsOf(workload metav1.Object) []*corev1.Pod {
	owners := map[types.UID]bool{workload.GetUID(): true}
	for _, rs := range timeline.All[appsv1.ReplicaSet](s.state, s.namespace()) {
		if owner := metav1.GetControllerOfNoCopy(rs); owner != nil && owner.UID == workload.GetUID() {
			owners[rs.UID] = true
		}
	}
	return s.pods(func(p *corev1.Pod) bool {
		owner := metav1.GetControllerOfNoCopy(p)
		return owner != nil && owners[owner.UID]
	})
}

func (s *State) pods(want func(*corev1.Pod) bool) []*corev1.Pod {
	s.needRecord("Pod")
	all := s.state.Pods(s.namespace())
	s.t.run.input.Held.pods = append(s.t.run.input.Held.pods, all)
	var pods []*corev1.Pod
	for _, p := range all {
		if want(p) {
			pods = append(pods, p)
		}
	}
	sort.Slice(pods, func(i, j int) bool { return pods[i].Name < pods[j].Name })
	return pods
}

func (s *State) namespace() string { return s.t.run.input.Namespace }

// needRecord ends the check if the record may not say what the state was.
func (s *State) needRecord(kind string) {
	if s.past {
		s.t.needRecord(kind)
	}
}

// object is a pointer to an object of a kind.
type object[K any] interface {
	*K
	metav1.Object
}

// kindOf returns the kind of a type of k8s.io/api.
func kindOf[K any]() string { return reflect.TypeFor[K]().Name() }

// existing returns an object of a state.
func existing[K any, P object[K]](s *State, name string) *K {
	s.needRecord(kindOf[K]())
	if found := timeline.Get[K](s.state, s.namespace(), name); found != nil {
		return found
	}
	if s.tentative {
		s.absent = kindOf[K]() + " " + name
		return new(K)
	}
	var others []metav1.Object
	for _, o := range timeline.All[K](s.state, "") {
		others = append(others, P(o))
	}
	s.missing(kindOf[K](), name, others)
	return nil
}

// missing says what there is instead.
func (s *State) missing(kind, name string, others []metav1.Object) {
	seen := "there is no " + kind
	if len(others) > 0 {
		seen = "there is " + s.list(others)
	}
	s.t.orHint("create it: kubectl apply -f the file with the %s", kind).
		NotYet("%s %s does not exist %s; %s", kind, name, s.when, seen)
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

// controller returns the name of the object that controls a Pod, and "" if none
// does.
func controller(p *corev1.Pod) string {
	if ref := metav1.GetControllerOfNoCopy(p); ref != nil {
		return ref.Name
	}
	return ""
}

// selector parses a label selector. One that is malformed is the author's error.
func (t *T) selector(text string) labels.Selector {
	if s, ok := t.run.selectors[text]; ok {
		return s
	}
	s, err := labels.Parse(text)
	if err != nil {
		t.broken("label selector %q: %v", text, err)
	}
	t.run.selectors[text] = s
	return s
}

// needStep keeps a check waiting whose step has not begun.
func (t *T) needStep() {
	t.run.observed = true
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
