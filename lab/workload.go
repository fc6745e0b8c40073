package lab

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Workload is what was seen of a Deployment, ReplicaSet, StatefulSet, DaemonSet or
// Job and of its Pods over the step. Objects that had the name one after the other
// are one, so that a workload which was deleted and created again can be told
// from one that has replaced its Pods.
type Workload struct {
	t     *T
	of    *timeline.Rollout
	began timeline.Moment // of the rollout; zero for the whole step
	last  spec            // as it was seen last
}

// spec is what the kinds of workloads have in common.
type spec struct {
	template *corev1.PodTemplateSpec
	replicas int
}

// Name returns the workload's name.
func (w *Workload) Name() string { return w.of.Name }

// String returns kind and name, as in "Deployment web".
func (w *Workload) String() string { return w.of.Kind + " " + w.of.Name }

// Existed reports that the workload was there when the step began.
func (w *Workload) Existed() bool { return w.of.Lives[0].Existed }

// Created returns when the workload was created for the last time in the step.
func (w *Workload) Created() Moment {
	return w.t.moment(w.of.Lives[len(w.of.Lives)-1].Created, w.String(), "was created")
}

// Deleted returns when the workload was deleted for the first time in the step,
// whether or not it was created again.
func (w *Workload) Deleted() Moment {
	for _, l := range w.of.Lives {
		if m := w.t.moment(l.Removed(), w.String(), "was deleted"); m.Seen() {
			return m
		}
	}
	return w.t.moment(timeline.Moment{}, w.String(), "was deleted")
}

// Image returns the image that the template names at the end. See [Image] for
// several containers.
func (w *Workload) Image() string { return Image(w.last.template.Spec) }

// Replicas returns the number of Pods that is wanted at the end.
func (w *Workload) Replicas() int { return w.last.replicas }

// Scale is a change of the number of Pods that is wanted.
type Scale struct {
	At       Moment
	From, To int
}

// Scales returns the changes of the number of Pods that is wanted, in order.
func (w *Workload) Scales() []Scale {
	w.needRecord()
	var scales []Scale
	for _, c := range w.of.Scales {
		scales = append(scales, Scale{At: w.t.moment(c.Moment, w.String(), "was scaled"), From: int(c.From), To: int(c.To)})
	}
	return scales
}

// Template is a change of a Pod template.
type Template struct {
	At       Moment
	From, To string // the images; equal if something else was changed
}

// Templates returns the changes of the template, in order. Deleting the workload and
// creating it with another template is no change.
func (w *Workload) Templates() []Template {
	w.needRecord()
	var changes []Template
	for _, c := range w.of.Templates {
		changes = append(changes, Template{At: w.changed(c.Moment), From: Image(c.From.Spec), To: Image(c.To.Spec)})
	}
	return changes
}

func (w *Workload) changed(m timeline.Moment) Moment {
	return w.t.moment(m, "the template of "+w.String(), "was changed")
}

// Pods returns the histories of the Pods that belonged to the workload at some moment
// of the step: adopted, released and deleted ones too. Those of a Deployment are
// those of its ReplicaSets.
func (w *Workload) Pods() Pods {
	w.needRecord()
	return w.t.histories(w.of.Pods)
}

// Updated returns the Pods that were created in the step, or since the rollout began,
// from the template that the workload has at the end, in order of creation.
func (w *Workload) Updated() Pods {
	w.needRecord()
	var updated Pods
	for _, p := range w.of.Created {
		if v := w.of.Revision(p); v != nil && reflect.DeepEqual(v.Template, w.last.template) {
			updated = append(updated, &PodHistory{w.t, p})
		}
	}
	return updated
}

// Rollout returns the same workload from the last change of its template on. While
// there was no change in this step the check ends as waiting; if the workload was
// deleted in this step, as failed: what is created again replaces nothing. What it
// returns is evidence that something happened, as after an Await.
func (w *Workload) Rollout() *Workload {
	w.needRecord()
	if d := w.Deleted(); d.Seen() {
		w.t.orHint("redo this step: change the manifest and type kubectl apply, and delete nothing").
			Fatalf("%s was deleted %s; one that is created again is another %s, and nothing was rolled out", w, d, w.of.Kind)
	}
	if len(w.of.Templates) == 0 {
		w.t.orHint("change the template in the manifest and type kubectl apply -f with its file").
			NotYet("the template of %s has not changed since the step began: it names %s", w, w.Image())
	}
	w.t.run.asserted, w.t.run.evidence = true, true
	r := *w
	r.began = w.of.Templates[len(w.of.Templates)-1].Moment
	r.of = w.of.Since(r.began)
	return &r
}

// Rollout returns what happened to a Deployment since its template changed in this
// step: see [Workload.Rollout].
func (t *T) Rollout(deployment string) *Workload { return t.During().Deployment(deployment).Rollout() }

// Began returns when the rollout began: when the template changed. Of a workload
// over the whole step it is when the workload was created.
func (w *Workload) Began() Moment {
	if w.began.Happened() {
		return w.changed(w.began)
	}
	return w.Created()
}

// Complete returns when the workload had for the first time what it wants, after it
// had not: as many Pods as wanted, all available, and all from the template that it
// had then, but for the Pods of a StatefulSet below the partition.
func (w *Workload) Complete() Moment {
	w.needRecord()
	return w.t.moment(w.complete(), w.String(), "was complete")
}

// Took returns the time from when the rollout began until it was complete.
func (w *Workload) Took() Span { return w.Began().Until(w.Complete()) }

func (w *Workload) complete() timeline.Moment {
	incomplete := false
	for _, s := range w.of.Samples {
		switch {
		case !w.isComplete(s):
			incomplete = true
		case incomplete:
			return s.Moment
		}
	}
	return timeline.Moment{}
}

func (w *Workload) isComplete(s timeline.Sample) bool {
	return s.Active == s.Wanted && s.Available == s.Wanted && s.New >= s.Wanted-w.partition(s.Moment)
}

// partition returns how many Pods may be of an older template at a moment.
func (w *Workload) partition(m timeline.Moment) int {
	if w.of.Kind != "StatefulSet" {
		return 0
	}
	return partitionOf(w.t.run.input.Window.StateAt(m), w.of.Namespace, w.of.Name)
}

// Revision is a Pod template that a workload had.
type Revision struct {
	Name    string // of the ReplicaSet or ControllerRevision that keeps it
	Number  int    // that Kubernetes gave it; going back to an older template gives it a new one
	Image   string // of its template; see [Image]
	Current Moment // when it became the workload's for the last time in the step
	Pods    Pods   // that were made from it and belonged to the workload at some moment of the step
}

// Revisions returns the templates that the workload or its Pods had in the step, in
// the order in which they appeared.
func (w *Workload) Revisions() []Revision {
	w.needRecord()
	var revisions []Revision
	for _, v := range w.of.Revisions {
		r := Revision{
			Name: v.Name, Number: int(v.Number),
			Current: w.t.moment(v.Current, "revision "+v.Name, "was current"), Pods: w.t.histories(v.Pods),
		}
		if v.Template != nil {
			r.Image = Image(v.Template.Spec)
		}
		revisions = append(revisions, r)
	}
	return revisions
}

// needRecord ends the check if changes of the workload or its Pods may be missing in
// the record.
func (w *Workload) needRecord() {
	kinds := []string{w.of.Kind, "Pod"}
	switch w.of.Kind {
	case "Deployment":
		kinds = append(kinds, "ReplicaSet")
	case "StatefulSet", "DaemonSet":
		kinds = append(kinds, "ControllerRevision")
	}
	w.t.needRecord(kinds...)
}
