package timeline

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Limits are what a controller's spec allows an update to do.
type Limits struct {
	// Of a Deployment with strategy RollingUpdate: replicas+maxSurge, which the Pods
	// that were asked for do not exceed, and replicas-maxUnavailable, below which an
	// update does not bring the available ones. Rolling says whether there are any.
	Rolling      bool
	Most, Fewest int

	// Partition of a StatefulSet: Pods with a lower ordinal keep their revision.
	Partition int
}

func limitsOf(object any) Limits {
	switch o := object.(type) {
	case *appsv1.Deployment:
		return rollingLimits(int(oneOr(o.Spec.Replicas)), o.Spec.Strategy)
	case *appsv1.StatefulSet:
		if u := o.Spec.UpdateStrategy.RollingUpdate; u != nil {
			return Limits{Partition: int(ptr.Deref(u.Partition, 0))}
		}
	}
	return Limits{}
}

// rollingLimits is upstream's ResolveFenceposts (pkg/controller/deployment/util): of
// percentages a surge is rounded up and what may be unavailable down, and when both
// come to 0, one Pod may be unavailable.
func rollingLimits(replicas int, s appsv1.DeploymentStrategy) Limits {
	if s.RollingUpdate == nil {
		return Limits{}
	}
	quarter := intstr.FromString("25%")
	surge, err := intstr.GetScaledValueFromIntOrPercent(ptr.To(ptr.Deref(s.RollingUpdate.MaxSurge, quarter)), replicas, true)
	if err != nil {
		return Limits{}
	}
	unavailable, err := intstr.GetScaledValueFromIntOrPercent(ptr.To(ptr.Deref(s.RollingUpdate.MaxUnavailable, quarter)), replicas, false)
	if err != nil {
		return Limits{}
	}
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return Limits{Rolling: true, Most: replicas + surge, Fewest: max(0, replicas-unavailable)}
}
