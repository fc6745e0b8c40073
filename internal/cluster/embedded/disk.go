package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/k8slab/k8slab/internal/cluster"
)

// MinFreeBytes is what a cluster needs on disk: 20 MB to start, and room for
// logs and for what containers write.
const MinFreeBytes = 200 << 20

var errDiskFull = errors.New("not enough space on the disk")

// FreeBytes is the space on the disk of dir that this process may use.
func FreeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("ask how full the disk of %s is: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// newError names the log if there is one, and the next step.
func newError(op, dir string, err error) *cluster.Error {
	e := &cluster.Error{Op: op, Err: err, Hint: hint(err, dir)}
	if log := filepath.Join(dir, LogName); exists(log) {
		e.Log = log
	}
	return e
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// hint is the next step for a person whose cluster did not start or has died.
// The process's own errors come as text, so the disk is asked again.
func hint(err error, dir string) string {
	free, diskErr := FreeBytes(dir)
	full := diskErr == nil && free < MinFreeBytes
	switch {
	case full, errors.Is(err, errDiskFull), errors.Is(err, syscall.ENOSPC):
		return "Free some space, or set XDG_STATE_HOME to a directory on another disk."
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("Make %s writable, or set XDG_STATE_HOME to a directory that is.", dir)
	default:
		return "Try again. If it happens again, the end of the log says why; `k8slab doctor` looks at this machine."
	}
}
