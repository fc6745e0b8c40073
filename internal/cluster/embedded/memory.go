package embedded

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow between two collections, in percent of what is in use.
// A start makes garbage all the time and lasts for a second; it is let be up to
// startMemory bytes. After that a lab is idle most of the time, and has to fit
// beside everything else on a learner's laptop; but when hundreds of Pods start,
// a quarter of all CPU time would go into collecting.
const (
	gcPercentStarting = 800
	gcPercentBusy     = 200
	gcPercentIdle     = 50
	startMemory       = 320 << 20
)

// A lab that allocates busyBytes in loadInterval is busy: idle ones allocate a
// tenth of that, and a rollout of a few replicas a half.
const (
	busyBytes    = 64 << 20
	loadInterval = time.Second
)

// restAfterBurst is when the memory that the start or a burst needed is given back.
// The first seconds after a start belong to the person who waits.
const restAfterBurst = 5 * time.Second

// collectSeldom is for the start.
func collectSeldom() {
	debug.SetGCPercent(gcPercentStarting)
	debug.SetMemoryLimit(startMemory)
}

// collectByLoad is for all the time after the start.
func collectByLoad(ctx context.Context) {
	debug.SetGCPercent(gcPercentIdle)
	debug.SetMemoryLimit(math.MaxInt64)
	rest := time.AfterFunc(restAfterBurst, debug.FreeOSMemory)
	ticker := time.NewTicker(loadInterval)
	defer ticker.Stop()
	last, percent := allocated(), gcPercentIdle
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := allocated()
		wanted := gcPercentIdle
		if now-last >= busyBytes {
			wanted = gcPercentBusy
		}
		if wanted != percent {
			debug.SetGCPercent(wanted)
		}
		switch {
		case wanted == gcPercentBusy:
			rest.Stop()
		case percent == gcPercentBusy:
			rest.Reset(restAfterBurst)
		}
		last, percent = now, wanted
	}
}

// allocated is how many bytes have ever been allocated on the heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
