package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Select says what to draw of a window.
type Select struct {
	// Objects are controllers by name or by kind and name, as in "web", "deployment/web"
	// and "sts/db". None: all that had Pods, and the Pods that have no controller.
	Objects []string
}

// Of returns the picture of a window.
func Of(w timeline.Window, s Select) *Picture {
	h := w.Timeline().Header()
	p := &Picture{
		Lesson: h.Lesson, Lab: h.Lab, Cluster: h.Cluster, Kubernetes: h.Kubernetes, Pace: h.Pace, Recorded: h.Start,
		Step: w.Step, Start: Time(w.Start.At), End: Time(w.End.At), Open: !w.Closed, Torn: w.Timeline().Torn(),
	}
	p.addMarks(w)
	drawn := map[types.UID]bool{}
	for _, ref := range controllers(w) {
		panel := panelOf(w, ref, drawn)
		if s.wants(ref) && len(panel.Rows) > 0 {
			p.Panels = append(p.Panels, panel)
		}
	}
	p.addBare(w, s, drawn)
	if len(s.Objects) == 0 && w.Step != "" {
		p.dropIdle()
	}
	p.addTitles()
	return p
}

// dropIdle leaves out panels of which nothing changed, as long as there are others: of a
// lesson's earlier steps much is still there.
func (p *Picture) dropIdle() {
	if !p.idle() {
		p.Panels = slices.DeleteFunc(p.Panels, func(q Panel) bool { return q.idle(p.Start) })
	}
}

// idle reports that nothing changed.
func (p *Picture) idle() bool {
	return !slices.ContainsFunc(p.Panels, func(q Panel) bool { return !q.idle(p.Start) })
}

func (p *Panel) idle(start Time) bool {
	return len(p.Counts) <= 1 && len(p.Rollouts) == 0 && !slices.ContainsFunc(p.Rows, func(r Row) bool {
		return len(r.Bars) > 1 || len(r.Signs) > 0 || r.Bars[0].From > start || !r.Bars[0].Open
	})
}

// addTitles gives panels titles, which name the namespace only if there are several.
func (p *Picture) addTitles() {
	several := slices.ContainsFunc(p.Panels, func(q Panel) bool { return q.Namespace != p.Panels[0].Namespace })
	for i := range p.Panels {
		q := &p.Panels[i]
		q.Title = q.Kind + " " + q.Name
		if q.Kind == "" {
			q.Title = "Pods without a controller"
		}
		if several {
			q.Title += " in " + q.Namespace
		}
	}
}

// addMarks adds what was done in the window, with the marks that opened and settled it.
func (p *Picture) addMarks(w timeline.Window) {
	marks := w.Timeline().Marks()
	if n := len(marks); n > 0 && marks[n-1].Mark.Type == timeline.MarkEnd {
		p.Open = false
	}
	if w.Step != "" {
		marks = marksOf(w.Step, marks)
	}
	for _, e := range marks {
		p.Marks = append(p.Marks, Mark{Time(e.At), e.Mark.Type, e.Mark.Name, e.Mark.Exit})
	}
	for _, g := range w.Gaps() {
		p.Gaps = append(p.Gaps, Gap{Time(w.Timeline().At(g.To).At), g.Kind, g.Reason})
	}
}

// marksOf returns the marks of a step's last turn.
func marksOf(step string, marks []timeline.Entry) []timeline.Entry {
	is := func(m *timeline.Mark, kind string) bool { return m.Type == kind && m.Name == step }
	begin := len(marks)
	for i, e := range marks {
		if is(e.Mark, timeline.MarkStep) {
			begin = i
		}
	}
	for i := begin + 1; i < len(marks); i++ {
		switch m := marks[i].Mark; {
		case is(m, timeline.MarkSettled):
			return marks[begin : i+1]
		case m.Type == timeline.MarkStep:
			return marks[begin:i]
		}
	}
	return marks[begin:]
}

// controllers returns what has Pods in the window and is not controlled by what is drawn
// itself, in order of creation.
func controllers(w timeline.Window) []timeline.Ref {
	var found []founder
	add := func(all ...founder) { found = append(found, all...) }
	add(founders[appsv1.Deployment](w, "")...)
	add(founders[appsv1.StatefulSet](w, "")...)
	add(founders[appsv1.DaemonSet](w, "")...)
	add(founders[batchv1.Job](w, "")...)
	add(founders[appsv1.ReplicaSet](w, "Deployment")...)
	add(founders[corev1.ReplicationController](w, "")...)
	slices.SortStableFunc(found, func(a, b founder) int { return cmp.Compare(a.version, b.version) })
	var refs []timeline.Ref
	for _, f := range found {
		if !slices.Contains(refs, f.Ref) {
			refs = append(refs, f.Ref)
		}
	}
	return refs
}

type founder struct {
	timeline.Ref
	version uint64
}

// founders returns the objects of a kind, without those that an object of the other
// kind controls.
func founders[T any](w timeline.Window, controlledBy string) []founder {
	var all []founder
	for _, h := range timeline.Histories[T](w, "", "") {
		if controlledBy != "" {
			if o, ok := any(h.First()).(metav1.Object); ok {
				if c := metav1.GetControllerOfNoCopy(o); c != nil && c.Kind == controlledBy {
					continue
				}
			}
		}
		all = append(all, founder{timeline.Ref{Kind: h.Kind, Namespace: h.Namespace, Name: h.Name}, h.Created.ResourceVersion})
	}
	return all
}

// short names of kinds, as kubectl has them.
var shortKinds = map[string]string{
	"deploy": "deployment", "deployments": "deployment", "sts": "statefulset", "statefulsets": "statefulset",
	"ds": "daemonset", "daemonsets": "daemonset", "rs": "replicaset", "replicasets": "replicaset",
	"rc": "replicationcontroller", "replicationcontrollers": "replicationcontroller", "jobs": "job", "po": "pod", "pods": "pod",
}

func (s Select) wants(r timeline.Ref) bool {
	if len(s.Objects) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Objects, func(o string) bool {
		kind, name, found := strings.Cut(strings.ToLower(o), "/")
		if !found {
			kind, name = "", kind
		}
		if long, ok := shortKinds[kind]; ok {
			kind = long
		}
		return name == r.Name && (kind == "" || kind == strings.ToLower(r.Kind))
	})
}

func panelOf(w timeline.Window, ref timeline.Ref, drawn map[types.UID]bool) Panel {
	r := w.Rollout(ref)
	all := w.Timeline().Whole().Rollout(ref) // for letters that are the same in every step
	for _, pod := range r.Pods {
		drawn[pod.UID] = true
	}
	p := Panel{Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name, Revisions: revisionsOf(all), Counts: countsOf(r)}
	for _, t := range r.Templates {
		p.Rollouts = append(p.Rollouts, Rollout{Time(t.At), slices.IndexFunc(all.Revisions, func(v *timeline.Revision) bool { return v.Template == t.To })})
	}
	switch ref.Kind {
	case "StatefulSet":
		p.Rows = ordinalRows(w, r, all)
	case "Job":
		p.addAttempts(w, w.Job(ref.Namespace, ref.Name), all)
	default:
		p.Rows = podRows(w, r, all)
	}
	return p
}

func revisionsOf(r *timeline.Rollout) []Revision {
	revisions := make([]Revision, len(r.Revisions))
	for i, v := range r.Revisions {
		revisions[i] = Revision{Letter: letter(i), Name: v.Name}
		if v.Template != nil {
			var images []string
			for _, c := range v.Template.Spec.Containers {
				images = append(images, c.Image)
			}
			revisions[i].Note = strings.Join(images, ", ")
		}
	}
	return revisions
}

func letter(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return letter(i/26-1) + letter(i%26)
}

func countsOf(r *timeline.Rollout) []Count {
	counts := make([]Count, len(r.Samples))
	for i, s := range r.Samples {
		counts[i] = Count{
			At: Time(s.At), Wanted: s.Wanted, Pods: s.Active, Available: s.Available, Terminating: s.Terminating, Asked: s.Asked,
			Limited: s.Rolling, Most: s.Most, Fewest: s.Fewest, Partition: s.Partition,
		}
	}
	return counts
}

func podRows(w timeline.Window, r, all *timeline.Rollout) []Row {
	owns := func(o timeline.Owner) bool { return o.Kind == r.Kind && o.Name == r.Name }
	if r.Kind == "Deployment" {
		owns = func(o timeline.Owner) bool { return o.Kind == "ReplicaSet" && strings.HasPrefix(o.Name, r.Name+"-") }
	}
	var rows []Row
	for _, pod := range r.Pods {
		rows = append(rows, Row{Name: pod.Name, Bars: disown(bars(w, pod, indexOf(all, pod)), pod, owns), Signs: signs(w, pod)})
	}
	return rows
}

func ordinalRows(w timeline.Window, r, all *timeline.Rollout) []Row {
	var rows []Row
	for _, o := range r.Ordinals() {
		row := Row{Name: o.Name}
		for _, t := range o.Turns {
			row.Bars = append(row.Bars, bars(w, t.Pod, indexOf(all, t.Pod))...)
			row.Signs = append(row.Signs, signs(w, t.Pod)...)
		}
		rows = append(rows, row)
	}
	return rows
}

// addAttempts adds a row for each Pod of a Job, with the pauses between attempts.
func (p *Panel) addAttempts(w timeline.Window, j *timeline.JobHistory, all *timeline.Rollout) {
	p.Rows = podRows(w, j.Rollout, all)
	start := w.Timeline().Header().Start
	for _, a := range j.Attempts {
		if !a.Pause.Happened() || a.Run > 0 || !w.Contains(a.Created) {
			continue
		}
		i := slices.IndexFunc(j.Pods, func(pod *timeline.PodHistory) bool { return pod == a.Pod })
		from := Time(a.Pause.From.Sub(start))
		p.Rows[i].Bars = slices.Insert(p.Rows[i].Bars, 0, Bar{
			From: max(from, Time(w.Start.At)), To: Time(a.Created.At), State: Pause, Revision: -1, UID: string(a.Pod.UID), Reason: a.Pause.Length().String(),
		})
	}
	switch {
	case j.Complete.Happened():
		p.End = &End{Time(j.Complete.At), true, j.Reason}
	case j.Failed.Happened():
		p.End = &End{Time(j.Failed.At), false, j.Reason}
	}
}

func indexOf(r *timeline.Rollout, pod *timeline.PodHistory) int {
	v := r.Revision(pod)
	return slices.IndexFunc(r.Revisions, func(u *timeline.Revision) bool { return u == v })
}

var states = map[string]State{
	timeline.StagePending: Pending, timeline.StageWaiting: Waiting, timeline.StageRunning: Starting, timeline.StageReady: Ready,
	timeline.StageTerminating: Terminating, timeline.StageSucceeded: Succeeded, timeline.StageFailed: Failed,
}

// bars returns what a Pod was doing inside the window.
func bars(w timeline.Window, pod *timeline.PodHistory, revision int) []Bar {
	stages := pod.Stages()
	end, open := Time(w.End.At), true
	if pod.Gone.Happened() {
		end, open = Time(pod.Gone.At), false
	}
	start := Time(w.Start.At)
	var bars []Bar
	wasReady := false
	for i, s := range stages {
		b := Bar{From: max(Time(s.At), start), To: end, Open: open, State: states[s.Name], Reason: s.Reason, Revision: revision, UID: string(pod.UID)}
		if i+1 < len(stages) {
			b.To, b.Open = Time(stages[i+1].At), false
		}
		if b.State == Starting && wasReady {
			b.State = NotReady
		}
		wasReady = wasReady || b.State == Ready
		switch n := len(bars); {
		case b.To <= start && !b.Open:
		case n > 0 && bars[n-1].State == b.State: // for another reason
			bars[n-1].To, bars[n-1].Open, bars[n-1].Reason = b.To, b.Open, joined(bars[n-1].Reason, b.Reason)
		default:
			bars = append(bars, b)
		}
	}
	return bars
}

// disown takes the revision from what a Pod did while the controller was another or
// none.
func disown(bars []Bar, pod *timeline.PodHistory, owns func(timeline.Owner) bool) []Bar {
	for _, o := range pod.Owners {
		at := Time(o.At)
		i := slices.IndexFunc(bars, func(b Bar) bool { return b.From < at && (at < b.To || b.Open) })
		if i >= 0 {
			after := bars[i]
			after.From, bars[i].To, bars[i].Open = at, at, false
			bars = slices.Insert(bars, i+1, after)
		}
		for i := range bars {
			if bars[i].From < at && !owns(o.From) || bars[i].From >= at && !owns(o.To) {
				bars[i].Revision = -1
			}
		}
	}
	return bars
}

// joined adds a reason to reasons.
func joined(reasons, reason string) string {
	if slices.Contains(strings.Split(reasons, ", "), reason) {
		return reasons
	}
	return reasons + ", " + reason
}

func signs(w timeline.Window, pod *timeline.PodHistory) []Sign {
	var signs []Sign
	for _, r := range pod.Runs {
		if r.Number > 0 && w.Contains(r.Began) {
			signs = append(signs, Sign{Time(r.Began.At), Restarted, fmt.Sprintf("container %s started again, for the %s time", r.Container, ordinal(r.Number+1))})
		}
	}
	for _, o := range pod.Owners {
		switch {
		case o.Adopted():
			signs = append(signs, Sign{Time(o.At), Adopted, "adopted by " + o.To.Kind + " " + o.To.Name})
		case o.Released():
			signs = append(signs, Sign{Time(o.At), Released, "released by " + o.From.Kind + " " + o.From.Name})
		}
	}
	slices.SortStableFunc(signs, func(a, b Sign) int { return cmp.Compare(a.At, b.At) })
	return signs
}

// ordinal returns a number as in "2nd".
func ordinal(n int) string {
	switch {
	case n%100/10 == 1:
	case n%10 == 1:
		return fmt.Sprint(n, "st")
	case n%10 == 2:
		return fmt.Sprint(n, "nd")
	case n%10 == 3:
		return fmt.Sprint(n, "rd")
	}
	return fmt.Sprint(n, "th")
}

// addBare adds a panel for each namespace that has Pods which never were a controller's.
func (p *Picture) addBare(w timeline.Window, s Select, drawn map[types.UID]bool) {
	byNamespace := map[string]int{}
	for _, pod := range w.Pods() {
		if drawn[pod.UID] || !s.wants(timeline.Ref{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}) {
			continue
		}
		i, known := byNamespace[pod.Namespace]
		if !known {
			p.Panels = append(p.Panels, Panel{Namespace: pod.Namespace})
			i = len(p.Panels) - 1
			byNamespace[pod.Namespace] = i
		}
		p.Panels[i].Rows = append(p.Panels[i].Rows, Row{Name: pod.Name, Bars: bars(w, pod, -1), Signs: signs(w, pod)})
	}
}

// Unneeded returns the kinds of a recording that pictures do not look at.
func Unneeded() []string {
	return []string{"Event", "Node", "Service", "EndpointSlice", "HorizontalPodAutoscaler", "PodDisruptionBudget", "CronJob", "PersistentVolumeClaim"}
}
