package checks

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLimits looks from outside at what a worker has.
func TestLimits(t *testing.T) {
	t.Setenv("SECRET", "value")
	inherited, err := syscall.Open("/etc/passwd", syscall.O_RDONLY, 0) // without O_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	w := startWorker(t)
	proc := fmt.Sprintf("/proc/%d/", w.process.pid)
	if env, err := os.ReadFile(proc + "environ"); err != nil || len(env) > 0 {
		t.Errorf("environment %q, %v", env, err)
	}
	if dir, err := os.Readlink(proc + "cwd"); err != nil || dir != w.process.dir+" (deleted)" {
		t.Errorf("works in %s, %v", dir, err)
	}
	limits := readLimits(t, proc)
	open, err := os.ReadDir(proc + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range open {
		if target, err := os.Readlink(proc + "fd/" + f.Name()); err == nil && !strings.HasPrefix(target, "pipe:") && !strings.HasPrefix(target, "anon_inode:") {
			t.Errorf("has open %s", target)
		}
	}
	if got := limits["Max open files"]; got < 3 || got > 16 {
		t.Errorf("may open %d files, has %d", got, len(open))
	}
	if got := limits["Max data size"]; got < memoryLimit || got > memoryLimit+(1<<30) {
		t.Errorf("may use %d bytes of memory", got)
	}
	if got, ok := limits["Max core file size"]; !ok || got != 0 {
		t.Errorf("may write a core file of %d bytes", got)
	}
}

// readLimits returns the hard limits of a process.
func readLimits(t *testing.T, proc string) map[string]uint64 {
	file, err := os.Open(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	limits := map[string]uint64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if fields := strings.Fields(line[min(26, len(line)):]); len(fields) > 1 {
			if n, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
				limits[strings.TrimSpace(line[:26])] = n
			}
		}
	}
	return limits
}

// TestProcessorTime runs an endless loop in a worker whose host would wait.
func TestProcessorTime(t *testing.T) {
	w := startWorkerFor(t, time.Hour)
	w.lint = func(string, []byte) []Problem { return nil }
	got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", "for { }")})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Outcome != Passed || got[1].Outcome != Error || !strings.Contains(got[1].Message, "it used too much processor time") {
		t.Errorf("got %+v", got)
	}
}

// TestWorkerDiesWithHost kills a host while its worker is in an endless loop.
func TestWorkerDiesWithHost(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(exe, hostArg)
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the worker is not there: %v", err)
	}
	_ = host.Process.Kill()
	_ = host.Wait()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ended(pid) {
			return
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Error("the worker outlives its host")
}

// ended reports that a process does not run any more. Its remains may be there
// until the system's first process has taken note.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}
