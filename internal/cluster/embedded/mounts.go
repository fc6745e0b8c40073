package embedded

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	mount "k8s.io/mount-utils"
)

// mounts is what a kubelet believes to have mounted. Nothing is; but it looks for
// its mounts later, and the runtime asks which directories are in memory. Those
// that have gone are forgotten from time to time: the kubelet unmounts a tmpfs
// only if the machine says that it is one.
type mounts struct {
	mu     sync.Mutex
	points map[string]mount.MountPoint
	after  int // the last forgetting
}

var _ mount.Interface = (*mounts)(nil)

func newMounts() *mounts { return &mounts{points: map[string]mount.MountPoint{}} }

func (m *mounts) Mount(source, target, kind string, options []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.points) > 2*m.after+100 {
		m.forgetLocked()
	}
	m.points[target] = mount.MountPoint{Device: source, Path: target, Type: kind, Opts: options}
	return nil
}

func (m *mounts) forgetLocked() {
	for target := range m.points {
		if _, err := os.Lstat(target); os.IsNotExist(err) {
			delete(m.points, target)
		}
	}
	m.after = len(m.points)
}

func (m *mounts) MountSensitive(source, target, kind string, options, _ []string) error {
	return m.Mount(source, target, kind, options)
}

func (m *mounts) MountSensitiveWithoutSystemd(source, target, kind string, options, _ []string) error {
	return m.Mount(source, target, kind, options)
}

func (m *mounts) MountSensitiveWithoutSystemdWithMountFlags(source, target, kind string, options, _, _ []string) error {
	return m.Mount(source, target, kind, options)
}

func (m *mounts) Unmount(target string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.points, target)
	return nil
}

func (m *mounts) List() ([]mount.MountPoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []mount.MountPoint
	for _, p := range m.points {
		all = append(all, p)
	}
	return all, nil
}

func (m *mounts) IsLikelyNotMountPoint(file string) (bool, error) {
	is, err := m.IsMountPoint(file)
	return !is, err
}

func (m *mounts) IsMountPoint(file string) (bool, error) {
	if _, err := os.Stat(file); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.points[file]
	return ok, nil
}

func (*mounts) CanSafelySkipMountPointCheck() bool { return false }

func (*mounts) GetMountRefs(string) ([]string, error) { return nil, nil }

// inMemory says whether a directory is or lies in a tmpfs, and how large that is;
// 0 if nobody said.
func (m *mounts) inMemory(dir string) (size int64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ; ; dir = filepath.Dir(dir) {
		if p, ok := m.points[dir]; ok {
			return sizeOf(p), p.Type == "tmpfs"
		}
		if dir == filepath.Dir(dir) {
			return 0, false
		}
	}
}

func sizeOf(p mount.MountPoint) int64 {
	for _, option := range p.Opts {
		if text, ok := strings.CutPrefix(option, "size="); ok {
			size, _ := strconv.ParseInt(text, 10, 64) // 0 is nothing said
			return size
		}
	}
	return 0
}
