package timeline

import (
	"cmp"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unsettledWorkload says why the controllers above Pods and ReplicaSets have not come to
// rest, with what `kubectl rollout status` waits for (k8s.io/kubectl/pkg/polymorphichelpers).
func unsettledWorkload(s State) string {
	return cmp.Or(
		firstUnsettled(s, unsettledDeployment),
		firstUnsettled(s, unsettledStatefulSet),
		firstUnsettled(s, unsettledDaemonSet),
		firstUnsettled(s, unsettledReplicationController),
		firstUnsettled(s, unsettledJob),
	)
}

func firstUnsettled[T any](s State, why func(*T) string) string {
	for _, object := range All[T](s, "") {
		if why := why(object); why != "" {
			return fmt.Sprintf("%s %s %s", kindOf[T](), nameOfObject(any(object).(metav1.Object)), why)
		}
	}
	return ""
}

const notObserved = "has changed and its controller has not acted on it yet"

// progress says what is missing of a rollout, for which wanted Pods are needed.
func progress(wanted, updated, there, available int32) string {
	switch {
	case updated < wanted:
		return fmt.Sprintf("has %d of %d Pods updated", updated, wanted)
	case there != wanted:
		return fmt.Sprintf("has %d Pods and wants %d", there, wanted)
	case available < wanted:
		return fmt.Sprintf("has %d of %d Pods available", available, wanted)
	default:
		return ""
	}
}

func unsettledDeployment(d *appsv1.Deployment) string {
	switch {
	case d.DeletionTimestamp != nil:
		return "is being deleted"
	case d.Status.ObservedGeneration < d.Generation:
		return notObserved
	case d.Spec.Paused || givenUp(d):
		return ""
	default:
		return progress(oneOr(d.Spec.Replicas), d.Status.UpdatedReplicas, d.Status.Replicas, d.Status.AvailableReplicas)
	}
}

// givenUp reports that the controller says it makes no progress: nothing comes of
// waiting.
func givenUp(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue ||
			c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse {
			return true
		}
	}
	return false
}

func unsettledStatefulSet(s *appsv1.StatefulSet) string {
	wanted := oneOr(s.Spec.Replicas)
	switch {
	case s.DeletionTimestamp != nil:
		return "is being deleted"
	case s.Status.ObservedGeneration < s.Generation:
		return notObserved
	}
	updated := s.Status.UpdatedReplicas
	if kept := wanted - updatedBy(s); updated >= wanted-kept {
		updated = wanted // those that are not updated are to stay as they are
	}
	return progress(wanted, updated, s.Status.Replicas, s.Status.AvailableReplicas)
}

// updatedBy returns how many Pods the controller brings to the last revision by itself.
func updatedBy(s *appsv1.StatefulSet) int32 {
	rolling := s.Spec.UpdateStrategy.RollingUpdate
	switch {
	case s.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType:
		return 0
	case rolling == nil || rolling.Partition == nil:
		return oneOr(s.Spec.Replicas)
	default:
		return max(0, oneOr(s.Spec.Replicas)-*rolling.Partition)
	}
}

func unsettledDaemonSet(d *appsv1.DaemonSet) string {
	wanted, updated := d.Status.DesiredNumberScheduled, d.Status.UpdatedNumberScheduled
	if d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType {
		updated = wanted
	}
	switch {
	case d.DeletionTimestamp != nil:
		return "is being deleted"
	case d.Status.ObservedGeneration < d.Generation:
		return notObserved
	default:
		return progress(wanted, updated, d.Status.CurrentNumberScheduled, d.Status.NumberAvailable)
	}
}

func unsettledReplicationController(rc *corev1.ReplicationController) string {
	wanted := oneOr(rc.Spec.Replicas)
	switch {
	case rc.DeletionTimestamp != nil:
		return "is being deleted"
	case rc.Status.ObservedGeneration < rc.Generation:
		return notObserved
	default:
		return progress(wanted, wanted, rc.Status.Replicas, rc.Status.AvailableReplicas)
	}
}

// unsettledJob says that a Job has not ended: whether its Pods run or their back-off is
// waited for, it will change by itself.
func unsettledJob(j *batchv1.Job) string {
	switch {
	case j.DeletionTimestamp != nil:
		return "is being deleted"
	case jobEndOf(j) != nil:
		return ""
	case j.Spec.Suspend != nil && *j.Spec.Suspend && j.Status.Active == 0:
		return ""
	default:
		return "has not ended yet"
	}
}
