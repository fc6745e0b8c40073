package checks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What a worker may use beyond what it has when it starts. A program that links
// Kubernetes has a lot then, so these are not absolute.
const (
	memoryLimit = 256 << 20 // bytes; 64 MiB are not enough for the interpreter
	stackLimit  = 64 << 20  // bytes, of one goroutine
)

// limitProcess limits this process for the rest of its life: memory, stack, no
// more files, no core dump.
func limitProcess() error {
	debug.SetMaxStack(stackLimit)
	debug.SetTraceback("single") // a crash of thousands of goroutines is not worth its text
	watchCPU()
	// The first timer makes the runtime open what it polls with, which it could
	// not do later.
	time.NewTimer(time.Hour).Stop()
	used, err := dataInUse()
	if err != nil {
		return err
	}
	last, err := closeFiles()
	if err != nil {
		return err
	}
	return errors.Join(
		// Not RLIMIT_AS: Go reserves more than a gigabyte of addresses.
		limit(syscall.RLIMIT_DATA, used+memoryLimit),
		limit(syscall.RLIMIT_NOFILE, last+1),
		limit(syscall.RLIMIT_CORE, 0),
	)
}

func limit(resource int, value uint64) error {
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}); err != nil {
		return fmt.Errorf("limit resource %d to %d: %w", resource, value, err)
	}
	return nil
}

// dataInUse returns what the kernel counts against RLIMIT_DATA, in bytes.
func dataInUse() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read memory in use: %w", err)
	}
	_, rest, _ := bytes.Cut(status, []byte("\nVmData:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("read memory in use: /proc/self/status has no VmData")
	}
	kib, err := strconv.ParseUint(string(fields[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read memory in use: %w", err)
	}
	return kib << 10, nil
}

// closeFiles closes every file but the standard streams and what the runtime
// polls with, and returns the highest number that is left. A program inherits what
// those before it in the terminal or in CI have left open.
func closeFiles() (uint64, error) {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, fmt.Errorf("read open files: %w", err)
	}
	last := uint64(2)
	for _, f := range open {
		n, err := strconv.Atoi(f.Name())
		if err != nil || n <= 2 {
			continue
		}
		// The number of the directory itself is in the list, and free again.
		if target, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(target, "anon_inode:") {
			last = max(last, uint64(n))
			continue
		}
		_ = syscall.Close(n) // it is closed, or was
	}
	return last, nil
}

// watchCPU ends the process when it has used up its processor time. The host only
// knows how much time has passed, of which others may have had the most.
func watchCPU() {
	exceeded := make(chan os.Signal, 1)
	signal.Notify(exceeded, syscall.SIGXCPU)
	go func() {
		<-exceeded
		os.Exit(exitCPU) //nolint:forbidigo // a script that loops ends only with its process; the host reads the status
	}()
}

// limitCPU lets the process use so many more seconds of processor time. Only the
// soft limit is set, so that the next request can raise it again.
func limitCPU(seconds uint64) {
	var used syscall.Rusage
	var l syscall.Rlimit
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil || syscall.Getrlimit(syscall.RLIMIT_CPU, &l) != nil {
		return
	}
	l.Cur = uint64(used.Utime.Sec+used.Stime.Sec) + seconds + 1
	_ = syscall.Setrlimit(syscall.RLIMIT_CPU, &l)
}

// endWithParent makes the kernel kill the command when the thread that started
// it ends, which the caller must keep.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
