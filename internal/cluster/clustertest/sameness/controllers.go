package sameness

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// controllers returns a block for each.
func controllers(w timeline.Window, n *names) (text []string) {
	for _, d := range timeline.Histories[appsv1.Deployment](w, "", "") {
		text = append(text, deployment(w, n, d).text()...)
	}
	for _, rs := range timeline.Histories[appsv1.ReplicaSet](w, "", "") {
		text = append(text, controller(n, rs).text()...)
	}
	for _, s := range timeline.Histories[appsv1.StatefulSet](w, "", "") {
		text = append(text, statefulSet(w, n, s).text()...)
	}
	for _, d := range timeline.Histories[appsv1.DaemonSet](w, "", "") {
		b := controller(n, d)
		b.revisions(w, d.Name)
		text = append(text, b.text()...)
	}
	for _, j := range timeline.Histories[batchv1.Job](w, "", "") {
		text = append(text, job(w, n, j).text()...)
	}
	return text
}

// workload is what the objects of all controllers have.
type workload struct {
	Spec struct {
		Replicas *int32
	}
	Status map[string]any
}

// controller has the number of Pods that were wanted, the conditions, each type by itself,
// and what the status counts at the end.
func controller[T any](n *names, h *timeline.History[T]) *block {
	b := &block{heading: h.Kind + " " + n.of(h.Name)}
	var last workload
	var wanted []string
	conditions := map[string]*block{}
	for _, v := range h.Versions() {
		last = workloadOf(v.Object)
		if r := last.Spec.Replicas; r != nil && (len(wanted) == 0 || wanted[len(wanted)-1] != fmt.Sprint(*r)) {
			wanted = append(wanted, fmt.Sprint(*r))
		}
		addConditions(conditions, n, last)
	}
	if len(wanted) > 0 {
		b.add("wants %s", strings.Join(wanted, ", "))
	}
	for _, kind := range sorted(conditions) {
		b.lines = append(b.lines, conditions[kind].lines...)
	}
	if h.Gone.Happened() {
		b.add("gone")
	} else {
		b.add("at the end: %s", counts(last.Status))
	}
	return b
}

func workloadOf(object any) (w workload) {
	raw, err := json.Marshal(object)
	if err == nil {
		_ = json.Unmarshal(raw, &w) // what it came from has this shape
	}
	return w
}

func addConditions(all map[string]*block, n *names, w workload) {
	conditions, _ := w.Status["conditions"].([]any)
	for _, c := range conditions {
		c, _ := c.(map[string]any)
		text := func(key string) string { s, _ := c[key].(string); return s }
		kind := text("type")
		if text("reason") == "ReplicaSetUpdated" {
			continue // stands between the beginning and the end of a rollout if there is time
		}
		if all[kind] == nil {
			all[kind] = &block{}
		}
		all[kind].once("%s=%s%s", kind, text("status"), because(text("reason"), n.text(text("message"))))
	}
}

// counts are the numbers of a status. Which generation it is of, and how often a name was
// taken, says nothing about Pods.
func counts(status map[string]any) string {
	var text []string
	for _, key := range sorted(status) {
		if count, ok := status[key].(float64); ok && key != "observedGeneration" && key != "collisionCount" && count > 0 {
			text = append(text, fmt.Sprintf("%s %v", key, count))
		}
	}
	return cmp.Or(strings.Join(text, ", "), "no Pods")
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// deployment has the order in which its ReplicaSets were scaled, and in each step of the
// story the limits that a rollout keeps to.
func deployment(w timeline.Window, n *names, h *timeline.History[appsv1.Deployment]) *block {
	b := controller(n, h)
	if order := scales(w, n, h); len(order) > 0 {
		b.add("ReplicaSets: %s", strings.Join(order, ", "))
	}
	for _, mark := range w.Timeline().Marks() {
		r := w.Timeline().Step(mark.Mark.Name).Rollout(timeline.Ref{Kind: h.Kind, Namespace: h.Namespace, Name: h.Name})
		if most := r.Peak(timeline.AskedPods).Sample.Of(timeline.AskedPods); most > 0 {
			b.add("in step %s: at most %d Pods, at least %d available", mark.Mark.Name, most, r.Low(timeline.AvailablePods).Sample.Of(timeline.AvailablePods))
		}
	}
	return b
}

// scales returns the changes of spec.replicas of a Deployment's ReplicaSets, in order.
func scales(w timeline.Window, n *names, h *timeline.History[appsv1.Deployment]) []string {
	type scale struct {
		version uint64
		text    string
	}
	var all []scale
	for _, rs := range timeline.Histories[appsv1.ReplicaSet](w, h.Namespace, "") {
		if !metav1.IsControlledBy(rs.First(), h.Last()) {
			continue
		}
		was := int32(0)
		for _, v := range rs.Versions() {
			if r := v.Object.Spec.Replicas; r != nil && *r != was {
				all = append(all, scale{v.ResourceVersion, fmt.Sprintf("%s %d", n.of(rs.Name), *r)})
				was = *r
			}
		}
	}
	slices.SortFunc(all, func(a, b scale) int { return cmp.Compare(a.version, b.version) })
	var order []string
	for _, s := range all {
		order = append(order, s.text)
	}
	return order
}

// statefulSet has the order in which its Pods came, were Ready, and went.
func statefulSet(w timeline.Window, n *names, h *timeline.History[appsv1.StatefulSet]) *block {
	b := controller(n, h)
	b.revisions(w, h.Name)
	type turn struct {
		timeline.Moment
		text string
	}
	var turns []turn
	for _, p := range w.Rollout(timeline.Ref{Kind: h.Kind, Namespace: h.Namespace, Name: h.Name}).Pods {
		ordinal := strings.TrimPrefix(p.Name, h.Name+"-")
		turns = append(turns, turn{p.Created, "+" + ordinal}, turn{p.Ready, ordinal + " Ready"},
			turn{p.Terminating, "-" + ordinal}, turn{p.Gone, ordinal + " gone"})
	}
	turns = slices.DeleteFunc(turns, func(t turn) bool { return !t.Happened() })
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.ResourceVersion, b.ResourceVersion) })
	var order []string
	for _, t := range turns {
		order = append(order, t.text)
	}
	b.add("order: %s", strings.Join(order, ", "))
	return b
}

// revisions adds those of a controller.
func (b *block) revisions(w timeline.Window, controller string) {
	var all []string
	for _, r := range timeline.Histories[appsv1.ControllerRevision](w, "", "") {
		if owner := metav1.GetControllerOf(r.First()); owner != nil && owner.Name == controller {
			all = append(all, fmt.Sprint(r.First().Revision))
		}
	}
	b.add("revisions: %s", strings.Join(all, ", "))
}

// job has its attempts. Those that succeed are in no order.
func job(w timeline.Window, n *names, h *timeline.History[batchv1.Job]) *block {
	b := controller(n, h)
	history := w.Job(h.Namespace, h.Name)
	var succeeded []string
	for _, a := range history.Attempts {
		index := ""
		if a.Index >= 0 {
			index = fmt.Sprintf(" of index %d", a.Index)
		}
		if a.Succeeded {
			succeeded = append(succeeded, fmt.Sprintf("attempt%s%s: succeeded", index, pause(a.Pause)))
			continue
		}
		b.add("attempt%s%s: %s", index, pause(a.Pause), outcome(a))
	}
	slices.Sort(succeeded)
	b.lines = append(b.lines, succeeded...)
	return b
}

func outcome(a timeline.Attempt) string {
	if !a.Failed {
		return "was not over"
	}
	return fmt.Sprintf("failed with %d%s", a.ExitCode, because(a.Reason, ""))
}

// backoffs are the pauses that Jobs and kubelets are documented to make.
var backoffs = []time.Duration{40 * time.Second, 20 * time.Second, 10 * time.Second}

// pause is the longest back-off that a pause can have been: it may be longer than that on a
// busy machine, but not shorter.
func pause(p timeline.Pause) string {
	if !p.Happened() {
		return ""
	}
	for _, b := range backoffs {
		if p.Length() >= b-timeline.PauseEarly {
			return fmt.Sprintf(", %v later", b)
		}
	}
	return ", at once"
}

// claims returns a block for each claim of a volume.
func claims(w timeline.Window) (text []string) {
	for _, c := range timeline.Histories[corev1.PersistentVolumeClaim](w, "", "") {
		b := &block{heading: "PersistentVolumeClaim " + c.Name}
		for _, v := range c.Versions() {
			b.once("%s", v.Object.Status.Phase)
		}
		if c.Gone.Happened() {
			b.add("gone")
		}
		text = append(text, b.text()...)
	}
	return text
}
