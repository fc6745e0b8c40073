package timeline

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Settled reports that nothing in the state is about to change by itself. If it is
// not, why is a sentence for people without a full stop, as in
// "Pod web-x7k2p is terminating".
//
// A lab has settled when
//   - no Pod is terminating or pending, and the kubelet has seen each Pod's latest change;
//   - each running Pod is Ready. One that is not may still become so, or be
//     waiting for a restart's back-off, so the lab stays unsettled until the step's
//     deadline; unless the containers that are not ready have ended for good;
//   - each ReplicaSet's controller has seen the latest change, owns exactly the Pods that
//     its selector matches, and counts in its status the Pods that are there, those
//     that are Ready, and all of these as available (minReadySeconds are over);
//   - each ReplicaSet has as many Pods as it wants, unless its condition
//     ReplicaFailure says that it cannot;
//   - each Deployment, StatefulSet, DaemonSet and ReplicationController has what
//     `kubectl rollout status` waits for, unless a Deployment is paused or has given up;
//   - each Job has ended or is suspended.
//
// Finished Pods (Succeeded, Failed) are settled. Whether something may come late
// from the server is the recorder's business, as is the quiet time.
func Settled(s State) (ok bool, why string) {
	pods := s.Pods("")
	for _, pod := range pods {
		if why := unsettledPod(pod); why != "" {
			return false, fmt.Sprintf("Pod %s %s", nameOfObject(pod), why)
		}
	}
	for _, rs := range All[appsv1.ReplicaSet](s, "") {
		if why := unsettledReplicaSet(rs, pods); why != "" {
			return false, why
		}
	}
	why = unsettledWorkload(s)
	return why == "", why
}

// nameOfObject leaves out the namespace in which lessons play.
func nameOfObject(object metav1.Object) string {
	if ns := object.GetNamespace(); ns != metav1.NamespaceDefault && ns != "" {
		return ns + "/" + object.GetName()
	}
	return object.GetName()
}

func unsettledPod(pod *corev1.Pod) string {
	switch {
	case pod.DeletionTimestamp != nil:
		return "is terminating"
	case finished(pod):
		return ""
	case pod.Spec.NodeName == "":
		return "is not scheduled yet" + because(podCondition(pod, corev1.PodScheduled).Message)
	case pod.Status.Phase != corev1.PodRunning:
		return "is not running yet" + because(waitingReason(pod))
	case !podReady(pod) && readinessMayChange(pod):
		return "is running but not Ready" + because(waitingReason(pod))
	case pod.Status.ObservedGeneration != 0 && pod.Status.ObservedGeneration < pod.Generation:
		return "has changed and its node has not acted on it yet"
	default:
		return ""
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// waitingReason says what the first container that waits is waiting for.
func waitingReason(pod *corev1.Pod) string {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, c := range statuses {
			if w := c.State.Waiting; w != nil && w.Reason != "" {
				return fmt.Sprintf("container %s: %s", c.Name, w.Reason)
			}
		}
	}
	return ""
}

// readinessMayChange reports that a Pod which is not Ready can become so without
// anybody's doing: not all containers that keep it from being Ready have ended
// for good.
func readinessMayChange(pod *corev1.Pod) bool {
	unready := false
	for _, c := range pod.Status.ContainerStatuses {
		if c.Ready {
			continue
		}
		if !endedForGood(pod, c) {
			return true
		}
		unready = true
	}
	return !unready
}

func endedForGood(pod *corev1.Pod, c corev1.ContainerStatus) bool {
	if c.State.Terminated == nil {
		return false
	}
	switch restartPolicy(pod, c.Name) {
	case corev1.RestartPolicyNever:
		return true
	case corev1.RestartPolicyOnFailure:
		return c.State.Terminated.ExitCode == 0
	default:
		return false
	}
}

// restartPolicy returns the Pod's policy, or Always for a container that has its own.
func restartPolicy(pod *corev1.Pod, container string) corev1.RestartPolicy {
	for _, c := range pod.Spec.Containers {
		if c.Name == container && (c.RestartPolicy != nil || len(c.RestartPolicyRules) > 0) {
			return corev1.RestartPolicyAlways
		}
	}
	return pod.Spec.RestartPolicy
}

func unsettledReplicaSet(rs *appsv1.ReplicaSet, pods []*corev1.Pod) string {
	name := "ReplicaSet " + nameOfObject(rs)
	switch {
	case rs.DeletionTimestamp != nil:
		return name + " is being deleted"
	case rs.Status.ObservedGeneration < rs.Generation:
		return name + " has changed and its controller has not acted on it yet"
	}
	if why := unclaimed(rs, pods); why != "" {
		return why
	}
	there, ready := count(rs, pods)
	switch {
	case rs.Status.Replicas != there || rs.Status.ReadyReplicas != ready:
		return fmt.Sprintf("%s has %d Pods, %d of them Ready, and its status does not say so yet", name, there, ready)
	case there != oneOr(rs.Spec.Replicas) && !failing(rs):
		return fmt.Sprintf("%s has %d Pods and wants %d", name, there, oneOr(rs.Spec.Replicas))
	case rs.Status.AvailableReplicas < ready:
		return fmt.Sprintf("%s has %d Ready Pods, %d of them available yet", name, ready, rs.Status.AvailableReplicas)
	default:
		return ""
	}
}

// unclaimed names a Pod that the controller is about to adopt or to release.
func unclaimed(rs *appsv1.ReplicaSet, pods []*corev1.Pod) string {
	selector, err := metav1.LabelSelectorAsSelector(rs.Spec.Selector)
	if err != nil {
		return "" // the API server admits no such ReplicaSet
	}
	for _, pod := range pods {
		if pod.Namespace != rs.Namespace || !active(pod) {
			continue
		}
		owner, matches := ownerOf(pod), selector.Matches(labels.Set(pod.Labels))
		if matches && owner == (Owner{}) {
			return fmt.Sprintf("Pod %s matches ReplicaSet %s and is not adopted yet", nameOfObject(pod), rs.Name)
		}
		if !matches && owner.UID == rs.UID {
			return fmt.Sprintf("Pod %s no longer matches ReplicaSet %s and is not released yet", nameOfObject(pod), rs.Name)
		}
	}
	return ""
}

// active reports that the Pod counts as a replica: it has neither finished nor
// been asked to end, as the ReplicaSet controller's FilterActivePods has it.
func active(pod *corev1.Pod) bool { return pod.DeletionTimestamp == nil && !finished(pod) }

// count counts a ReplicaSet's replicas and those that are Ready.
func count(rs *appsv1.ReplicaSet, pods []*corev1.Pod) (there, ready int32) {
	for _, pod := range pods {
		if ownerOf(pod).UID != rs.UID || !active(pod) {
			continue
		}
		there++
		if podReady(pod) {
			ready++
		}
	}
	return there, ready
}

// failing reports that the controller says it cannot create or delete Pods.
func failing(rs *appsv1.ReplicaSet) bool {
	for _, c := range rs.Status.Conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}
