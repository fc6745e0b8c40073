package timeline

import (
	"cmp"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Ref names the objects of a kind that bear a name, one after the other.
type Ref struct{ Kind, Namespace, Name string }

// String returns the reference without the namespace in which lessons play, as in
// "Deployment web" and "Deployment shop/web".
func (r Ref) String() string {
	if r.Namespace == "" || r.Namespace == corev1.NamespaceDefault {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// Rollout is what a window says about a controller and its Pods. The controller is a
// Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet or Job; those
// that had its name one after the other are one, so that a controller which was
// deleted and created again can be told from one that has replaced its Pods.
//
// Its Pods are those whose controller it is, at that moment: one that is adopted is its
// own from then on, one that is released no more. The Pods of a Deployment are those of
// the ReplicaSets whose controller it is.
//
// A Pod is new when it was made from the template that the controller's spec has at the
// moment, whether or not the controller has acted on it yet, and else old. Which
// template a Pod was made from is known from the ReplicaSet or the ControllerRevision
// that it belongs to, and for other kinds from the spec at the Pod's creation and
// the Pod's images.
type Rollout struct {
	Ref
	Lives     []Life           // of the controllers, in order of creation
	Templates []TemplateChange // of spec.template, inside the window
	Scales    []ScaleChange    // of the number of Pods that is wanted, inside the window
	Revisions []*Revision      // in the order in which they appeared
	Pods      []*PodHistory    // those that were its own at some moment of the window, in order of creation
	Created   []*PodHistory    // those of Pods that were created inside the window, in that order
	Removed   []*PodHistory    // those of Pods whose deletion began inside the window, in that order
	Samples   []Sample         // when the window opened, if the controller existed, and at every change

	window     Window
	revisionOf map[types.UID]*Revision // of Pods
	byTemplate map[templateKey]*Revision
}

// TemplateChange is a change of a Pod template after its creation. The templates
// must not be changed.
type TemplateChange struct {
	Moment
	From, To *corev1.PodTemplateSpec
}

// ScaleChange is a change of the number of Pods that is wanted: spec.replicas, a Job's
// spec.parallelism, and the number of nodes that a DaemonSet finds.
type ScaleChange struct {
	Moment
	From, To int32
}

// Revision is a Pod template that a controller had.
type Revision struct {
	Name     string                  // of its ReplicaSet or ControllerRevision; empty for other kinds
	Number   int64                   // that Kubernetes gave it, or its place in Rollout.Revisions, from 1
	Template *corev1.PodTemplateSpec // must not be changed; nil if it was not recorded
	Current  Moment                  // when it became the controller's for the last time inside the window
	Pods     []*PodHistory           // of Rollout.Pods, made from it
}

// Seen reports that the controller was there at some moment of the window.
func (r *Rollout) Seen() bool { return len(r.Lives) > 0 }

// Revision returns the revision from which one of the rollout's Pods was made, and nil
// when that is not known.
func (r *Rollout) Revision(p *PodHistory) *Revision { return r.revisionOf[p.UID] }

// Rollout returns what happened to a controller and its Pods. When nothing was seen
// of it, the rollout is empty. It is made once and shared: the caller must not
// change it.
func (w Window) Rollout(ref Ref) *Rollout {
	if w.timeline == nil {
		return &Rollout{Ref: ref}
	}
	return w.views().rollout(w, ref)
}

// end is after every moment.
var end = Moment{At: math.MaxInt64, ResourceVersion: forever}

func newRollout(w Window, ref Ref) *Rollout {
	r := &Rollout{Ref: ref, window: w, revisionOf: map[types.UID]*Revision{}, byTemplate: map[templateKey]*Revision{}}
	w.each(ref.Kind, func(o *object) {
		if o.first().Namespace == ref.Namespace && o.first().Name == ref.Name {
			r.addLife(o.in(w.span))
		}
	})
	own := r.census(end, r.addSample).own
	for _, p := range w.Pods() {
		if _, ok := own[p.UID]; ok {
			r.addPod(p)
		}
	}
	slices.SortStableFunc(r.Removed, func(a, b *PodHistory) int {
		return compareVersions(a.Removed().ResourceVersion, b.Removed().ResourceVersion)
	})
	r.addRevisions(own)
	return r
}

func (r *Rollout) addLife(p part) {
	r.Lives = append(r.Lives, p.life(func(e *Event) bool { return e.controllerFacts().terminating }))
	for i := max(p.inside, 1); i < len(p.versions); i++ {
		last, now := p.versions[i-1].Event, p.versions[i]
		from, to := last.controllerFacts(), now.Event.controllerFacts()
		if from.template != to.template {
			r.Templates = append(r.Templates, TemplateChange{now.Moment(), last.template(), now.Event.template()})
		}
		if from.wanted != to.wanted {
			r.Scales = append(r.Scales, ScaleChange{now.Moment(), from.wanted, to.wanted})
		}
	}
}

func (e *Event) template() *corev1.PodTemplateSpec {
	_, template := e.controller()
	return template
}

func (r *Rollout) addSample(s Sample) {
	if n := len(r.Samples); n > 0 && r.Samples[n-1].same(s) {
		return
	}
	if len(r.Samples) == 0 && s.same(Sample{}) {
		return // there is nothing yet
	}
	r.Samples = append(r.Samples, s)
}

func (r *Rollout) addPod(p *PodHistory) {
	r.Pods = append(r.Pods, p)
	if r.window.Contains(p.Created) && !p.Existed {
		r.Created = append(r.Created, p)
	}
	if r.window.Contains(p.Removed()) {
		r.Removed = append(r.Removed, p)
	}
}

// addRevisions finds the templates that the controllers had in the window, and those of
// its Pods.
func (r *Rollout) addRevisions(own map[types.UID]templateKey) {
	r.window.each(r.Kind, func(o *object) {
		if o.first().Namespace != r.Namespace || o.first().Name != r.Name {
			return
		}
		p := o.in(r.window.span)
		for i := max(p.inside-1, 0); i < len(p.versions); i++ {
			r.addCurrent(p.versions[i], i >= p.inside && (i == 0 || p.versions[i-1].Event.controllerFacts().template != p.versions[i].Event.controllerFacts().template))
		}
	})
	for _, p := range r.Pods {
		key := own[p.UID]
		if key == (templateKey{}) {
			continue
		}
		v := r.revision(key)
		v.Pods = append(v.Pods, p)
		r.revisionOf[p.UID] = v
	}
	slices.SortStableFunc(r.Revisions, func(a, b *Revision) int { return compareVersions(a.appeared(), b.appeared()) })
	r.nameRevisions()
}

func (r *Rollout) addCurrent(v Entry, became bool) {
	if v.Event.Type == "DELETED" {
		return
	}
	known := r.revision(v.Event.controllerFacts().template)
	if known.Template == nil {
		known.Template = v.Event.template()
	}
	if became {
		known.Current = v.Moment()
	}
}

// revision returns the revision of a template, a new one if there is none yet.
func (r *Rollout) revision(key templateKey) *Revision {
	v := r.byTemplate[key]
	if v == nil {
		v = &Revision{}
		r.byTemplate[key] = v
		r.Revisions = append(r.Revisions, v)
	}
	return v
}

// appeared is when a revision was seen first: with its first Pod, or when it became the
// controller's.
func (v *Revision) appeared() uint64 {
	if len(v.Pods) > 0 && (!v.Current.Happened() || v.Pods[0].Created.Before(v.Current)) {
		return v.Pods[0].Created.ResourceVersion
	}
	return v.Current.ResourceVersion
}

// nameRevisions gives revisions the names and numbers that Kubernetes has for them.
func (r *Rollout) nameRevisions() {
	for i, v := range r.Revisions {
		v.Number = int64(i + 1)
	}
	r.window.each(revisionKind(r.Kind), func(o *object) {
		p := o.in(r.window.span)
		last := p.versions[len(p.versions)-1].Event
		f := last.controllerFacts()
		if last.Namespace != r.Namespace || !r.owns(f.owner.Value()) {
			return
		}
		if v := r.byTemplate[f.template]; v != nil {
			v.Name, v.Number = last.Name, cmp.Or(f.revision, v.Number)
			if v.Template == nil {
				v.Template = last.template()
			}
		}
	})
}

// revisionKind returns the kind of the objects that keep a controller's templates.
func revisionKind(controller string) string {
	switch controller {
	case "Deployment":
		return "ReplicaSet"
	case "StatefulSet", "DaemonSet":
		return "ControllerRevision"
	default:
		return ""
	}
}

// owns reports that an owner is one of the controllers.
func (r *Rollout) owns(o Owner) bool {
	return o.Kind == r.Kind && slices.ContainsFunc(r.Lives, func(l Life) bool { return l.UID == o.UID })
}

// Since returns the rollout from a moment on: the state at that moment, and what
// changed with it and after it. Pods and Revisions stay.
func (r *Rollout) Since(m Moment) *Rollout {
	since := *r
	late := func(at Moment) bool { return at.ResourceVersion >= m.ResourceVersion }
	since.Templates = keep(r.Templates, func(c TemplateChange) bool { return late(c.Moment) })
	since.Scales = keep(r.Scales, func(c ScaleChange) bool { return late(c.Moment) })
	since.Created = keep(r.Created, func(p *PodHistory) bool { return late(p.Created) })
	since.Removed = keep(r.Removed, func(p *PodHistory) bool { return late(p.Removed()) })
	i := 0
	for i+1 < len(r.Samples) && !m.Before(r.Samples[i+1].Moment) {
		i++
	}
	since.Samples = slices.Clone(r.Samples[i:])
	if len(since.Samples) > 0 && since.Samples[0].Before(m) {
		since.Samples[0].Moment = m
	}
	return &since
}

func keep[T any](all []T, want func(T) bool) []T {
	var kept []T
	for _, v := range all {
		if want(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
