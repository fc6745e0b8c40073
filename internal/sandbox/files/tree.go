// Package files is the file tree of a simulated container.
//
// A Tree is a host directory, plus mounts, seen as one namespace that begins at "/". Paths are
// resolved here, component by component, in the container's namespace: an absolute symlink starts
// again at the container's root and ".." stops there. The final operation goes through os.Root, so
// that somebody who swaps a directory for a symlink at the wrong moment still cannot leave the
// directory that the mount was opened on. What a tree writes is counted against a quota.
//
// Only regular files, directories and a handful of virtual devices can be opened. Fifos, sockets
// and device nodes that lie on the disk can be seen and removed, not opened.
//
// Deliberately absent: owners (everything belongs to the container's root), set-user-ID bits,
// making fifos and device nodes, /proc and /sys, file locks, and any way to learn a host path: errors are
// *fs.PathError with the container's path.
package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const (
	maxLinks = 40   // Linux gives up with ELOOP after 40 symlinks
	maxPath  = 4096 // Linux PATH_MAX
)

// Options says what a tree is made of.
type Options struct {
	// Root is the host directory of the container's own files. It must exist.
	Root string
	// ReadOnly makes Root read-only, as readOnlyRootFilesystem does; mounts have their own switch.
	ReadOnly bool
	// Mounts lie over Root. Their order does not matter; a later one wins at the same path.
	Mounts []Mount
	// Programs are virtual executables: container path to the name of a program, for
	// example "/bin/ls" to "ls". They take no room on the disk.
	Programs map[string]string
	// Quota is how many bytes the tree may add to the disk, all mounts together.
	// 0 means DefaultQuota, a negative number no limit.
	Quota int64
}

// Mount puts a directory or a single regular file of the host at a path in the container.
type Mount struct {
	Path     string // absolute path in the container; made if it does not exist
	Source   string // host path of a directory or a regular file
	Within   string // if set, a host directory: Source is relative to it and cannot leave it, symlinks included
	ReadOnly bool
	// Memory makes the mount a file system in memory, as far as counting goes.
	Memory *Memory
}

// Memory is how a mount in memory counts: apart from the tree's quota, and with a limit of its own.
type Memory struct {
	Size int64             // how many bytes there is room for; at most DefaultQuota counts, and 0 is that
	Grow func(bytes int64) // is told what the tree adds, or if it is negative removes; may be nil
}

// Tree is a container's view of files. Its methods are safe for concurrent use. Every path is one
// of the container; a relative one starts at "/".
type Tree struct {
	mounts []*mount // longest path first; the last one is the root
	nodes  map[string]node
	quota  *quota
}

// mount is a part of the namespace that one os.Root serves.
type mount struct {
	path     string // clean and free of symlinks
	root     *os.Root
	file     string // name in root, if a single file is mounted
	readOnly bool
	quota    *quota
}

// Open makes a tree. Mount points that do not exist are made, also in the mounts they lie on, as a
// container runtime does.
func Open(o Options) (*Tree, error) {
	root, err := os.OpenRoot(o.Root)
	if err != nil {
		return nil, fmt.Errorf("open container root: %w", err)
	}
	quota := newQuota(o.Quota)
	t := &Tree{
		mounts: []*mount{{path: "/", root: root, quota: quota}},
		nodes:  nodes(o.Programs),
		quota:  quota,
	}
	if err := t.assemble(o); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// assemble makes the directories of virtual nodes and adds the mounts, outer ones first.
func (t *Tree) assemble(o Options) error {
	dirs := map[string]bool{}
	for name := range t.nodes {
		dirs[path.Dir(name)] = true
	}
	for dir := range dirs {
		if err := t.mkdirAll(dir); err != nil {
			return err
		}
	}
	sorted := slices.Clone(o.Mounts)
	slices.SortStableFunc(sorted, func(a, b Mount) int {
		return cmp.Compare(len(path.Clean(a.Path)), len(path.Clean(b.Path)))
	})
	for _, m := range sorted {
		if err := t.mount(m); err != nil {
			return fmt.Errorf("mount %s: %w", m.Path, err)
		}
	}
	t.rootMount().readOnly = o.ReadOnly
	return nil
}

// rootMount is the one at "/".
func (t *Tree) rootMount() *mount { return t.mounts[len(t.mounts)-1] }

// mount adds one mount. The mount point is resolved first: a mount at /var/run/x goes to /run/x
// if /var/run is a symlink, and nothing but the container's own symlinks are followed.
func (t *Tree) mount(m Mount) error {
	opened, err := openMount(m)
	if err != nil {
		return err
	}
	at, err := t.mountPoint(m.Path, opened.file != "")
	if err != nil {
		opened.root.Close()
		return err
	}
	opened.path, opened.quota = at, t.quota
	if m.Memory != nil {
		opened.quota = m.Memory.quota(opened.root)
	}
	t.mounts = slices.DeleteFunc(t.mounts, func(old *mount) bool {
		same := old.path == at && at != "/"
		if same {
			old.root.Close()
		}
		return same
	})
	t.mounts = append(t.mounts, opened)
	slices.SortStableFunc(t.mounts, func(a, b *mount) int { return cmp.Compare(len(b.path), len(a.path)) })
	return nil
}

// mountPoint makes sure that something of the right kind is at name, and returns its real path.
func (t *Tree) mountPoint(name string, file bool) (string, error) {
	clean := path.Clean("/" + name)
	if clean == "/" {
		return "", &fs.PathError{Op: "mount", Path: clean, Err: syscall.EBUSY}
	}
	dir := clean
	if file {
		dir = path.Dir(clean)
	}
	// A mount point may lie in a mount that is read-only for the container only.
	if err := t.mkdirAll(dir); err != nil {
		return "", err
	}
	if file {
		if err := t.touch(clean); err != nil {
			return "", err
		}
	}
	return t.RealPath(clean)
}

// openMount opens the host's side of m.
func openMount(m Mount) (*mount, error) {
	if m.Within == "" {
		dir, base := filepath.Split(filepath.Clean(m.Source))
		m.Within, m.Source = cmp.Or(dir, "."), base
		if info, err := os.Stat(filepath.Join(dir, base)); err == nil && info.IsDir() {
			m.Within, m.Source = filepath.Join(dir, base), "."
		}
	}
	outer, err := os.OpenRoot(m.Within)
	if err != nil {
		return nil, hideHost("mount", m.Path, err)
	}
	defer outer.Close()
	return openWithin(outer, m)
}

func openWithin(outer *os.Root, m Mount) (*mount, error) {
	info, err := outer.Stat(filepath.Clean(m.Source))
	if err != nil {
		return nil, hideHost("mount", m.Path, err)
	}
	dir, file := filepath.Clean(m.Source), ""
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, &fs.PathError{Op: "mount", Path: m.Path, Err: syscall.EACCES}
		}
		dir, file = filepath.Dir(dir), filepath.Base(dir)
	}
	root, err := outer.OpenRoot(dir)
	if err != nil {
		return nil, hideHost("mount", m.Path, err)
	}
	return &mount{root: root, file: file, readOnly: m.ReadOnly}, nil
}

// Close releases the tree's directories. Files that are open stay usable.
func (t *Tree) Close() error {
	var errs []error
	for _, m := range t.mounts {
		errs = append(errs, m.root.Close())
	}
	return errors.Join(errs...)
}

// place is where a path ended: a mount and a name in it that has no symlink left in front of
// its last component.
type place struct {
	mount *mount
	rel   string // name for mount.root
	path  string // the same in the container's namespace
}

// at maps a clean, symlink-free path to its mount.
func (t *Tree) at(name string) place {
	for _, m := range t.mounts {
		if rel, ok := below(m.path, name); ok {
			if m.file != "" {
				rel = m.file
			}
			return place{mount: m, rel: rel, path: name}
		}
	}
	return place{mount: t.rootMount(), rel: ".", path: "/"}
}

// below returns name relative to dir, if it is dir or lies in it.
func below(dir, name string) (string, bool) {
	if dir == name {
		return ".", true
	}
	return strings.CutPrefix(name, strings.TrimSuffix(dir, "/")+"/")
}

// resolve finds the place of name. The last component need not exist. A symlink there is followed
// if follow is set or if the name ends with a slash.
func (t *Tree) resolve(op, name string, follow bool) (place, error) {
	fail := func(err error) (place, error) { return place{}, hideHost(op, name, err) }
	switch {
	case name == "":
		return fail(syscall.ENOENT)
	case len(name) >= maxPath:
		return fail(syscall.ENAMETOOLONG)
	case strings.ContainsRune(name, 0):
		return fail(syscall.EINVAL)
	}
	slash := strings.HasSuffix(name, "/") || strings.HasSuffix(name, "/.")
	cur, rest, links := t.at("/"), components(name), 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		if part == ".." {
			cur = t.at(path.Dir(cur.path))
			continue
		}
		last := len(rest) == 0
		next := t.at(path.Join(cur.path, part))
		info, err := t.lstat(next)
		if err != nil {
			if last && errors.Is(err, fs.ErrNotExist) {
				return next, nil
			}
			return fail(err)
		}
		if info.Mode()&fs.ModeSymlink != 0 && (!last || follow || slash) {
			if links++; links > maxLinks {
				return fail(syscall.ELOOP)
			}
			target, err := next.mount.root.Readlink(next.rel)
			if err != nil {
				return fail(err)
			}
			if strings.HasPrefix(target, "/") {
				cur = t.at("/")
			}
			rest = append(components(target), rest...)
			continue
		}
		if (!last || slash) && !info.IsDir() {
			return fail(syscall.ENOTDIR)
		}
		cur = next
	}
	return cur, nil
}

// components splits a path, without the empty ones and ".".
func components(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(s string) bool { return s == "" || s == "." })
}

// lstat looks at a place itself.
func (t *Tree) lstat(p place) (*Info, error) {
	if n, ok := t.node(p); ok {
		return n.info(path.Base(p.path)), nil
	}
	info, err := p.mount.root.Lstat(p.rel)
	if err != nil {
		return nil, err
	}
	return &Info{FileInfo: info, name: path.Base(p.path)}, nil
}

// writable resolves name for a change of the entry itself.
func (t *Tree) writable(op, name string) (place, error) {
	p, err := t.resolve(op, name, false)
	if err != nil {
		return p, err
	}
	if err := t.mayChange(p); err != nil {
		return p, hideHost(op, name, err)
	}
	return p, nil
}

// mayChange says why the entry at p cannot be replaced or removed.
func (t *Tree) mayChange(p place) error {
	if _, ok := t.node(p); ok || p.mount.readOnly {
		return syscall.EROFS
	}
	for _, m := range t.mounts {
		if _, ok := below(p.path, m.path); ok {
			return syscall.EBUSY // a mount point, or a directory that holds one
		}
	}
	return nil
}

// mkdirAll makes name before the tree is in use, whatever is read-only.
func (t *Tree) mkdirAll(name string) error {
	cur := "/"
	for _, part := range components(name) {
		cur = path.Join(cur, part)
		p, err := t.resolve("mkdir", cur, true)
		if err != nil {
			return err
		}
		if info, err := t.lstat(p); err == nil && info.IsDir() {
			continue
		}
		if err := p.mount.root.Mkdir(p.rel, 0o755); err != nil {
			return hideHost("mkdir", cur, err)
		}
	}
	return nil
}

// touch makes an empty file before the tree is in use.
func (t *Tree) touch(name string) error {
	p, err := t.resolve("create", name, true)
	if err != nil {
		return err
	}
	if _, err := t.lstat(p); err == nil {
		return nil
	}
	f, err := p.mount.root.OpenFile(p.rel, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return hideHost("create", name, err)
	}
	return f.Close()
}
