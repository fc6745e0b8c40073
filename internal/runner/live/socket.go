package live

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocket is how long the path of a socket may be on every system that we know.
const maxSocket = 100

// Listen listens on a socket for the session of a lab. Its path is short and does not
// depend on where labs are; nobody else can reach it. What a killed process
// left there is replaced: the caller owns the lab.
func Listen(labDir string) (net.Listener, error) {
	dir, err := socketDir(os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the session's socket: %w", err)
	}
	path := filepath.Join(dir, socketName(labDir))
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the socket of an earlier session: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for the session: %w", err)
	}
	return l, nil
}

func socketName(labDir string) string {
	sum := sha256.Sum256([]byte(labDir))
	return hex.EncodeToString(sum[:8]) + ".sock"
}

// socketDir makes a directory that is only ours in the first of some that can have one.
func socketDir(runtime string, temporary ...string) (string, error) {
	ours := "k8slab-" + strconv.Itoa(os.Getuid())
	var dirs []string
	if filepath.IsAbs(runtime) {
		dirs = append(dirs, filepath.Join(runtime, "k8slab"))
	}
	for _, t := range temporary {
		dirs = append(dirs, filepath.Join(t, ours))
	}
	var errs []error
	for _, dir := range dirs {
		err := private(dir)
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// private makes a directory, or accepts one, that nobody else can write to or read.
func private(dir string) error {
	if len(dir)+1+len(socketName("")) > maxSocket {
		return fmt.Errorf("%s is too long for the path of a socket", dir)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || known && int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a directory that is yours alone", dir)
	}
	return nil
}
