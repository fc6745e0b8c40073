//go:build !linux

package checks

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	memoryLimit = 256 << 20 // bytes beyond what is in use at the start
	stackLimit  = 64 << 20  // bytes, of one goroutine
)

// limitProcess limits what can be limited without the help of the kernel: stack
// and, by looking often, memory. Time is limited by the host.
func limitProcess() error {
	debug.SetMaxStack(stackLimit)
	debug.SetTraceback("single")
	var start runtime.MemStats
	runtime.ReadMemStats(&start)
	go watchMemory(start.Sys + memoryLimit)
	return nil
}

func watchMemory(limit uint64) {
	for range time.Tick(20 * time.Millisecond) {
		var now runtime.MemStats
		if runtime.ReadMemStats(&now); now.Sys > limit {
			_, _ = os.Stderr.WriteString("out of memory\n")
			os.Exit(2)
		}
	}
}

func limitCPU(uint64) {}

func endWithParent(*exec.Cmd) {}
