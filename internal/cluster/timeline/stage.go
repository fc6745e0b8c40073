package timeline

import corev1 "k8s.io/api/core/v1"

// What a Pod can be doing, as a [Stage] has it.
const (
	StagePending     = "pending"     // none of its containers has run yet
	StageWaiting     = "waiting"     // a container is not started, because of a failure: back-off, no image
	StageRunning     = "running"     // containers run, or have ended for good, and the Pod is not Ready
	StageReady       = "ready"       // condition Ready is true
	StageTerminating = "terminating" // it has a deletionTimestamp, whether or not its containers have ended
	StageSucceeded   = "succeeded"
	StageFailed      = "failed"
)

// Stage is what a Pod was doing from a moment on. Unlike a [Phase] it can come again: a
// Pod that is not Ready any more is running.
type Stage struct {
	Moment
	Name   string // one of the constants
	Reason string // of waiting, as in "CrashLoopBackOff"; else empty
}

// Stages returns what a Pod was doing since its creation, up to the window's end. The
// last one goes on until the Pod is gone.
func (p *PodHistory) Stages() []Stage {
	var stages []Stage
	for _, v := range p.versions {
		name, reason := v.Event.podFacts().stage()
		if n := len(stages); n > 0 && stages[n-1].Name == name && stages[n-1].Reason == reason {
			continue
		}
		stages = append(stages, Stage{v.Moment(), name, reason})
	}
	return stages
}

func (f *podFacts) stage() (name, reason string) {
	switch {
	case f.terminating:
		return StageTerminating, ""
	case f.phase == corev1.PodSucceeded:
		return StageSucceeded, ""
	case f.phase == corev1.PodFailed:
		return StageFailed, ""
	case f.ready():
		return StageReady, ""
	case f.trouble.Value() != "":
		return StageWaiting, f.trouble.Value()
	case f.running:
		return StageRunning, ""
	default:
		return StagePending, ""
	}
}

// troubleOf returns why a container is not running that ought to be, of the first such
// container: the reason for which the kubelet waits or, before it has said so, for
// which the container ended. While nothing is wrong it is empty.
func troubleOf(pod *corev1.Pod) string {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			s := &statuses[i].State
			switch {
			case s.Waiting != nil && s.Waiting.Reason != "ContainerCreating" && s.Waiting.Reason != "PodInitializing":
				return s.Waiting.Reason
			case s.Terminated != nil && s.Terminated.ExitCode != 0 && pod.Spec.RestartPolicy != corev1.RestartPolicyNever:
				return s.Terminated.Reason
			}
		}
	}
	return ""
}

// runningOf reports that a container of the Pod runs or has run, init containers left out.
func runningOf(pod *corev1.Pod) bool {
	for i := range pod.Status.ContainerStatuses {
		if s := pod.Status.ContainerStatuses[i].State; s.Running != nil || s.Terminated != nil {
			return true
		}
	}
	return false
}
