package embedded

import (
	"time"

	"k8s.io/kubernetes/pkg/controller/job"
)

// setJobPace makes the Job controller's delays shorter by the factor pace. They
// are variables of its package, read when the controller is made and at each
// retry: the process has one cluster. docs/pace.md lists what follows the pace
// and what cannot.
func setJobPace(pace float64) {
	for _, delay := range []*time.Duration{
		&job.SyncJobBatchPeriod,          // between a Pod's end and a look at its Job, 1 s
		&job.DefaultJobPodFailureBackOff, // before the first retry, 10 s, doubled from there
		&job.MaxJobPodFailureBackOff,     // 10 min
	} {
		*delay = time.Duration(float64(*delay) / pace)
	}
}
