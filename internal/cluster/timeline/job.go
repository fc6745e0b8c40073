package timeline

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// JobHistory is what a window says about a Job and what it tried.
type JobHistory struct {
	*Rollout
	Attempts []Attempt // in the order in which they began

	// The moment at which the condition Complete or Failed became true, and what
	// that condition says, as in BackoffLimitExceeded and DeadlineExceeded. Of Jobs that
	// had the name one after the other it is the last.
	Complete, Failed Moment
	Reason, Message  string
}

// Attempt is one try of a Job: with restartPolicy Never a Pod, with OnFailure a run of a
// container in a Pod.
type Attempt struct {
	Pod   *PodHistory
	Index int // completion index; -1 if the Job is not Indexed
	Run   int // number of the run in the Pod; 0 with restartPolicy Never

	Created  Moment // of the Pod, or when the run began
	Finished Moment // never while it goes on

	// Succeeded and Failed as the Job controller counts Pods (pkg/controller/job:
	// getNewFinishedPods, isPodFailed), and as the kubelet counts runs.
	Succeeded, Failed bool
	ExitCode          int    // of the first container that failed; 0 otherwise
	Reason            string // of its end, as in "Error"

	// Pause is how long this attempt was waited for after one had failed. With
	// restartPolicy Never it is from the finish of the attempt that failed last before
	// this Pod was created (of the same index, if the Job counts by index) to its
	// creation: the Job controller's back-off. With OnFailure it is the kubelet's. A Job
	// that was created again does not wait for what the one before it has tried.
	Pause Pause
}

// Job returns what happened to a Job. When nothing was seen of it, the history is
// empty.
func (w Window) Job(namespace, name string) *JobHistory {
	h := &JobHistory{Rollout: w.Rollout(Ref{"Job", namespace, name})}
	var job *batchv1.Job
	for _, l := range Histories[batchv1.Job](w, namespace, name) {
		h.end(l)
		job = l.Last()
	}
	for _, p := range h.Pods {
		h.Attempts = append(h.Attempts, h.attempts(p, job)...)
	}
	slices.SortStableFunc(h.Attempts, func(a, b Attempt) int {
		return compareVersions(a.Created.ResourceVersion, b.Created.ResourceVersion)
	})
	h.addPauses(job != nil && job.Spec.BackoffLimitPerIndex != nil)
	return h
}

// jobEnd is how a Job ended.
type jobEnd struct {
	failed          bool
	reason, message string
}

func jobEndOf(job *batchv1.Job) *jobEnd {
	for _, c := range job.Status.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return &jobEnd{c.Type == batchv1.JobFailed, c.Reason, c.Message}
		}
	}
	return nil
}

// end notes how a Job ended, and forgets how the one before it did.
func (h *JobHistory) end(l *History[batchv1.Job]) {
	h.Complete, h.Failed, h.Reason, h.Message = Moment{}, Moment{}, "", ""
	for _, v := range l.versions {
		end := v.Event.controllerFacts().ended
		if end == nil {
			continue
		}
		if end.failed {
			h.Failed = v.Moment()
		} else {
			h.Complete = v.Moment()
		}
		h.Reason, h.Message = end.reason, end.message
		return
	}
}

// attempts returns what was tried with a Pod, without pauses between Pods.
func (h *JobHistory) attempts(p *PodHistory, job *batchv1.Job) []Attempt {
	if p.creation().never || len(p.Runs) == 0 {
		return []Attempt{podAttempt(p, job)}
	}
	var attempts []Attempt
	for _, r := range p.Runs {
		attempts = append(attempts, Attempt{
			Pod: p, Index: int(p.creation().index), Run: r.Number, Created: r.Began, Finished: r.Ended,
			Succeeded: r.Ended.Happened() && r.ExitCode == 0, Failed: r.Ended.Happened() && r.ExitCode != 0,
			ExitCode: r.ExitCode, Reason: r.Reason, Pause: r.Pause,
		})
	}
	return attempts
}

// podAttempt returns the attempt that a whole Pod is.
func podAttempt(p *PodHistory, job *batchv1.Job) Attempt {
	end := p.end()
	a := Attempt{Pod: p, Index: int(p.creation().index), Created: p.Created, Finished: p.Finished}
	a.Succeeded = end.phase == corev1.PodSucceeded
	a.Failed = end.phase == corev1.PodFailed || end.terminating && !a.Succeeded && !onlyReplacesFailed(job)
	if a.Failed && !a.Finished.Happened() {
		a.Finished = p.Terminating
	}
	for _, r := range p.Runs {
		if r.ExitCode != 0 {
			a.ExitCode, a.Reason = r.ExitCode, r.Reason
			break
		}
		a.Reason = r.Reason
	}
	return a
}

// onlyReplacesFailed is upstream's onlyReplaceFailedPods (pkg/controller/job): a Pod
// that is being deleted has not failed yet.
func onlyReplacesFailed(job *batchv1.Job) bool {
	if job == nil {
		return false
	}
	policy := job.Spec.PodReplacementPolicy
	return policy != nil && *policy == batchv1.Failed || job.Spec.PodFailurePolicy != nil
}

// addPauses says how long each Pod was waited for. The Job controller waits after the
// failures since the last success (pkg/controller/job: newBackoffRecord).
func (h *JobHistory) addPauses(byIndex bool) {
	for i := range h.Attempts {
		a := &h.Attempts[i]
		if a.Run > 0 {
			continue
		}
		if last := h.lastFinished(a, byIndex); last != nil && last.Failed && last.Pod != a.Pod {
			a.Pause = Pause{wholeSecond(last.Pod.end().finishedAt), wholeSecond(a.Pod.creation().createdAt)}
		}
	}
}

// job is the Job that made the attempt's Pod.
func (a *Attempt) job() types.UID { return a.Pod.creation().owner.Value().UID }

// lastFinished returns the attempt that finished last before a Pod was created.
func (h *JobHistory) lastFinished(a *Attempt, byIndex bool) *Attempt {
	var last *Attempt
	for i := range h.Attempts {
		b := &h.Attempts[i]
		if !b.Finished.Before(a.Pod.Created) || byIndex && b.Index != a.Index || b.job() != a.job() {
			continue
		}
		if last == nil || last.Finished.Before(b.Finished) {
			last = b
		}
	}
	return last
}
