// Package unmeasured keeps work queues from measuring themselves.
//
// As soon as Kubernetes' metrics are linked, each of the 84 named queues of a
// control plane wakes twice a second to update two gauges (client-go's
// util/workqueue, updateUnfinishedWorkLoop). Nobody scrapes the metrics of a lab,
// and a fifth of the wakes of an idle one are those: 150 of 735 a second.
//
// The first to call workqueue.SetProvider wins, which is Kubernetes' own metrics,
// when they are imported; and the provider that does nothing is not exported. So
// the call is made to have happened, before that: packages are initialized in the
// order of their paths as soon as what they import is, and this one imports
// nothing that has to wait.
package unmeasured

import (
	"sync"
	_ "unsafe" // for go:linkname
)

//go:linkname setGlobalMetricsProviderOnce k8s.io/client-go/util/workqueue.setGlobalMetricsProviderOnce
var setGlobalMetricsProviderOnce sync.Once

func init() { setGlobalMetricsProviderOnce.Do(func() {}) }
