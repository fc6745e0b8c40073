// Package leaktest runs the tests of a package and looks for goroutines that they left behind.
// It is for TestMain only.
package leaktest

import (
	"fmt"
	"io"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"
)

// patience is how long goroutines have after the last test to end.
const patience = 5 * time.Second

// Run runs all tests and returns the exit code. Where goroutines are left that is 1, and their
// stacks are written to w.
func Run(m *testing.M, w io.Writer) int {
	before := runtime.NumGoroutine()
	code := m.Run()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			fmt.Fprintln(w, "goroutines are left:")
			_ = pprof.Lookup("goroutine").WriteTo(w, 1)
			return 1
		}
	}
	return code
}
