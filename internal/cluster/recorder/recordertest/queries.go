package recordertest

import (
	"context"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// testQueries asks a recording of real controllers what they did. The numbers are
// Kubernetes' own promises.
func testQueries(t *testing.T, config *rest.Config) {
	l := newLab(t, config)
	r := record(t, config)
	for _, q := range []struct {
		name      string
		begin, do func(*lab)
		check     func(*testing.T, timeline.Window, string)
	}{
		{"Deployment", createDeployment, rollDeployment, checkDeployment},
		{"StatefulSet", createStatefulSet, rollStatefulSet, checkStatefulSet},
		{"Job", func(*lab) {}, runJob, checkJob},
	} {
		t.Run(q.name, func(t *testing.T) {
			q.begin(l)
			r.settle()
			check(t, r.mark(timeline.MarkStep, q.name))
			q.do(l)
			r.settle()
			check(t, r.mark(timeline.MarkSettled, q.name))
			q.check(t, r.read().Step(q.name), l.namespace)
		})
	}
}

func template(app, image string, command ...string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: ptr.To[int64](1),
			Containers:                    []corev1.Container{{Name: "main", Image: image, Command: command}},
		},
	}
}

func selector(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}

const newImage = `{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"nginx:1.26"}]}}}}`

func createDeployment(l *lab) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "roll"}}
	d.Spec.Replicas, d.Spec.Selector, d.Spec.Template = ptr.To[int32](3), selector("roll"), template("roll", image)
	d.Spec.MinReadySeconds = 1
	_, err := l.client.AppsV1().Deployments(l.namespace).Create(l.t.Context(), d, metav1.CreateOptions{})
	check(l.t, err)
}

func rollDeployment(l *lab) {
	_, err := l.client.AppsV1().Deployments(l.namespace).Patch(l.t.Context(), "roll", types.StrategicMergePatchType, []byte(newImage), metav1.PatchOptions{})
	check(l.t, err)
}

// checkDeployment knows that 25 % of 3 is one Pod more and none fewer.
func checkDeployment(t *testing.T, w timeline.Window, namespace string) {
	r := w.Rollout(timeline.Ref{Kind: "Deployment", Namespace: namespace, Name: "roll"})
	if len(r.Templates) != 1 || len(r.Revisions) != 2 || len(r.Created) != 3 || len(r.Removed) != 3 {
		t.Fatalf("got %d templates, %d revisions, %d created, %d removed", len(r.Templates), len(r.Revisions), len(r.Created), len(r.Removed))
	}
	if got := r.Peak(timeline.ActivePods); got.Value != 4 || len(got.Pods) != 4 {
		t.Errorf("at most %d Pods at %v", got.Value, got.At)
	}
	if got := r.Since(r.Templates[0].Moment).Low(timeline.AvailablePods); got.Value != 3 || len(got.Pods) != 3 {
		t.Errorf("at least %d Pods available at %v", got.Value, got.At)
	}
	last := r.Samples[len(r.Samples)-1]
	if last.New != 3 || last.Old != 0 || last.Available != 3 || last.All != 3 || last.Wanted != 3 {
		t.Errorf("it ends with %+v", last)
	}
	for i, v := range r.Revisions {
		if v.Number != int64(i+1) || v.Name == "" || len(v.Pods) != 3 {
			t.Errorf("got revision %+v", v)
		}
	}
	checkPhases(t, w, r.Created)
	checkStatus(t, w, r)
}

func checkPhases(t *testing.T, w timeline.Window, pods []*timeline.PodHistory) {
	for _, p := range pods {
		var names []string
		for _, phase := range w.Phases(p) {
			names = append(names, phase.Name)
		}
		for _, name := range []string{timeline.PhaseCreated, timeline.PhaseScheduled, timeline.PhasePulled, timeline.PhaseStarted, timeline.PhaseReady} {
			if !slices.Contains(names, name) {
				t.Errorf("Pod %s has phases %v, and not %s", p.Name, names, name)
			}
		}
	}
}

// checkStatus compares with what the Deployment says of itself, which is late but never
// out of the range of what was.
func checkStatus(t *testing.T, w timeline.Window, r *timeline.Rollout) {
	for _, v := range timeline.Histories[appsv1.Deployment](w, r.Namespace, r.Name)[0].Versions() {
		s := v.Object.Status
		for count, said := range map[timeline.Count]int32{
			timeline.ActivePods: s.Replicas, timeline.NewPods: s.UpdatedReplicas,
			timeline.ReadyPods: s.ReadyReplicas, timeline.AvailablePods: s.AvailableReplicas,
		} {
			if low, peak := r.Low(count).Value, r.Peak(count).Value; int(said) < low || int(said) > peak {
				t.Errorf("at %v the Deployment has %d %s Pods, the samples have %d to %d", v.At, said, count, low, peak)
			}
		}
	}
}

func createStatefulSet(l *lab) {
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "db"}}
	s.Spec.Replicas, s.Spec.Selector, s.Spec.Template = ptr.To[int32](2), selector("db"), template("db", image)
	s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](1)}
	_, err := l.client.AppsV1().StatefulSets(l.namespace).Create(l.t.Context(), s, metav1.CreateOptions{})
	check(l.t, err)
}

func rollStatefulSet(l *lab) {
	_, err := l.client.AppsV1().StatefulSets(l.namespace).Patch(l.t.Context(), "db", types.StrategicMergePatchType, []byte(newImage), metav1.PatchOptions{})
	check(l.t, err)
	l.until("db-1 has the new image", func(ctx context.Context) bool {
		p, err := l.client.CoreV1().Pods(l.namespace).Get(ctx, "db-1", metav1.GetOptions{})
		return err == nil && p.Spec.Containers[0].Image == "nginx:1.26"
	})
}

// checkStatefulSet knows that ordinals below the partition stay as they are.
func checkStatefulSet(t *testing.T, w timeline.Window, namespace string) {
	r := w.Rollout(timeline.Ref{Kind: "StatefulSet", Namespace: namespace, Name: "db"})
	ordinals := r.Ordinals()
	if len(ordinals) != 2 || len(ordinals[0].Turns) != 1 || len(ordinals[1].Turns) != 2 {
		t.Fatalf("got ordinals %+v", ordinals)
	}
	before, after := ordinals[1].Turns[0].Revision, ordinals[1].Turns[1].Revision
	if before == nil || after == nil || before == after || before != ordinals[0].Turns[0].Revision || before.Number != 1 || after.Number != 2 {
		t.Errorf("db-1 went from revision %+v to %+v", before, after)
	}
	if last := r.Samples[len(r.Samples)-1]; last.Old != 1 || last.New != 1 || last.Available != 2 {
		t.Errorf("it ends with %+v", last)
	}
	if got := r.Peak(timeline.AllPods); got.Value != 2 {
		t.Errorf("at most %d Pods", got.Value)
	}
}

func runJob(l *lab) {
	j := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "pi"}}
	j.Spec.BackoffLimit = ptr.To[int32](1)
	j.Spec.Template = template("pi", "busybox:1.36", "sh", "-c", "exit 3")
	j.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err := l.client.BatchV1().Jobs(l.namespace).Create(l.t.Context(), j, metav1.CreateOptions{})
	check(l.t, err)
	l.until("the Job has ended", func(ctx context.Context) bool {
		j, err := l.client.BatchV1().Jobs(l.namespace).Get(ctx, "pi", metav1.GetOptions{})
		return err == nil && j.Status.Failed == 2
	})
}

// checkJob knows that the first back-off is 10 s.
func checkJob(t *testing.T, w timeline.Window, namespace string) {
	j := w.Job(namespace, "pi")
	if len(j.Attempts) != 2 || !j.Failed.Happened() || j.Reason != batchv1.JobReasonBackoffLimitExceeded {
		t.Fatalf("got %d attempts, failed at %v because of %s", len(j.Attempts), j.Failed.At, j.Reason)
	}
	for _, a := range j.Attempts {
		if a.ExitCode != 3 || !a.Failed || a.Reason != "Error" || a.Index != -1 {
			t.Errorf("got %+v", a)
		}
	}
	if p := j.Attempts[1].Pause; !p.Near(10 * time.Second) {
		t.Errorf("the second attempt came after %v", p.Length())
	}
}
