// Package checks verifies the lesson "How often a Job tries, and when it gives up":
// how many attempts a Job made, the gaps between them, and what ended it.
//
// The figures that the text states, and where they are held against a recording:
//   - backoffLimit 2 and Never: three Pods, gaps of 10 s and 20 s: EachAttemptWasAPod, GapsDoubled
//   - the table of gaps up to 600 s: a recording of its own, which the test of the lessons reads
//   - backoffLimit 2 and OnFailure: one Pod, two restarts, at once and after 10 s or more: AttemptsWereRestarts
//   - parallelism 5 and backoffLimit 2: five Pods: BurstMadeFivePods
//   - two attempts within a deadline of 20 s: DeadlineEndedTheJob, LimitWasNotReached
//   - completions 5 and parallelism 2: five Pods, two at a time: FivePodsSucceeded, NeverMoreThanTwoAtOnce
//   - FailJob on exit code 42: one Pod: JobFailedWithoutRetry
package checks

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/k8slab/k8slab/lab"
)

// Three attempts failed, each in a Pod of its own.
func EachAttemptWasAPod(t *lab.T) {
	j := failed(t, "report")
	h := asItIs(t, "report")
	h.Equal(len(j.Attempts()), 3, "until Job report failed %s, attempts of Job report", j.Failed())
	h.Equal(len(j.Pods()), 3, "until Job report failed %s, Pods of Job report", j.Failed())
	for _, a := range j.Attempts() {
		h.Equal(a.ExitCode, 1, "exit code of Pod %s", a.Pod.Name())
		h.Equal(a.Pod.Restarts(), 0, "restarts of Pod %s", a.Pod.Name())
	}
}

// The Job waited 10 s before the second attempt and 20 s before the third.
func GapsDoubled(t *lab.T) {
	j := failed(t, "report")
	h := asItIs(t, "report")
	gaps := j.Gaps()
	h.Equal(len(gaps), 2, "until Job report failed %s, gaps between an attempt of Job report that failed and the next one", j.Failed())
	want := 10 * time.Second
	for i, g := range gaps {
		h.Near(g, want, "the gap before attempt %d of Job report", i+2)
		want *= 2
	}
}

// The Job then gave up, because of its backoff limit.
func JobGaveUpAtItsLimit(t *lab.T) {
	j := failed(t, "report")
	h := asItIs(t, "report")
	h.Equal(j.Reason(), "BackoffLimitExceeded", "reason of Job report, which failed %s", j.Failed())
	h.Equal(limitThen(t, j), 2, "backoffLimit of Job report when it failed")
	for _, a := range j.Attempts() {
		h.InOrder(a.Ended, j.Failed())
	}
}

// The second Job made one Pod, whose container was restarted twice.
func AttemptsWereRestarts(t *lab.T) {
	j := failed(t, "retry")
	h := asItIs(t, "retry")
	h.Equal(len(j.Pods()), 1, "until Job retry failed %s, Pods of Job retry", j.Failed())
	for _, p := range j.Pods() {
		h.Equal(p.Restarts(), 2, "restarts in Pod %s", p.Name())
	}
	gaps := j.Gaps()
	h.Equal(len(gaps), 2, "until Job retry failed %s, gaps before restarts of Job retry", j.Failed())
	if len(gaps) == 2 {
		h.Near(gaps[0], 0, "the gap before the first restart")
		// The kubelet adds up to half of the back-off at random, and is late on a busy node.
		h.Lasted(gaps[1], 10*time.Second, "the gap before the second restart")
	}
}

// When the limit was reached, the Job deleted its Pod.
func JobEndedItsPod(t *lab.T) {
	j := failed(t, "retry")
	h := asItIs(t, "retry")
	h.Equal(j.Reason(), "BackoffLimitExceeded", "reason of Job retry, which failed %s", j.Failed())
	h.Equal(limitThen(t, j), 2, "backoffLimit of Job retry when it failed")
	for _, p := range j.Pods() {
		h.True(p.Removed().Seen(), "Pod %s was not deleted when Job retry failed %s", p.Name(), j.Failed())
	}
}

// The Job had five Pods, though its limit is 2.
func BurstMadeFivePods(t *lab.T) {
	j := failed(t, "burst")
	h := asItIs(t, "burst")
	h.Equal(limitThen(t, j), 2, "backoffLimit of Job burst when it failed")
	h.Equal(len(j.Pods()), 5, "until Job burst failed %s, Pods of Job burst", j.Failed())
	h.Equal(j.Reason(), "BackoffLimitExceeded", "reason of Job burst, which failed %s", j.Failed())
}

// The file sets a deadline of 20 seconds for the whole Job.
func FileLimitsTheWholeJob(t *lab.T) {
	h := t.Hint("in poll.yaml, write activeDeadlineSeconds: 20 in the spec of the Job, beside backoffLimit: 6, and not in the spec below template")
	job := h.Job("poll")
	if job.Spec.Template.Spec.ActiveDeadlineSeconds != nil {
		h.Errorf("activeDeadlineSeconds in poll.yaml stands in the template: there it limits each Pod, not the Job")
	}
	h.Await(job.Spec.ActiveDeadlineSeconds != nil, "poll.yaml sets no activeDeadlineSeconds for the Job")
	h.Equal(job.Spec.ActiveDeadlineSeconds, 20, "activeDeadlineSeconds in poll.yaml")
	h.Equal(limit(job), 6, "backoffLimit in poll.yaml")
}

// The deadline ended the Job, 20 seconds after its start.
func DeadlineEndedTheJob(t *lab.T) {
	j := failed(t, "poll")
	h := again(t, "poll")
	h.Equal(j.Reason(), "DeadlineExceeded", "reason of Job poll, which failed %s", j.Failed())
	h.Near(j.Took(), 20*time.Second, "Job poll")
}

// By then it had made two attempts of the seven that its limit allows.
func LimitWasNotReached(t *lab.T) {
	j := failed(t, "poll")
	h := again(t, "poll")
	h.Equal(limitThen(t, j), 6, "backoffLimit of Job poll when it failed")
	h.Equal(len(j.Attempts()), 2, "until Job poll failed %s, attempts of Job poll", j.Failed())
}

// The file asks for five Pods that succeed, two at a time.
func FileAsksForFiveInPairs(t *lab.T) {
	h := t.Hint("in resize.yaml, write completions: 5 and parallelism: 2 in the spec of the Job, above template")
	job := h.Job("resize")
	h.Await(job.Spec.Completions != nil, "resize.yaml sets no completions")
	h.Equal(job.Spec.Completions, 5, "completions in resize.yaml")
	h.Await(job.Spec.Parallelism != nil, "resize.yaml sets no parallelism")
	h.Equal(job.Spec.Parallelism, 2, "parallelism in resize.yaml")
}

// Five Pods succeeded, and the Job was complete.
func FivePodsSucceeded(t *lab.T) {
	j := complete(t, "resize")
	succeeded := 0
	for _, a := range j.Attempts() {
		if a.Succeeded {
			succeeded++
		}
	}
	again(t, "resize").Equal(succeeded, 5, "until Job resize was complete %s, Pods of Job resize that succeeded", j.Complete())
}

// Two Pods ran at the same time, and never more.
func NeverMoreThanTwoAtOnce(t *lab.T) {
	j := complete(t, "resize")
	again(t, "resize").Equal(j.PeakPods(), 2, "most Pods of Job resize at the same time")
}

// The file lets the Job fail at once on exit code 42, and only then.
func FileNamesTheExitCode(t *lab.T) {
	h := t.Hint("in import.yaml, write a rule with action: FailJob, operator: In and values: [42], and leave backoffLimit: 6")
	job := h.Job("import")
	policy := job.Spec.PodFailurePolicy
	h.Await(policy != nil && len(policy.Rules) > 0, "import.yaml has no podFailurePolicy with a rule")
	h.Equal(action(policy, 42), "FailJob", "action in import.yaml for exit code 42")
	h.Equal(action(policy, 1), "Count", "action in import.yaml for exit code 1, which is to be retried as without a rule")
	h.Equal(limit(job), 6, "backoffLimit in import.yaml")
}

// The Job failed after its first Pod, because of the policy.
func JobFailedWithoutRetry(t *lab.T) {
	h := again(t, "import")
	pods := h.During().Job("import").Pods()
	if len(pods) > 1 {
		h.Errorf("Job import tried again: Pod %s failed, and Pod %s was created %s", pods[0].Name(), pods[1].Name(), pods[1].Created())
	}
	j := failed(t, "import")
	h.Equal(len(j.Attempts()), 1, "until Job import failed %s, attempts of Job import", j.Failed())
	h.Equal(j.Reason(), "PodFailurePolicy", "reason of Job import, which failed %s", j.Failed())
	h.Equal(limitThen(t, j), 6, "backoffLimit of Job import when it failed")
}

// failed returns what was seen of a Job that has failed.
func failed(t *lab.T, name string) *lab.Job {
	j := t.Hint("type kubectl apply -f %s.yaml", name).During().Job(name)
	if j.Complete().Seen() {
		again(t, name).Fatalf("Job %s was complete %s, and should have failed", name, j.Complete())
	}
	t.Hint("wait, and look with kubectl get job %s; if it goes on for longer than the text says, correct %s.yaml, type kubectl delete job %s, and apply it again", name, name, name).
		Await(j.Failed().Seen(), "Job %s has not failed yet; attempts so far: %d", name, len(j.Attempts()))
	return j
}

// complete returns what was seen of a Job that is complete.
func complete(t *lab.T, name string) *lab.Job {
	j := t.Hint("type kubectl apply -f %s.yaml", name).During().Job(name)
	if j.Failed().Seen() {
		again(t, name).Fatalf("Job %s failed %s: %s", name, j.Failed(), j.Message())
	}
	t.Hint("wait, and look with kubectl get job %s", name).
		Await(j.Complete().Seen(), "Job %s is not complete yet; attempts so far: %d", name, len(j.Attempts()))
	return j
}

// asItIs tells what to do when a Job did the wrong thing whose file was right.
func asItIs(t *lab.T, name string) *lab.T {
	return t.Hint("type kubectl delete job %s, and then kubectl apply -f %s.yaml with the file as it was; k8slab reset --files gives it back and does the step again", name, name)
}

// again tells what to do when a Job did the wrong thing: it cannot be changed.
func again(t *lab.T, name string) *lab.T {
	return t.Hint("correct %s.yaml as the text of this step asks, type kubectl delete job %s, and then kubectl apply -f %s.yaml", name, name, name)
}

// limitThen returns the backoff limit that a Job had when it failed: it can be set
// afterwards, and changes nothing then.
func limitThen(t *lab.T, j *lab.Job) int {
	return limit(t.When(j.Failed()).Job(j.Name()))
}

// limit returns the backoff limit of a Job, which is 6 by default.
func limit(j *batchv1.Job) int {
	if j.Spec.BackoffLimit == nil {
		return 6
	}
	return int(*j.Spec.BackoffLimit)
}

// action returns what the policy does about an exit code: what the first rule that
// fits says.
func action(policy *batchv1.PodFailurePolicy, code int32) string {
	for _, rule := range policy.Rules {
		if rule.OnExitCodes == nil {
			continue
		}
		listed := false
		for _, v := range rule.OnExitCodes.Values {
			listed = listed || v == code
		}
		if listed == (rule.OnExitCodes.Operator == "In") {
			return string(rule.Action)
		}
	}
	return "Count"
}
