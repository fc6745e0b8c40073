package lab_test

import (
	"time"

	"github.com/k8slab/k8slab/lab"
)

// A rollout begins when the template changes. Here Deployment web has 4 replicas,
// maxSurge 2 and maxUnavailable 0.
func ExampleT_Rollout() {
	// Nobody noticed the rollout.
	NobodyNoticedTheRollout := func(t *lab.T) {
		r := t.Rollout("web")
		h := t.Hint("redo this step: set maxSurge: 2 and maxUnavailable: 0, apply, and then change the image")
		h.AtLeast(r.LowAvailable(), 4, "available Pods")
		h.AtMost(r.PeakAsked(), 6, "Pods that Deployment web asked for")
		t.Hint("wait, and look with kubectl rollout status deployment/web").
			Await(r.Complete().Seen(), "the rollout of Deployment web is not complete")
	}
	judge("partition", NobodyNoticedTheRollout) // a step that did not touch it
	judge("roll", NobodyNoticedTheRollout)
	judge("zero", NobodyNoticedTheRollout)  // scaled to 0 and back
	judge("bad", NobodyNoticedTheRollout)   // an image that does not exist
	judge("again", NobodyNoticedTheRollout) // deleted and created again
	// Output:
	// waiting: the template of Deployment web has not changed since the step began: it names nginx:1.25
	//   next: change the template in the manifest and type kubectl apply -f with its file
	// passed
	// failed: available Pods: got 0 3.1s into the step, want at least 4
	//   next: redo this step: set maxSurge: 2 and maxUnavailable: 0, apply, and then change the image
	// waiting: the rollout of Deployment web is not complete
	//   next: wait, and look with kubectl rollout status deployment/web
	// failed: Deployment web was deleted 283ms into the step; one that is created again is another Deployment, and nothing was rolled out
	//   next: redo this step: change the manifest and type kubectl apply, and delete nothing
}

// The state at a moment shows what was in place when the rollout began, not what
// was set afterwards.
func ExampleT_When() {
	judge("roll", func(t *lab.T) {
		r := t.Rollout("web")
		web := t.When(r.Began()).Deployment("web")
		h := t.Hint("redo this step: set maxSurge to a quarter and apply, and then change the image")
		h.Equal(web.Spec.Strategy.RollingUpdate.MaxSurge, "25%", "maxSurge when the rollout began")
		h.Equal(web.Spec.Strategy.RollingUpdate.MaxUnavailable, 0, "maxUnavailable when the rollout began")
	})
	// Output:
	// failed: maxSurge when the rollout began: got 2, want "25%"
	//   next: redo this step: set maxSurge to a quarter and apply, and then change the image
}

// A Count knows when there were so many Pods, and which.
func ExampleWorkload_PeakWithTerminating() {
	judge("roll", func(t *lab.T) {
		t.AtMost(t.Rollout("web").PeakWithTerminating(), 6, "Pods, terminating ones included")
	})
	// Output:
	// failed: Pods, terminating ones included: got 8 (web-5ccb4449c6-qczm6, web-5ccb4449c6-grpnx, web-5ccb4449c6-7djqr, web-5ccb4449c6-8vc9j, web-848cbb448f-lkr6c and 3 more) 2.1s into the step, want at most 6
}

// There is a sample for every change in the number of Pods.
func ExampleWorkload_Samples() {
	judge("roll", func(t *lab.T) {
		for _, s := range t.Rollout("web").Samples() {
			if s.Terminating == 4 {
				t.Logf("%s: %d old, %d new, %d available", s.At, s.Old, s.New, s.Available)
				break
			}
		}
		t.Equal(t.Rollout("web").PeakWithTerminating(), 8, "Pods, terminating ones included")
	})
	// Output:
	// 2.5s into the step: 0 old, 4 new, 4 available
	// passed
}

// Going back makes an old template the newest revision.
func ExampleWorkload_Revisions() {
	judge("undo", func(t *lab.T) {
		for _, v := range t.Rollout("web").Revisions() {
			t.Logf("revision %d has %s", v.Number, v.Image)
		}
		t.Equal(t.Now().Deployment("web").Annotations["deployment.kubernetes.io/revision"], "5", "revision of Deployment web")
	})
	// Output:
	// revision 5 has nginx:1.25
	// revision 4 has nginx:1.161
	// passed
}

// With partition 3 of 5 the Pods 4 and 3 are updated, each after the one before it
// is ready.
func ExampleWorkload_Updated() {
	// Only the Pods from the partition on were updated, one after the other.
	OnlyFourAndThree := func(t *lab.T) {
		h := t.Hint("redo this step: set partition: 3 before you change the image")
		db := t.During().StatefulSet("db").Rollout()
		h.Equal(db.Updated(), []string{"db-4", "db-3"}, "Pods that were updated, in order")
		h.InOrder(db.Ordinal(4).First().Removed(), db.Ordinal(4).Last().Ready(), db.Ordinal(3).First().Removed())
		for _, p := range db.Pods().Existed().Left() {
			h.Equal(p.Image(), "nginx:1.25", "image of Pod %s", p)
		}
	}
	judge("roll", OnlyFourAndThree)
	judge("partition", OnlyFourAndThree)
	// Output:
	// waiting: the template of StatefulSet db has not changed since the step began: it names nginx:1.25
	//   next: change the template in the manifest and type kubectl apply -f with its file
	// passed
}

// A Pod of a StatefulSet that is deleted comes back: another Pod with the same
// name, the same volume and, below the partition, the old revision.
func ExampleWorkload_Ordinal() {
	judge("under", func(t *lab.T) {
		one := t.During().StatefulSet("db").Ordinal(1)
		t.Hint("type kubectl delete pod db-1").Await(len(one.Turns) > 1, "Pod db-1 was not replaced so far")
		first, last := one.First(), one.Last()
		t.Equal(last.Revision, first.Revision, "revision of Pod db-1")
		t.Equal(last.Volumes, first.Volumes, "volumes of Pod db-1")
		t.Equal(last.Image(), "nginx:1.25", "image of Pod db-1")
		t.InOrder(first.Gone(), last.Created(), last.Ready())
	})
	// Output:
	// passed
}

// The gaps between the attempts of a Job double. Kubernetes states times in whole
// seconds, which Near allows for.
func ExampleJob_Gaps() {
	// Each attempt was waited for twice as long as the one before.
	GapsDouble := func(t *lab.T) {
		pi := t.During().Job("pi")
		t.Hint("wait: it takes more than a minute").Await(pi.Failed().Seen(), "Job pi has not failed so far")
		t.Equal(pi.Reason(), "BackoffLimitExceeded", "reason why Job pi failed")
		t.Equal(len(pi.Attempts()), 4, "attempts of Job pi")
		want := 10 * time.Second
		for i, gap := range pi.Gaps() {
			t.Near(gap, want, "the gap before attempt %d", i+2)
			want *= 2
		}
	}
	judge("deadline", GapsDouble)
	judge("job", GapsDouble)
	// Output:
	// waiting: Job pi has not failed so far
	//   next: wait: it takes more than a minute
	// passed
}

// What a Job tried, and how it ended.
func ExampleJob_Attempts() {
	judge("job", func(t *lab.T) {
		for _, a := range t.During().Job("pi").Attempts() {
			t.Logf("attempt %d: exit code %d, %s", a.Number, a.ExitCode, a.Reason)
			t.True(a.Failed, "attempt %d did not fail", a.Number)
		}
	})
	// Output:
	// attempt 1: exit code 1, Error
	// attempt 2: exit code 1, Error
	// attempt 3: exit code 1, Error
	// attempt 4: exit code 1, Error
	// passed
}

// A deadline ends a Job whatever its attempts are at.
func ExampleT_Within() {
	judge("deadline", func(t *lab.T) {
		late := t.During().Job("late")
		t.Within(late.Took(), 4*time.Second, "Job late")
		t.Lasted(late.Took(), 5*time.Second, "Job late")
		t.Equal(late.Reason(), "DeadlineExceeded", "reason why Job late failed")
	})
	judge("job", func(t *lab.T) {
		pod := t.During().Job("pi").Pods()[0]
		t.Within(pod.Created().Until(pod.Finished()), 100*time.Millisecond, "Pod 1 of Job pi")
	})
	judge("job", func(t *lab.T) {
		pod := t.During().Job("pi").Pods()[0]
		t.Within(pod.Created().Until(pod.Ready()), 100*time.Millisecond, "starting Pod 1 of Job pi")
	})
	// Output:
	// failed: Job late took 7.6s, want at most 4s
	// failed: Pod 1 of Job pi took 1.8s, want at most 100ms
	// failed: starting Pod 1 of Job pi took 444ms, want at most 100ms
}

// Moments know what they are the moments of, and what is missing.
func ExampleT_InOrder() {
	// The Pods of the StatefulSet start one after the other.
	StartInOrder := func(t *lab.T) {
		places := t.During().StatefulSet("db").Ordinals()
		for i := 1; i < len(places); i++ {
			t.InOrder(places[i-1].Last().Ready(), places[i].First().Created())
		}
	}
	judge("start", StartInOrder)
	judge("start", func(t *lab.T) {
		web := t.During().Deployment("web")
		t.InOrder(web.Complete(), web.Created())
	})
	judge("start", func(t *lab.T) {
		web := t.During().Deployment("web")
		t.InOrder(web.Created(), web.Deleted())
	})
	// Output:
	// passed
	// failed: Deployment web was complete 4.8s into the step, not before Deployment web was created 3.5s into the step
	// waiting: Deployment web was not deleted in this step so far
}

// Kubernetes Events tell what components had to say.
func ExampleHistory_Events() {
	judge("job", func(t *lab.T) {
		for _, e := range t.During().Events("BackoffLimitExceeded") {
			t.Logf("%s: %s", e.Object, e.Message)
		}
		t.Equal(len(t.During().Events("BackoffLimitExceeded")), 1, "Events with the reason BackoffLimitExceeded")
	})
	// Output:
	// Job pi: Job has reached the specified backoff limit
	// passed
}
