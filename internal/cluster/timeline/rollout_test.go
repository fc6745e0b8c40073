package timeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// deploymentWeb rolls a Deployment of two from nginx:1.25 to nginx:1.26 with one Pod
// more: the first new Pod comes, an old one goes, and so on.
func deploymentWeb(w *world, minReady int32) {
	d := w.deployment("web", 2, "nginx:1.25")
	d.Spec.MinReadySeconds = minReady
	w.change(d)
	first := w.replicaSet(d, "one", 1)
	w.scale(first, 2)
	a := w.live(w.pod("a", "ReplicaSet", first, first.Spec.Template))
	b := w.live(w.pod("b", "ReplicaSet", first, first.Spec.Template))
	w.wait(time.Minute)
	w.mark(MarkStep, "roll")
	d.Spec.Template = templateFor("web", "nginx:1.26")
	w.change(d)
	second := w.replicaSet(d, "two", 2)
	c := w.live(w.pod("c", "ReplicaSet", second, second.Spec.Template))
	w.wait(time.Duration(minReady) * time.Second)
	w.scale(first, 1)
	w.terminate(a)
	w.scale(second, 2)
	e := w.live(w.pod("e", "ReplicaSet", second, second.Spec.Template))
	w.remove(a)
	w.wait(time.Duration(minReady) * time.Second)
	w.scale(first, 0)
	w.terminate(b)
	w.remove(b)
	w.mark(MarkSettled, "roll")
	_, _ = c, e
}

var deployment = Ref{"Deployment", "default", "web"}

// tellSamples has a line of old new ready available terminating active all asked.
func tellSamples(r *Rollout) string {
	var lines []string
	for _, s := range r.Samples {
		lines = append(lines, fmt.Sprint(s.Old, s.New, s.Ready, s.Available, s.Terminating, s.Active, s.All, s.Asked))
	}
	return strings.Join(lines, "\n")
}

func TestRollout(t *testing.T) {
	w := newWorld()
	deploymentWeb(w, 0)
	r := w.timeline().Step("roll").Rollout(deployment)
	want := strings.Join([]string{
		"0 2 2 2 0 2 2 2", // the window opens
		"2 0 2 2 0 2 2 2", // the template changes
		"2 0 2 2 0 2 2 3", // the second ReplicaSet is to have one Pod
		"2 1 2 2 0 3 3 3", // c is created
		"2 1 3 3 0 3 3 3", // c is Ready
		"2 1 3 3 0 3 3 2", // the first is to have one
		"1 1 2 2 1 2 3 2", // a terminates
		"1 1 2 2 1 2 3 3", // the second is to have two
		"1 2 2 2 1 3 4 3", // e is created
		"1 2 3 3 1 3 4 3", // e is Ready
		"1 2 3 3 0 3 3 3", // a is gone
		"1 2 3 3 0 3 3 2", // the first is to have none
		"0 2 2 2 1 2 3 2", // b terminates
		"0 2 2 2 0 2 2 2", // b is gone
	}, "\n")
	if got := tellSamples(r); got != want {
		t.Errorf("got samples\n%s\nwant\n%s", got, want)
	}
	if got := names(r.Pods) + "; " + names(r.Created) + "; " + names(r.Removed); got != "a b c e; c e; a b" {
		t.Errorf("got Pods, created and removed %s", got)
	}
	peak, low := r.Peak(AllPods), r.Since(r.Templates[0].Moment).Low(AvailablePods)
	if peak.Value != 4 || names(peak.Pods) != "a b c e" || peak.Moment != r.Created[1].Created {
		t.Errorf("got peak %+v of %s", peak, names(peak.Pods))
	}
	if low.Value != 2 || names(low.Pods) != "a b" || low.Moment != r.Templates[0].Moment {
		t.Errorf("got low %+v of %s", low, names(low.Pods))
	}
	if len(r.Revisions) != 2 || r.Revisions[1].Name != "web-two" || r.Revisions[1].Number != 2 || names(r.Revisions[1].Pods) != "c e" ||
		r.Revisions[1].Current != r.Templates[0].Moment || r.Revision(r.Pods[0]) != r.Revisions[0] || r.Revisions[0].Name != "web-one" {
		t.Errorf("got revisions %+v", r.Revisions)
	}
	if len(r.Lives) != 1 || !r.Lives[0].Existed || len(r.Scales) != 0 {
		t.Errorf("got lives %+v, scales %+v", r.Lives, r.Scales)
	}
}

func TestSinceKeepsTheState(t *testing.T) {
	w := newWorld()
	deploymentWeb(w, 0)
	r := w.timeline().Step("roll").Rollout(deployment)
	c := r.Created[0]
	since := r.Since(c.Ready)
	if got := strings.Split(tellSamples(since), "\n")[0]; got != "2 1 3 3 0 3 3 3" || since.Samples[0].Moment != c.Ready {
		t.Errorf("got %s at %v, want it at %v", got, since.Samples[0].Moment, c.Ready)
	}
	if len(since.Templates) != 0 || names(since.Created) != "e" || names(since.Removed) != "a b" || len(r.Samples) != 14 {
		t.Errorf("got %+v", since)
	}
}

func TestAvailableAfterMinReadySeconds(t *testing.T) {
	w := newWorld()
	deploymentWeb(w, 5)
	r := w.timeline().Step("roll").Rollout(deployment)
	c := r.Created[0]
	for _, s := range r.Samples {
		if s.Available == 3 {
			// The condition has whole seconds, so it is up to a second earlier than 5 s after.
			if after := s.At - c.Ready.At; after <= 4*time.Second || after > 5*time.Second || s.ResourceVersion != c.Ready.ResourceVersion {
				t.Errorf("it is available %v after it was Ready, at version %d", after, s.ResourceVersion)
			}
			if got := names(r.PodsAt(s.Moment, AvailablePods)); got != "a b c" {
				t.Errorf("available are %s", got)
			}
			if got := names(r.PodsAt(c.Ready, AvailablePods)); got != "a b" {
				t.Errorf("available before are %s", got)
			}
			return
		}
	}
	t.Errorf("it is never available:\n%s", tellSamples(r))
}

func TestPodsOfAController(t *testing.T) {
	w := newWorld()
	d := w.deployment("web", 2, "nginx:1.25")
	rs := w.replicaSet(d, "one", 1)
	w.pod("mine", "ReplicaSet", rs, rs.Spec.Template)
	other := w.replicaSet(w.deployment("other", 1, "nginx:1.25"), "one", 1)
	w.pod("of-another", "ReplicaSet", other, other.Spec.Template)
	stray := w.pod("stray", "", nil, rs.Spec.Template)
	odd := w.pod("odd", "", nil, templateFor("web", "busybox:1.36"))
	w.mark(MarkStep, "adopt")
	for _, p := range []*corev1.Pod{stray, odd} {
		p.OwnerReferences = controlledBy("ReplicaSet", rs)
		w.change(p)
	}
	w.mark(MarkStep, "release")
	stray.OwnerReferences = nil
	w.change(stray)
	w.mark(MarkStep, "orphan")
	rs.OwnerReferences = nil
	w.change(rs)
	w.mark(MarkStep, "after")
	tl := w.timeline()
	for step, want := range map[string]string{
		"adopt":   "mine stray odd; 0 1 0 0 0 1 1 1, 0 2 0 0 0 2 2 1, 1 2 0 0 0 3 3 1",
		"release": "mine stray odd; 1 2 0 0 0 3 3 1, 1 1 0 0 0 2 2 1",
		"orphan":  "mine odd; 1 1 0 0 0 2 2 1, 0 0 0 0 0 0 0 0",
		"after":   "; 0 0 0 0 0 0 0 0",
	} {
		r := tl.Step(step).Rollout(deployment)
		if got := names(r.Pods) + "; " + strings.ReplaceAll(tellSamples(r), "\n", ", "); got != want {
			t.Errorf("%s: got %s, want %s", step, got, want)
		}
	}
	// The ReplicaSet's own view ends with the Pod's release only.
	if r := tl.Step("orphan").Rollout(Ref{"ReplicaSet", "default", "web-one"}); names(r.Pods) != "mine odd" || len(r.Samples) != 1 {
		t.Errorf("of the ReplicaSet: %s, %d samples", names(r.Pods), len(r.Samples))
	}
	if r := tl.Step("adopt").Rollout(deployment); r.Revision(r.Pods[2]) != nil || r.Revision(r.Pods[1]) == nil {
		t.Error("a Pod that was adopted has the revision of its images, or none")
	}
}

func TestDeletedAndCreatedAgain(t *testing.T) {
	w := newWorld()
	w.mark(MarkStep, "again")
	for i := range 2 {
		d := w.deployment("web", 1, "nginx:1.25")
		rs := w.replicaSet(d, "one", 1)
		p := w.live(w.pod(fmt.Sprint("p", i), "ReplicaSet", rs, rs.Spec.Template))
		if i == 0 {
			w.remove(d)
			w.remove(rs)
			w.terminate(p)
			w.remove(p)
		}
	}
	r := w.timeline().Step("again").Rollout(deployment)
	if len(r.Lives) != 2 || !r.Lives[0].Gone.Before(r.Lives[1].Created) || names(r.Pods) != "p0 p1" || len(r.Templates) != 0 {
		t.Errorf("got lives %+v, Pods %s", r.Lives, names(r.Pods))
	}
	if low := r.Since(r.Pods[0].Ready).Low(AvailablePods); low.Value != 0 {
		t.Errorf("got low %+v", low)
	}
	// Its owner is gone, and the Pod still counts until it terminates.
	if got := strings.ReplaceAll(tellSamples(r), "\n", ", "); !strings.Contains(got, "1 0 1 1 0 1 1 1, 1 0 1 1 0 1 1 0, 0 0 0 0 1 0 1 0, 0 0 0 0 0 0 0 0") {
		t.Errorf("got samples %s", got)
	}
}

func TestReplicaSetMakesPodsOfTheTemplateItHas(t *testing.T) {
	w := newWorld()
	rs := &appsv1.ReplicaSet{}
	rs.Name = "web"
	rs.Spec.Template = templateFor("web", "nginx:1.25")
	w.add("ReplicaSet", rs)
	w.pod("old", "ReplicaSet", rs, rs.Spec.Template)
	before := rs.Spec.Template
	rs.Spec.Template = templateFor("web", "nginx:1.26")
	w.change(rs)
	w.pod("late", "ReplicaSet", rs, before) // the controller has not seen the change
	w.pod("new", "ReplicaSet", rs, rs.Spec.Template)
	r := w.timeline().Whole().Rollout(Ref{"ReplicaSet", "default", "web"})
	if len(r.Revisions) != 2 || names(r.Revisions[0].Pods) != "old late" || names(r.Revisions[1].Pods) != "new" || r.Revisions[1].Number != 2 {
		t.Errorf("got revisions %+v", r.Revisions)
	}
}

func TestRollingBackIsTheFirstRevisionAgain(t *testing.T) {
	w := newWorld()
	d := w.deployment("web", 1, "nginx:1.25")
	one := w.replicaSet(d, "one", 1)
	w.pod("a", "ReplicaSet", one, one.Spec.Template)
	d.Spec.Template = templateFor("web", "nginx:1.26")
	w.change(d)
	d.Spec.Template = templateFor("web", "nginx:1.25")
	w.change(d)
	r := w.timeline().Whole().Rollout(deployment)
	if len(r.Templates) != 2 || len(r.Revisions) != 2 || r.Revisions[0].Current != r.Templates[1].Moment {
		t.Errorf("got templates %+v, revisions %+v", r.Templates, r.Revisions)
	}
	if s := r.Samples[len(r.Samples)-1]; s.New != 1 || s.Old != 0 {
		t.Errorf("got %+v", s)
	}
}

// statefulSet makes a StatefulSet and the ControllerRevision of its template.
func (w *world) statefulSet(name, image string) (*appsv1.StatefulSet, *appsv1.ControllerRevision) {
	s := &appsv1.StatefulSet{}
	s.Name = name
	s.Spec.Template = templateFor(name, image)
	w.add("StatefulSet", s)
	return s, w.controllerRevision(s, "r1", 1)
}

func (w *world) controllerRevision(s *appsv1.StatefulSet, hash string, number int64) *appsv1.ControllerRevision {
	r := &appsv1.ControllerRevision{Revision: number}
	r.Name = s.Name + "-" + hash
	r.OwnerReferences = controlledBy("StatefulSet", s)
	r.Data = runtime.RawExtension{Raw: fmt.Appendf(nil, `{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":%q}},"spec":{"restartPolicy":"Always","containers":[{"name":"main","image":%q,"resources":{}}]}}}}`, s.Name, s.Spec.Template.Spec.Containers[0].Image)}
	w.add("ControllerRevision", r)
	return r
}

func TestStatefulSet(t *testing.T) {
	w := newWorld()
	s, first := w.statefulSet("db", "nginx:1.25")
	place := func(number int, revision *appsv1.ControllerRevision) *corev1.Pod {
		claim := fmt.Sprintf("data-db-%d", number)
		return w.live(w.pod(fmt.Sprintf("db-%d", number), "StatefulSet", s, s.Spec.Template, func(p *corev1.Pod) {
			p.Labels = map[string]string{"app": "db", "controller-revision-hash": revision.Name}
			p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
		}))
	}
	var pods []*corev1.Pod
	for i := range 3 {
		claim := &corev1.PersistentVolumeClaim{}
		claim.Name, claim.Spec.VolumeName = fmt.Sprintf("data-db-%d", i), fmt.Sprint("pv-", i)
		w.add("PersistentVolumeClaim", claim)
		pods = append(pods, place(i, first))
	}
	w.mark(MarkStep, "update")
	s.Spec.Template = templateFor("db", "nginx:1.26")
	w.change(s)
	second := w.controllerRevision(s, "r2", 2)
	w.terminate(pods[2])
	w.remove(pods[2])
	place(2, second)
	r := w.timeline().Step("update").Rollout(Ref{"StatefulSet", "default", "db"})
	ordinals := r.Ordinals()
	if len(ordinals) != 3 || ordinals[0].Name != "db-0" || len(ordinals[0].Turns) != 1 || len(ordinals[2].Turns) != 2 {
		t.Fatalf("got ordinals %+v", ordinals)
	}
	before, after := ordinals[2].Turns[0], ordinals[2].Turns[1]
	if before.Revision.Name != "db-r1" || after.Revision.Name != "db-r2" || after.Revision.Number != 2 {
		t.Errorf("got revisions %+v and %+v", before.Revision, after.Revision)
	}
	if before.Claims[0] != after.Claims[0] || after.Claims[0].UID == "" || after.Claims[0].Bound != "pv-2" {
		t.Errorf("got claims %+v and %+v", before.Claims, after.Claims)
	}
	if last := r.Samples[len(r.Samples)-1]; last.Old != 2 || last.New != 1 {
		t.Errorf("got %+v", last)
	}
}

func TestDaemonSetRevisions(t *testing.T) {
	w := newWorld()
	d := &appsv1.DaemonSet{}
	d.Name = "agent"
	d.Spec.Template = templateFor("agent", "nginx:1.25")
	d.Status.DesiredNumberScheduled = 1
	w.add("DaemonSet", d)
	c := &appsv1.ControllerRevision{Revision: 1}
	c.Name, c.OwnerReferences = "agent-abc", controlledBy("DaemonSet", d)
	c.Data.Raw = []byte(`{"spec":{"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"restartPolicy":"Always","containers":[{"name":"main","image":"nginx:1.25"}]}}}}`)
	w.add("ControllerRevision", c)
	w.pod("agent-1", "DaemonSet", d, d.Spec.Template, func(p *corev1.Pod) {
		p.Labels = map[string]string{"app": "agent", "controller-revision-hash": "abc"}
	})
	r := w.timeline().Whole().Rollout(Ref{"DaemonSet", "default", "agent"})
	if len(r.Revisions) != 1 || r.Revisions[0].Name != "agent-abc" || names(r.Revisions[0].Pods) != "agent-1" || r.Samples[len(r.Samples)-1].New != 1 {
		t.Errorf("got %+v", r.Revisions)
	}
}

func TestFinishedPodsAreNotActive(t *testing.T) {
	w := newWorld()
	rs := &appsv1.ReplicaSet{}
	rs.Name, rs.Spec.Template = "web", templateFor("web", "nginx:1.25")
	w.add("ReplicaSet", rs)
	p := w.live(w.pod("a", "ReplicaSet", rs, rs.Spec.Template))
	w.exit(p, 1, corev1.PodFailed) // evicted, say; the condition Ready may still be true
	w.terminate(p)
	r := w.timeline().Whole().Rollout(Ref{"ReplicaSet", "default", "web"})
	s := r.Samples[len(r.Samples)-1]
	if s.Finished != 1 || s.Active+s.All+s.Terminating+s.Ready != 0 {
		t.Errorf("got %+v", s)
	}
}

func TestRolloutOfNothing(t *testing.T) {
	for name, w := range map[string]Window{"zero": {}, "not entered": New(testHeader(), story()).Step("nothing"), "another": New(testHeader(), story()).Step("create")} {
		r := w.Rollout(deployment)
		if r.Seen() || len(r.Samples)+len(r.Pods)+len(r.Revisions)+len(r.Ordinals()) != 0 || r.Peak(AllPods).Happened() {
			t.Errorf("%s: got %+v", name, r)
		}
		if r := r.Since(Moment{}); r.Low(AllPods).Happened() || len(r.PodsAt(Moment{ResourceVersion: 9}, AllPods)) != 0 {
			t.Errorf("%s: got %+v", name, r)
		}
		if j := w.Job("default", "web"); j.Seen() || len(j.Attempts) != 0 {
			t.Errorf("%s: got Job %+v", name, j)
		}
		if len(w.Notices("")) != 0 {
			t.Errorf("%s: got notices", name)
		}
	}
}

// A rollout in a closed window is the same when the recording goes on.
func TestRolloutOfAClosedWindowStays(t *testing.T) {
	w := newWorld()
	deploymentWeb(w, 0)
	before := w.timeline().Step("roll").Rollout(deployment)
	w.mark(MarkStep, "next")
	w.deployment("another", 1, "nginx:1.25")
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	d.UID = before.Lives[0].UID
	w.kinds[d.UID] = "Deployment"
	d.Namespace, d.Spec.Template = "default", templateFor("web", "nginx:1.27")
	w.change(d)
	after := w.timeline().Step("roll").Rollout(deployment)
	if tellSamples(before) != tellSamples(after) || len(after.Templates) != 1 || len(after.Revisions) != 2 {
		t.Errorf("got\n%s\nand then\n%s", tellSamples(before), tellSamples(after))
	}
}
