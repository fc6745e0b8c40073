package timeline

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestRollingLimits(t *testing.T) {
	number, percent := intstr.FromInt32, intstr.FromString
	for name, c := range map[string]struct {
		replicas           int
		surge, unavailable intstr.IntOrString
		most, fewest       int
	}{
		"numbers":                 {10, number(3), number(2), 13, 8},
		"percentages are rounded": {10, percent("25%"), percent("25%"), 13, 8},
		"a surge up":              {3, percent("25%"), percent("25%"), 4, 3},
		"none of both":            {3, number(0), number(0), 3, 2},
		"both round to none":      {3, percent("0%"), percent("10%"), 3, 2},
		"all":                     {2, percent("100%"), percent("100%"), 4, 0},
		"more than there are":     {2, number(1), number(5), 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := rollingLimits(c.replicas, appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &c.surge, MaxUnavailable: &c.unavailable}})
			if want := (Limits{Rolling: true, Most: c.most, Fewest: c.fewest}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	if got := rollingLimits(3, appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}); got != (Limits{}) {
		t.Errorf("Recreate has no limits, got %+v", got)
	}
}

// A change of the limits alone is a sample.
func TestSamplesHaveLimits(t *testing.T) {
	w := newWorld()
	two := int32(2)
	s := &appsv1.StatefulSet{}
	s.Name = "db"
	s.Spec.Template = templateFor("db", "nginx:1.25")
	w.add("StatefulSet", s)
	s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: &two}
	w.change(s)
	samples := w.timeline().Whole().Rollout(Ref{"StatefulSet", "default", "db"}).Samples
	if len(samples) != 2 || samples[0].Partition != 0 || samples[1].Partition != 2 {
		t.Errorf("got %+v", samples)
	}
}
