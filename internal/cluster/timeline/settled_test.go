package timeline

import (
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// stateOf makes a state of objects.
func stateOf(objects ...metav1.Object) State {
	b := NewBuilder(testHeader())
	for i, o := range objects {
		kind := reflect.TypeOf(o).Elem().Name()
		b.Append(event(watch.Added, kind, uint64(i+1), o))
	}
	return b.Timeline().State()
}

func ended(policy corev1.RestartPolicy, exit int32) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		running(pod)
		pod.Spec.RestartPolicy = policy
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: exit}}
	}
}

func waiting(reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		scheduled(pod)
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}
	}
}

func TestSettledPods(t *testing.T) {
	phase := func(p corev1.PodPhase) func(*corev1.Pod) { return func(pod *corev1.Pod) { pod.Status.Phase = p } }
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		want string
	}{
		"ready":           {podIn("a", ready), ""},
		"terminating":     {podIn("a", ready, terminating), "Pod a is terminating"},
		"other namespace": {podIn("a", ready, terminating, func(p *corev1.Pod) { p.Namespace = "shop" }), "Pod shop/a is terminating"},
		"just created":    {podIn("a"), "Pod a is not scheduled yet"},
		"unschedulable": {podIn("a", func(p *corev1.Pod) {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/2 nodes are available"}}
		}), "Pod a is not scheduled yet: 0/2 nodes are available"},
		"starting":         {podIn("a", waiting("ContainerCreating")), "Pod a is not running yet: container web: ContainerCreating"},
		"image not found":  {podIn("a", waiting("ImagePullBackOff")), "Pod a is not running yet: container web: ImagePullBackOff"},
		"node lost":        {podIn("a", scheduled, phase(corev1.PodUnknown)), "Pod a is not running yet"},
		"not ready":        {podIn("a", running), "Pod a is running but not Ready"},
		"crash loop":       {podIn("a", running, waiting("CrashLoopBackOff"), phase(corev1.PodRunning)), "Pod a is running but not Ready: container web: CrashLoopBackOff"},
		"restarts soon":    {podIn("a", ended(corev1.RestartPolicyAlways, 0)), "Pod a is running but not Ready"},
		"retries soon":     {podIn("a", ended(corev1.RestartPolicyOnFailure, 1)), "Pod a is running but not Ready"},
		"ended well":       {podIn("a", ended(corev1.RestartPolicyOnFailure, 0)), ""},
		"ended badly":      {podIn("a", ended(corev1.RestartPolicyNever, 1)), ""},
		"readiness gate":   {podIn("a", running, func(p *corev1.Pod) { p.Status.ContainerStatuses[0].Ready = true }), "Pod a is running but not Ready"},
		"succeeded":        {podIn("a", scheduled, phase(corev1.PodSucceeded)), ""},
		"failed":           {podIn("a", phase(corev1.PodFailed)), ""},
		"changed in place": {podIn("a", ready, func(p *corev1.Pod) { p.Generation, p.Status.ObservedGeneration = 2, 1 }), "Pod a has changed and its node has not acted on it yet"},
	} {
		t.Run(name, func(t *testing.T) { expectSettled(t, stateOf(c.pod), c.want) })
	}
}

func TestSettledReplicaSets(t *testing.T) {
	status := func(f func(*appsv1.ReplicaSetStatus)) func(*appsv1.ReplicaSet) {
		return func(rs *appsv1.ReplicaSet) { f(&rs.Status) }
	}
	one, two := podIn("a", owned, ready), podIn("b", owned, ready)
	cannot := status(func(s *appsv1.ReplicaSetStatus) {
		s.Replicas = 1
		s.Conditions = []appsv1.ReplicaSetCondition{{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue}}
	})
	for name, c := range map[string]struct {
		state State
		want  string
	}{
		"nothing at all": {stateOf(), ""},
		"as it wants":    {stateOf(replicaSet(2, 2), one, two), ""},
		"scaled to zero": {stateOf(replicaSet(0, 0)), ""},
		"just created": {stateOf(replicaSet(2, 0, status(func(s *appsv1.ReplicaSetStatus) { *s = appsv1.ReplicaSetStatus{} }))),
			"ReplicaSet web has changed and its controller has not acted on it yet"},
		"being deleted": {stateOf(replicaSet(0, 0, func(rs *appsv1.ReplicaSet) {
			now := metav1.NewTime(testStart)
			rs.DeletionTimestamp = &now
		})), "ReplicaSet web is being deleted"},
		"too few":          {stateOf(replicaSet(2, 1, status(func(s *appsv1.ReplicaSetStatus) { s.Replicas = 1 })), one), "ReplicaSet web has 1 Pods and wants 2"},
		"cannot have more": {stateOf(replicaSet(2, 1, cannot), one), ""},
		"too many":         {stateOf(replicaSet(1, 2, status(func(s *appsv1.ReplicaSetStatus) { s.Replicas = 2 })), one, two), "ReplicaSet web has 2 Pods and wants 1"},
		"status is late":   {stateOf(replicaSet(2, 1), one, two), "ReplicaSet web has 2 Pods, 2 of them Ready, and its status does not say so yet"},
		"not available yet": {stateOf(replicaSet(2, 2, status(func(s *appsv1.ReplicaSetStatus) { s.AvailableReplicas = 1 })), one, two),
			"ReplicaSet web has 2 Ready Pods, 1 of them available yet"},
		"to be adopted": {stateOf(replicaSet(2, 2), one, two, podIn("stray", ready)), "Pod stray matches ReplicaSet web and is not adopted yet"},
		"to be released": {stateOf(replicaSet(2, 2), one, podIn("b", owned, ready, func(p *corev1.Pod) { p.Labels = nil })),
			"Pod b no longer matches ReplicaSet web and is not released yet"},
		"others' Pods": {stateOf(replicaSet(2, 2), one, two, podIn("c", ready, func(p *corev1.Pod) { p.Labels = nil }),
			podIn("d", ready, func(p *corev1.Pod) { p.Namespace = "shop" })), ""},
		"failed replica": {stateOf(replicaSet(2, 1, status(func(s *appsv1.ReplicaSetStatus) { s.Replicas = 1 })), one,
			podIn("b", owned, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })), "ReplicaSet web has 1 Pods and wants 2"},
		"terminating replica": {stateOf(replicaSet(1, 1), one, podIn("b", owned, ready, terminating)), "Pod b is terminating"},
	} {
		t.Run(name, func(t *testing.T) { expectSettled(t, c.state, c.want) })
	}
}

// TestSettledStory checks that the lab of the story has settled where its marks
// say so and after the event that ended the last Pod's termination, and at no other event.
func TestSettledStory(t *testing.T) {
	tl := New(testHeader(), story())
	atRest := map[uint64]bool{19: true, 23: true, 31: true, 37: true}
	for _, e := range tl.Entries() {
		ok, why := Settled(tl.StateAt(e.Moment()))
		if m := e.Mark; m != nil && m.Type == MarkSettled && !ok {
			t.Errorf("at %d: not settled: %s", e.version(), why)
		}
		if e.Event != nil && ok != atRest[e.version()] {
			t.Errorf("at %d: settled %v: %s", e.version(), ok, why)
		}
	}
}

func expectSettled(t *testing.T, s State, want string) {
	t.Helper()
	ok, why := Settled(s)
	if why != want || ok != (want == "") {
		t.Errorf("got %v, %q; want %q", ok, why, want)
	}
}

func TestSettledWorkloads(t *testing.T) {
	three := int32(3)
	deployment := func(change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: meta("web")}
		d.Spec.Replicas = &three
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: 1, UpdatedReplicas: 3, Replicas: 3, AvailableReplicas: 3}
		change(d)
		return d
	}
	condition := func(t appsv1.DeploymentConditionType, s corev1.ConditionStatus) func(*appsv1.Deployment) {
		return func(d *appsv1.Deployment) {
			d.Status.UpdatedReplicas = 1
			d.Status.Conditions = []appsv1.DeploymentCondition{{Type: t, Status: s}}
		}
	}
	statefulSet := func(change func(*appsv1.StatefulSet)) *appsv1.StatefulSet {
		s := &appsv1.StatefulSet{ObjectMeta: meta("db")}
		s.Spec.Replicas = &three
		s.Status = appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdatedReplicas: 1, Replicas: 3, AvailableReplicas: 3}
		change(s)
		return s
	}
	partition := func(n int32) func(*appsv1.StatefulSet) {
		return func(s *appsv1.StatefulSet) {
			s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &n}
		}
	}
	daemonSet := func(updated int32, strategy appsv1.DaemonSetUpdateStrategyType) *appsv1.DaemonSet {
		d := &appsv1.DaemonSet{ObjectMeta: meta("agent")}
		d.Spec.UpdateStrategy.Type = strategy
		d.Status = appsv1.DaemonSetStatus{ObservedGeneration: 1, DesiredNumberScheduled: 2, CurrentNumberScheduled: 2, UpdatedNumberScheduled: updated, NumberAvailable: 2}
		return d
	}
	job := func(change func(*batchv1.Job)) *batchv1.Job {
		j := &batchv1.Job{ObjectMeta: meta("pi")}
		change(j)
		return j
	}
	yes := true
	for name, c := range map[string]struct {
		object metav1.Object
		want   string
	}{
		"Deployment":                  {deployment(func(*appsv1.Deployment) {}), ""},
		"Deployment not observed":     {deployment(func(d *appsv1.Deployment) { d.Generation = 2 }), "Deployment web has changed and its controller has not acted on it yet"},
		"Deployment not updated":      {deployment(func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 1 }), "Deployment web has 1 of 3 Pods updated"},
		"Deployment with an old Pod":  {deployment(func(d *appsv1.Deployment) { d.Status.Replicas = 4 }), "Deployment web has 4 Pods and wants 3"},
		"Deployment not available":    {deployment(func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 2 }), "Deployment web has 2 of 3 Pods available"},
		"Deployment paused":           {deployment(func(d *appsv1.Deployment) { d.Spec.Paused, d.Status.UpdatedReplicas = true, 0 }), ""},
		"Deployment over its time":    {deployment(condition(appsv1.DeploymentProgressing, corev1.ConditionFalse)), ""},
		"Deployment that progresses":  {deployment(condition(appsv1.DeploymentProgressing, corev1.ConditionTrue)), "Deployment web has 1 of 3 Pods updated"},
		"StatefulSet not updated":     {statefulSet(func(*appsv1.StatefulSet) {}), "StatefulSet db has 1 of 3 Pods updated"},
		"StatefulSet with partition":  {statefulSet(partition(2)), ""},
		"StatefulSet below partition": {statefulSet(partition(1)), "StatefulSet db has 1 of 3 Pods updated"},
		"StatefulSet all kept":        {statefulSet(partition(9)), ""},
		"StatefulSet on delete":       {statefulSet(func(s *appsv1.StatefulSet) { s.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType }), ""},
		"DaemonSet":                   {daemonSet(2, ""), ""},
		"DaemonSet not updated":       {daemonSet(1, ""), "DaemonSet agent has 1 of 2 Pods updated"},
		"DaemonSet on delete":         {daemonSet(1, appsv1.OnDeleteDaemonSetStrategyType), ""},
		"Job":                         {job(func(*batchv1.Job) {}), "Job pi has not ended yet"},
		"Job suspended":               {job(func(j *batchv1.Job) { j.Spec.Suspend = &yes }), ""},
		"Job failed": {job(func(j *batchv1.Job) {
			j.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue}}
		}), ""},
		"ReplicationController": {&corev1.ReplicationController{ObjectMeta: meta("rc"), Status: corev1.ReplicationControllerStatus{ObservedGeneration: 1}},
			"ReplicationController rc has 0 Pods and wants 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if ok, why := Settled(stateOf(c.object)); ok != (c.want == "") || why != c.want {
				t.Errorf("got %v %q, want %q", ok, why, c.want)
			}
		})
	}
}
