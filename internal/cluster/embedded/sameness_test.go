package embedded

import (
	"testing"

	"github.com/k8slab/k8slab/internal/cluster/clustertest/sameness"
)

func TestSameness(t *testing.T) {
	c, _ := sharedCluster(t)
	sameness.Run(t, c, Provider{}.Name())
}
