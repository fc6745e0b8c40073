package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/k8slab/k8slab/internal/runner/progress"
)

// On a full disk a lab ends soon: nothing can be recorded, and its cluster has no room. What a command
// has confirmed is there, and the lab goes on when there is room again.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts clusters")
	}
	l := &learner{T: t, state: t.TempDir()}
	if err := syscall.Mount("tmpfs", l.state, "tmpfs", 0, "size=260m"); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		endLabs(l.labs())
		if err := syscall.Unmount(l.state, syscall.MNT_DETACH); err != nil { // they may not be gone yet
			t.Error(err)
		}
	})
	l.goOn()
	filler := filepath.Join(l.state, "filler")
	fill(t, filler)
	l.must("answer", "names-of-pods", "b")
	known, err := progress.Store{Dir: filepath.Join(l.state, "k8slab", "progress")}.Load("replicaset-updates")
	if err != nil || !known.Known("create").Answers["names-of-pods"].Right {
		t.Fatalf("the answer is not on the disk: %+v, %v", known, err)
	}
	_, _ = l.try("shell", "--", "kubectl", "apply", "-f", "web.yaml") // the end of the lab may be sooner
	out, err := l.try("check", "--watch")
	if err == nil || !strings.Contains(out, "space") || !strings.Contains(out, "hint: Free some space") {
		t.Errorf("check: %v\n%s", err, out)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	l.goOn()
	if out, err := l.try("show", "-o", "json"); err != nil || !strings.Contains(out, `"right": true`) {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
	l.must("stop")
}

// fill takes all the room that there is.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
}
