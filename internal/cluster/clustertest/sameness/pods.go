package sameness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// podGroups returns a block for all Pods of a name that went the same way.
func podGroups(w timeline.Window, n *names) []string {
	count := map[string]int{} // of the blocks as text
	for _, p := range w.Pods() {
		count[strings.Join(podBlock(p, n).text(), "\n")]++
	}
	var text []string
	for _, group := range sorted(count) {
		text = append(text, strings.Split(fmt.Sprintf("%d x %s", count[group], group), "\n")...)
	}
	return text
}

// podBlock has what became true of a Pod, in this order. What one version tells has the
// order in which it happens, so that it does not matter how many updates it came in.
func podBlock(p *timeline.PodHistory, n *names) *block {
	s := &podStory{block: block{heading: "Pod " + n.of(p.Name)}, pod: p, names: n}
	for _, v := range p.Versions() {
		if v.Object != nil {
			s.tell(v)
		}
	}
	if !p.Gone.Happened() {
		s.end(p.Last())
	}
	return &s.block
}

type podStory struct {
	block
	pod   *timeline.PodHistory
	names *names

	ready    bool // as told last
	restarts int32
}

func (s *podStory) tell(v timeline.Version[corev1.Pod]) {
	pod := v.Object
	s.once("created")
	for _, c := range s.pod.Owners {
		if c.Moment == v.Moment {
			s.add("controller %s instead of %s", s.owner(c.To), s.owner(c.From))
		}
	}
	s.schedule(pod)
	if pod.DeletionTimestamp != nil && pod.DeletionGracePeriodSeconds != nil && *pod.DeletionGracePeriodSeconds > 0 {
		s.once("deleted with %d s of grace", *pod.DeletionGracePeriodSeconds)
	}
	s.containers(v)
	s.readiness(pod)
	if phase := pod.Status.Phase; phase == corev1.PodSucceeded || phase == corev1.PodFailed {
		s.once("%s%s", phase, because(pod.Status.Reason, s.names.text(pod.Status.Message)))
	}
	if v.Moment == s.pod.Gone {
		s.add("gone")
	}
}

func (s *podStory) owner(o timeline.Owner) string {
	if o.Kind == "" {
		return "none"
	}
	return o.Kind + " " + s.names.of(o.Name)
}

func (s *podStory) schedule(pod *corev1.Pod) {
	switch c := condition(pod, corev1.PodScheduled); c.Status {
	case corev1.ConditionFalse:
		if unbound(c.Message) {
			return
		}
		s.once("not scheduled%s", because(c.Reason, s.names.text(c.Message)))
	case corev1.ConditionTrue:
		s.once("scheduled")
	}
}

// unbound reports that the scheduler says that the volumes of a Pod are not there yet. Those of
// some storage classes are made at once, and may be there before it looks.
func unbound(message string) bool {
	return strings.Contains(message, "unbound immediate PersistentVolumeClaims")
}

// containers tells of init containers, then of the others, then of sidecars that end: they
// do after all others.
func (s *podStory) containers(v timeline.Version[corev1.Pod]) {
	pod := v.Object
	var sidecars []corev1.Container
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			s.begins(v, c.Name)
			sidecars = append(sidecars, c)
		} else {
			s.runs(v, c.Name)
		}
	}
	if len(pod.Spec.InitContainers) > 0 && condition(pod, corev1.PodInitialized).Status == corev1.ConditionTrue {
		s.once("initialized")
	}
	for _, c := range pod.Spec.Containers {
		s.runs(v, c.Name)
	}
	for _, c := range sidecars {
		s.ends(v, c.Name)
	}
}

// runs tells of the runs of a container, and of why it waits for the next.
func (s *podStory) runs(v timeline.Version[corev1.Pod], container string) {
	s.each(container, func(r timeline.Run) {
		s.began(v, r)
		s.ended(v, r)
	})
	s.waits(v.Object, container)
}

func (s *podStory) begins(v timeline.Version[corev1.Pod], container string) {
	s.each(container, func(r timeline.Run) { s.began(v, r) })
}

func (s *podStory) ends(v timeline.Version[corev1.Pod], container string) {
	s.each(container, func(r timeline.Run) { s.ended(v, r) })
}

func (s *podStory) each(container string, do func(timeline.Run)) {
	for _, r := range s.pod.Runs {
		if r.Container == container {
			do(r)
		}
	}
}

func (s *podStory) began(v timeline.Version[corev1.Pod], r timeline.Run) {
	if r.Began == v.Moment && !r.Started.IsZero() {
		s.add("%s runs%s", r.Container, again(r.Number))
	}
}

func (s *podStory) ended(v timeline.Version[corev1.Pod], r timeline.Run) {
	if r.Ended == v.Moment {
		s.add("%s exits with %d%s", r.Container, r.ExitCode, because(r.Reason, s.names.text(lastWords(v.Object, r))))
	}
}

func again(number int) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf(" again (%d)", number)
}

// lastWords is the message with which a run has ended.
func lastWords(pod *corev1.Pod, r timeline.Run) string {
	for _, c := range statuses(pod) {
		if c.Name != r.Container {
			continue
		}
		for _, t := range []*corev1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
			if t != nil && t.FinishedAt.Unix() == r.Finished.Unix() {
				return t.Message
			}
		}
	}
	return ""
}

// waits tells of waiting for anything but the usual.
func (s *podStory) waits(pod *corev1.Pod, container string) {
	for _, c := range statuses(pod) {
		w := c.State.Waiting
		if c.Name == container && w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
			s.once("%s waits%s", container, because(w.Reason, s.names.text(w.Message)))
		}
	}
}

// readiness tells when the Pod becomes Ready, and when it is not any more although its
// containers run on. That a restart interrupts it, and that it is Ready for the moment
// for which a container runs, one kubelet reports and another does not.
func (s *podStory) readiness(pod *corev1.Pod) {
	ready := condition(pod, corev1.PodReady)
	switch now := ready.Status == corev1.ConditionTrue; {
	case now && !s.ready && s.lasts():
		s.add("Ready")
		s.ready, s.restarts = true, restarts(pod)
	case !now && s.ready && pod.DeletionTimestamp == nil && restarts(pod) == s.restarts && allRun(pod):
		s.add("not Ready%s", because(ready.Reason, s.names.text(ready.Message)))
		s.ready = false
	}
}

// lasts reports that no run of the Pod that ended by itself was shorter than two seconds.
func (s *podStory) lasts() bool {
	return !slices.ContainsFunc(s.pod.Runs, func(r timeline.Run) bool {
		byItself := r.Ended.Happened() && !s.pod.Terminating.Before(r.Ended)
		return byItself && !s.isInit(r.Container) && r.Finished.Sub(r.Started) < 2*time.Second
	})
}

func (s *podStory) isInit(container string) bool {
	return slices.ContainsFunc(s.pod.Last().Spec.InitContainers, func(c corev1.Container) bool { return c.Name == container })
}

// end tells how a Pod is left.
func (s *podStory) end(pod *corev1.Pod) {
	var conditions []string
	for _, c := range pod.Status.Conditions {
		conditions = append(conditions, fmt.Sprintf("%s=%s%s", c.Type, c.Status, because(c.Reason, "")))
	}
	slices.Sort(conditions)
	s.add("at the end: %s; %s", pod.Status.Phase, strings.Join(conditions, ", "))
}

func restarts(pod *corev1.Pod) (n int32) {
	for _, c := range statuses(pod) {
		n += c.RestartCount
	}
	return n
}

func allRun(pod *corev1.Pod) bool {
	return !slices.ContainsFunc(pod.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.State.Running == nil })
}

func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return corev1.PodCondition{}
}
