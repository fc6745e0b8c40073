// Package checks is a script that uses every word of package lab. Tests run it
// compiled and interpreted, on a real recording, and compare.
package checks

import (
	"time"

	"github.com/k8slab/k8slab/lab"
)

// Manifests are found by kind and name.
func Manifests(t *lab.T) {
	h := t.Hint("see %s", "the file")
	h.Equal(h.Deployment("web").Spec.Strategy.RollingUpdate.MaxSurge, "25%", "maxSurge")
	h.Equal(h.ReplicaSet("web").Spec.Replicas, 2, "replicas")
	h.Equal(h.StatefulSet("db").Spec.UpdateStrategy.RollingUpdate.Partition, 3, "partition")
	h.Equal(lab.Image(h.DaemonSet("log").Spec.Template.Spec), "busybox:1.37", "image")
	h.Equal(h.Job("pi").Spec.BackoffLimit, 3, "backoffLimit")
	h.Equal(h.CronJob("pi").Spec.Schedule, "* * * * *", "schedule")
	h.Equal(h.Pod("stray").Labels["app"], "web", "label")
	h.Equal(h.Service("db").Spec.ClusterIP, "None", "clusterIP")
	h.Equal(h.PersistentVolumeClaim("data").Spec.AccessModes[0], "ReadWriteOnce", "access mode")
}

// States are as they were.
func States(t *lab.T) {
	now := t.Now()
	t.Logf("%s", now.Moment())
	for _, s := range []*lab.State{now, t.Before()} {
		web := s.Deployment("web")
		t.Equal(web.Spec.Replicas, 4, "replicas")
		t.Logf("%d Pods, %d of them of Deployment web", len(s.Pods("app in (web, db)")), len(s.PodsOf(web)))
		for _, p := range s.PodsOf(s.StatefulSet("db")) {
			t.Logf("%s %s %v", p.Name, lab.Image(p.Spec), lab.IsReady(p))
		}
		t.Equal(s.Pod("db-0").Name, "db-0", "name")
		t.Equal(s.Service("db").Spec.ClusterIP, "None", "clusterIP")
		t.Equal(s.PersistentVolumeClaim("data-db-0").Status.Phase, "Bound", "phase")
	}
}

// AbsentReplicaSet asks for what is not there.
func AbsentReplicaSet(t *lab.T) { t.Now().ReplicaSet("none") }

// AbsentDaemonSet asks for what is not there.
func AbsentDaemonSet(t *lab.T) { t.Now().DaemonSet("none") }

// AbsentJob asks for what is not there.
func AbsentJob(t *lab.T) { t.Now().Job("none") }

// AbsentCronJob asks for what is not there.
func AbsentCronJob(t *lab.T) { t.Now().CronJob("none") }

// AbsentHistory asks what happened to what was not there.
func AbsentHistory(t *lab.T) {
	t.During().ReplicaSet("none")
}

// AbsentDaemonSetHistory asks what happened to what was not there.
func AbsentDaemonSetHistory(t *lab.T) {
	t.During().DaemonSet("none")
}

// Histories tell what happened to Pods.
func Histories(t *lab.T) {
	pods := t.During().Pods("app=web")
	t.Logf("%s: %d names", pods, len(pods.Names()))
	t.Logf("there %s, left %s, adopted %s, released %s", pods.Existed(), pods.Left(), pods.Adopted(), pods.Released())
	for _, p := range pods {
		t.Logf("%s %s: %v, created %s, scheduled %s, started %s, ready %s, finished %s", p, p.Name(), p.Existed(),
			p.Created(), p.Scheduled(), p.Started(), p.Ready(), p.Finished())
		t.Logf("terminating %s, gone %s, removed %s, adopted %s, released %s", p.Terminating(), p.Gone(), p.Removed(), p.Adopted(), p.Released())
		t.Logf("%s, before %s; %s, before %s; %v; %s; %d; %s", p.Owner(), p.OwnerBefore(), p.Image(), p.ImageBefore(),
			p.Matches("app=web"), p.Labels(), p.Restarts(), p.Pod().Spec.NodeName)
		took := p.Created().Until(p.Ready())
		t.Logf("%v %v %s %s", p.Created().Before(p.Ready()), p.Ready().After(p.Created()), p.Ready().At(), took)
		if p.Ready().Seen() && took.Seen() {
			t.True(took.Length() < time.Minute, "%s", took)
			t.InOrder(p.Created(), p.Scheduled(), p.Ready())
		}
	}
	t.Equal(len(pods.Named("web")), 0, "Pods with the name web")
	for _, e := range t.During().Events("") {
		t.Logf("%s %s %s %s %v %d", e.At, e.Object, e.Reason, e.Message, e.Warning, e.Count)
	}
}

// Rollout of the Deployment kept its limits.
func Rollout(t *lab.T) {
	r := t.Rollout("web")
	t.Logf("%s %s: %s, %d, began %s, complete %s, took %s", r, r.Name(), r.Image(), r.Replicas(), r.Began(), r.Complete(), r.Took())
	for _, s := range r.Samples() {
		t.Logf("%s: wanted %d, old %d, new %d, ready %d, available %d, terminating %d, finished %d, Pods %d, all %d, asked %d", s.At,
			s.Wanted, s.Old, s.New, s.Ready, s.Available, s.Terminating, s.Finished, s.Pods, s.All, s.Asked)
	}
	for _, v := range r.Revisions() {
		t.Logf("%s %d %s %s %s", v.Name, v.Number, v.Image, v.Current, v.Pods)
	}
	low := r.LowAvailable()
	t.Logf("%d %s %s; %s", low.Value(), low.At(), low.Pods(), r.LowReady())
	t.AtLeast(low, 4, "available Pods")
	t.AtMost(r.PeakAsked(), 6, "Pods that were asked for")
	t.AtMost(r.PeakPods(), 8, "Pods")
	t.Equal(r.PeakWithTerminating(), 8, "Pods, terminating ones included")
	t.Equal(len(r.Updated()), 4, "Pods that are new")
	t.Equal(t.When(r.Began()).Deployment("web").Spec.Strategy.RollingUpdate.MaxSurge, 2, "maxSurge")
	t.Within(r.Took(), time.Minute, "the rollout")
	t.Never(r.Deleted(), "Deployment web was deleted")
}

// Changes of the Deployment were seen.
func Changes(t *lab.T) {
	web := t.During().Deployment("web")
	t.Logf("%v %s %s", web.Existed(), web.Created(), web.Deleted())
	for _, s := range web.Scales() {
		t.Logf("%s: %d to %d", s.At, s.From, s.To)
	}
	for _, c := range web.Templates() {
		t.Logf("%s: %s to %s", c.At, c.From, c.To)
	}
	if len(web.Scales()) == 0 {
		t.NotYet("it was not scaled")
	}
	t.Logf("%s", web.Pods().Created())
	t.Fatalf("it was scaled %d times, and %d Pods were removed", len(web.Scales()), len(web.Pods().Removed()))
}

// Partition 3 of 5 updated two Pods in order.
func Partition(t *lab.T) {
	db := t.During().StatefulSet("db").Rollout()
	t.Equal(db.Updated(), []string{"db-4", "db-3"}, "Pods that were updated")
	for _, o := range db.Ordinals() {
		for _, turn := range o.Turns {
			t.Logf("%d %s: %s, %d volumes", o.Number, o.Name, turn.Revision, len(turn.Volumes))
		}
	}
	t.InOrder(db.Ordinal(4).Last().Ready(), db.Ordinal(3).First().Removed())
}

// Backoff doubled each time.
func Backoff(t *lab.T) {
	pi := t.During().Job("pi")
	t.Await(pi.Failed().Seen(), "Job pi has not failed, nor is it complete: %v", pi.Complete().Seen())
	t.Logf("%s, %s, limit %d, took %s", pi.Reason(), pi.Message(), *pi.Job().Spec.BackoffLimit, pi.Took())
	for _, a := range pi.Attempts() {
		t.Logf("%d %s %d: %s to %s, %v %v %d %s %s", a.Number, a.Pod, a.Index, a.Began, a.Ended, a.Succeeded, a.Failed, a.ExitCode, a.Reason, a.Gap)
	}
	want := 10 * time.Second
	for i, g := range pi.Gaps() {
		t.Near(g, want, "the gap before attempt %d", i+2)
		want *= 2
	}
	t.Lasted(pi.Took(), 70*time.Second, "Job pi")
	t.AtMost(pi.PeakPods(), 1, "Pods at once")
}

// AllTheTime there were Pods, and at some time a new one.
func AllTheTime(t *lab.T) {
	t.Eventually(func(s *lab.State) bool { return len(s.Pods("app=web")) > 4 }, "there were never more than 4 Pods")
	t.Always(func(s *lab.State) bool {
		ready := 0
		for _, p := range s.Pods("app=web") {
			if lab.IsReady(p) {
				ready++
			}
		}
		return ready > 3
	}, "fewer than 4 Pods were ready")
	t.Errorf("this is the end")
}
