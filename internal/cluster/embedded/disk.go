package embedded

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
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

// hint is the next step for a person whose cluster did not start.
func hint(err error, dir string) string {
	switch {
	case errors.Is(err, errDiskFull), errors.Is(err, syscall.ENOSPC):
		return "Free some space, or set XDG_STATE_HOME to a directory on another disk."
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Sprintf("Make %s writable, or set XDG_STATE_HOME to a directory that is.", dir)
	default:
		return "Try again; if it happens again, `k8slab doctor` looks for the reason."
	}
}
