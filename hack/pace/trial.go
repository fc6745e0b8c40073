package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// trial is a kind of Job and what a check says of it.
type trial struct {
	name     string
	script   string
	limit    int32 // backoffLimit
	deadline int64 // activeDeadlineSeconds; 0 is none

	reason   string          // of the failure
	attempts int             // Pods of the Job
	gaps     []time.Duration // between them, at pace 1
}

// trials are what the lessons on Jobs judge: delays that double, and a deadline
// that wins over the retries that are left and over a container that runs.
func trials() []trial {
	return []trial{
		{name: "backoff", script: "exit 1", limit: 2,
			reason: batchv1.JobReasonBackoffLimitExceeded, attempts: 3, gaps: []time.Duration{10 * time.Second, 20 * time.Second}},
		{name: "deadline-retries", script: "exit 1", limit: 4, deadline: 20,
			reason: batchv1.JobReasonDeadlineExceeded, attempts: 2, gaps: []time.Duration{10 * time.Second}},
		{name: "deadline-runs", script: "sleep 30", limit: 4, deadline: 8,
			reason: batchv1.JobReasonDeadlineExceeded, attempts: 1},
	}
}

func (t trial) jobName(i int) string { return fmt.Sprintf("%s-%d", t.name, i) }

func (t trial) job(i int) *batchv1.Job {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: t.jobName(i)},
		Spec: batchv1.JobSpec{BackoffLimit: &t.limit, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: "main", Image: "busybox:1.36", Command: []string{"sh", "-c", t.script}}},
		}}},
	}
	if t.deadline > 0 {
		job.Spec.ActiveDeadlineSeconds = &t.deadline
	}
	return job
}

// flips says what is not as at pace 1; nothing if the verdict is the same. The
// gaps are expected to be shorter by the pace.
func (t trial) flips(job *timeline.JobHistory, pace float64) (why []string) {
	if job.Reason != t.reason {
		why = append(why, fmt.Sprintf("reason %q", job.Reason))
	}
	if len(job.Attempts) != t.attempts {
		why = append(why, fmt.Sprintf("%d attempts", len(job.Attempts)))
	}
	for i, gap := range gaps(job) {
		if i < len(t.gaps) && !gap.Near(scaled(t.gaps[i], pace)) {
			why = append(why, fmt.Sprintf("gap %d of %s", i+1, gap.Length()))
		}
	}
	return why
}

func gaps(job *timeline.JobHistory) (found []timeline.Pause) {
	for _, attempt := range job.Attempts[min(1, len(job.Attempts)):] {
		found = append(found, attempt.Pause)
	}
	return found
}

func scaled(d time.Duration, pace float64) time.Duration { return time.Duration(float64(d) / pace) }

// report prints a histogram for each gap and the verdicts that flipped.
func report(out io.Writer, provider string, pace float64, runs int, recorded *timeline.Timeline) {
	w := recorded.Whole()
	for _, t := range trials() {
		histograms := make([]map[time.Duration]int, len(t.gaps))
		flips := map[string]int{}
		flipped := 0
		for i := range runs {
			job := w.Job(namespace, t.jobName(i))
			for j, gap := range gaps(job) {
				if j < len(t.gaps) {
					if histograms[j] == nil {
						histograms[j] = map[time.Duration]int{}
					}
					histograms[j][gap.Length()]++
				}
			}
			why := t.flips(job, pace)
			if len(why) > 0 {
				flipped++
			}
			for _, w := range why {
				flips[w]++
			}
		}
		fmt.Fprintf(out, "%s, pace %v, %s: %d of %d verdicts flipped%s\n", provider, pace, t.name, flipped, runs, list(flips))
		for i, want := range t.gaps {
			fmt.Fprintf(out, "  gap %d, wanted %s:%s\n", i+1, scaled(want, pace), bars(histograms[i]))
		}
	}
}

func list(counts map[string]int) string {
	text := ""
	for _, why := range sorted(counts) {
		text += fmt.Sprintf("; %d× %s", counts[why], why)
	}
	return text
}

func bars(counts map[time.Duration]int) string {
	text := ""
	for _, length := range sorted(counts) {
		text += fmt.Sprintf("  %s×%d", length, counts[length])
	}
	return text
}

func sorted[K interface{ ~int64 | ~string }](counts map[K]int) []K {
	keys := make([]K, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
