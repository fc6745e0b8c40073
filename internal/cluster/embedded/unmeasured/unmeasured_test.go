package unmeasured_test

import (
	"runtime"
	"strings"
	"testing"

	"k8s.io/client-go/util/workqueue"
	_ "k8s.io/component-base/metrics/prometheus/workqueue"

	_ "github.com/k8slab/k8slab/internal/cluster/embedded/unmeasured"
)

func TestNamedQueuesDoNotWake(t *testing.T) {
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[string]{Name: "measured"})
	defer queue.ShutDown()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if strings.Contains(string(stacks), "updateUnfinishedWorkLoop") {
		t.Errorf("a named queue wakes to measure itself:\n%s", stacks)
	}
}
