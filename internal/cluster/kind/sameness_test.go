package kind

import (
	"testing"

	"github.com/k8slab/k8slab/internal/cluster/clustertest/sameness"
)

func TestSameness(t *testing.T) {
	p := testProvider(t)
	spec := testSpec(t, "sameness")
	spec.Nodes = 2
	spec.Images = []string{"nginx:1.25", "nginx:1.26", "busybox:1.36"}
	c, err := p.Create(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })
	sameness.Run(t, c, p.Name())
}
