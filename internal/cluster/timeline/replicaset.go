package timeline

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// ReplicaSetHistory is what a window says about one ReplicaSet. How its status
// changed is in Versions.
type ReplicaSetHistory struct {
	History[*appsv1.ReplicaSet]
	Templates []TemplateChange // changes of spec.template inside the window
	Scales    []ScaleChange    // changes of spec.replicas inside the window
}

// TemplateChange is a change of a Pod template after its creation. The templates
// must not be changed.
type TemplateChange struct {
	Moment
	From, To *corev1.PodTemplateSpec
}

// ScaleChange is a change of the number of replicas that is wanted.
type ScaleChange struct {
	Moment
	From, To int32
}

// ReplicaSets returns the history of each ReplicaSet that existed when the window
// opened or at any moment in it, in order of creation. They are made once and
// shared: the caller must not change them.
func (w Window) ReplicaSets() []*ReplicaSetHistory {
	if w.timeline == nil {
		return nil
	}
	return w.timeline.views(w.span).replicaSets()
}

func replicaSetHistories(t *Timeline, s span) []*ReplicaSetHistory {
	var sets []*ReplicaSetHistory
	for _, o := range t.present("ReplicaSet", s) {
		sets = append(sets, replicaSetHistory(t, o, s))
	}
	return sets
}

func replicaSetHistory(t *Timeline, o *object, s span) *ReplicaSetHistory {
	r := &ReplicaSetHistory{History: lifeOf(t, o, s, (*Event).ReplicaSet).history()}
	last := r.Before
	for _, v := range r.Versions {
		if last != nil {
			r.compare(last, v)
		}
		last = v.Object
	}
	return r
}

func (r *ReplicaSetHistory) compare(last *appsv1.ReplicaSet, v Version[*appsv1.ReplicaSet]) {
	from, to := &last.Spec, &v.Object.Spec
	if !equality.Semantic.DeepEqual(from.Template, to.Template) {
		r.Templates = append(r.Templates, TemplateChange{Moment: v.Moment, From: &from.Template, To: &to.Template})
	}
	if a, b := wanted(last), wanted(v.Object); a != b {
		r.Scales = append(r.Scales, ScaleChange{Moment: v.Moment, From: a, To: b})
	}
}

// wanted returns the number of replicas that a ReplicaSet should have; the API
// server's default is 1.
func wanted(rs *appsv1.ReplicaSet) int32 {
	if rs.Spec.Replicas == nil {
		return 1
	}
	return *rs.Spec.Replicas
}
