package lab

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Job is what was seen of a Job and of what it tried. Jobs cannot be changed much,
// so people delete them and create them again: of several that had the name one
// after the other it is the last, and Deleted tells of those before.
type Job struct {
	*Workload
	history *timeline.JobHistory
	job     *batchv1.Job // as it was seen last
}

// Job returns the history of the Job of that name. If there was none, the check ends
// as waiting.
func (h *History) Job(name string) *Job {
	w, lives := workload(h, name, func(j *batchv1.Job) spec { return spec{&j.Spec.Template, one(j.Spec.Parallelism)} })
	j := &Job{
		Workload: w, job: lives[len(lives)-1].Last(),
		history: h.t.run.input.Window.Job(h.t.run.input.Namespace, name),
	}
	if created := lives[len(lives)-1].Created; len(lives) > 1 {
		w.of = w.of.Since(created)
		w.of.Pods = w.of.Created // the others were those of a Job before
	}
	return j
}

// Job returns the Job as it was seen last. It is shared with other checks: a check
// does not change it.
func (j *Job) Job() *batchv1.Job { return j.job }

// Complete returns when the Job was complete, if that was in this step.
func (j *Job) Complete() Moment { return j.t.moment(j.history.Complete, j.String(), "was complete") }

// Failed returns when the Job had failed, if that was in this step.
func (j *Job) Failed() Moment { return j.t.moment(j.history.Failed, j.String(), "had failed") }

// Reason returns why the Job is complete or failed, as in BackoffLimitExceeded and
// DeadlineExceeded; "" while it goes on.
func (j *Job) Reason() string { return j.history.Reason }

// Message returns what the Job's condition Complete or Failed says.
func (j *Job) Message() string { return j.history.Message }

// Took returns the time from the creation of the Job until it was complete or had
// failed.
func (j *Job) Took() Span {
	if j.Failed().Seen() {
		return j.Created().Until(j.Failed())
	}
	return j.Created().Until(j.Complete())
}

// Attempt is one try of a Job: with restartPolicy Never a Pod, with OnFailure a run of
// a container in a Pod.
type Attempt struct {
	Number       int // from 1, in the order in which they began
	Pod          *PodHistory
	Index        int // completion index; -1 if the Job is not Indexed
	Began, Ended Moment
	Succeeded    bool
	Failed       bool
	ExitCode     int    // of the container that failed
	Reason       string // of its end, as in "Error" and "Completed"
	Gap          Span   // from the failure before to this attempt; not seen of the first
}

// Attempts returns what the Job tried, in order.
func (j *Job) Attempts() []Attempt {
	j.needRecord()
	first := j.of.Lives[len(j.of.Lives)-1].Created
	var attempts []Attempt
	for _, a := range j.history.Attempts {
		if a.Pod.Created.Before(first) {
			continue // of a Job before
		}
		who := "an attempt of " + j.String() + " (Pod " + a.Pod.Name + ")"
		attempts = append(attempts, Attempt{
			Number: len(attempts) + 1, Pod: &PodHistory{j.t, a.Pod}, Index: a.Index,
			Began: j.t.moment(a.Created, who, "was begun"), Ended: j.t.moment(a.Finished, who, "was over"),
			Succeeded: a.Succeeded, Failed: a.Failed, ExitCode: a.ExitCode, Reason: a.Reason,
			Gap: spanOf(a.Pause, j.t.moment(a.Created, "Pod "+a.Pod.Name, "was created")),
		})
	}
	return attempts
}

// Gaps returns the gaps before the attempts that followed a failure, in order. With
// restartPolicy Never a gap is from the end of the container to the creation of the
// next Pod, with OnFailure it is the kubelet's back-off. Both ends have whole seconds:
// compare with [T.Near].
func (j *Job) Gaps() []Span {
	var gaps []Span
	for _, a := range j.Attempts() {
		if a.Gap.Seen() {
			gaps = append(gaps, a.Gap)
		}
	}
	return gaps
}
