package progress

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// On a full disk there is room for what was done, again and again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	s := Store{Dir: filepath.Join(dir, "progress")}
	s.Reserve()
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for i := range 100 {
		l := Lesson{Lesson: "x", Current: strings.Repeat("long", 1000) + strconv.Itoa(i)}
		if err := s.Save(l); err != nil {
			t.Fatalf("save %d: %v", i, err)
		}
		if got, err := s.Load("x"); err != nil || got.Current != l.Current {
			t.Fatalf("save %d: %d bytes, %v", i, len(got.Current), err)
		}
	}
	if err := os.Remove(s.reserve()); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "more"), make([]byte, 1<<20), 0o600)
	if err := s.Save(Lesson{Lesson: "x"}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("without the reserve: %v", err)
	}
}
