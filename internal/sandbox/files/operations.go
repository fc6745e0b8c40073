package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// Access is what a caller of Tree.Access wants to do.
type Access int

// The bits of Access, as access(2) has them.
const (
	Exec Access = 1 << iota
	Write
	Read
)

// missing says whether there is nothing at a path.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Stat describes what name leads to.
func (t *Tree) Stat(name string) (*Info, error) { return t.stat("stat", name, true) }

// Lstat describes name itself, a symlink for example.
func (t *Tree) Lstat(name string) (*Info, error) { return t.stat("lstat", name, false) }

func (t *Tree) stat(op, name string, follow bool) (*Info, error) {
	p, err := t.resolve(op, name, follow)
	if err != nil {
		return nil, err
	}
	info, err := t.lstat(p)
	if err != nil {
		return nil, hideHost(op, name, err)
	}
	info.name = path.Base(name)
	return info, nil
}

// RealPath returns the path of name without any symlink. It must exist.
func (t *Tree) RealPath(name string) (string, error) {
	p, err := t.resolve("realpath", name, true)
	if err != nil {
		return "", err
	}
	if _, err := t.lstat(p); err != nil {
		return "", hideHost("realpath", name, err)
	}
	return p.path, nil
}

// Access checks whether the container's root user may do what mode says. As for the real one,
// reading is always allowed, writing unless the mount is read-only, and executing if any x bit is set.
func (t *Tree) Access(name string, mode Access) error {
	p, err := t.resolve("access", name, true)
	if err != nil {
		return err
	}
	info, err := t.lstat(p)
	if err != nil {
		return hideHost("access", name, err)
	}
	node, virtual := t.node(p)
	if mode&Write != 0 && (p.mount.readOnly && !virtual || node.program != "") {
		return hideHost("access", name, syscall.EROFS)
	}
	if mode&Exec != 0 && !info.IsDir() && info.Mode()&0o111 == 0 {
		return hideHost("access", name, syscall.EACCES)
	}
	return nil
}

// ReadFile returns the content of a file, up to limit bytes. A larger one is an error (EFBIG).
func (t *Tree) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := t.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = hideHost("read", name, syscall.EFBIG)
	}
	return data, err
}

// WriteFile replaces the content of a file, which is made with perm if it does not exist.
func (t *Tree) WriteFile(name string, data []byte, perm fs.FileMode) error {
	f, err := t.Open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Mkdir makes a directory.
func (t *Tree) Mkdir(name string, perm fs.FileMode) error {
	return t.create("mkdir", strings.TrimRight(name, "/"), func(p place) error {
		return p.mount.root.Mkdir(p.rel, perm.Perm()|0o700)
	})
}

// create makes a new entry with do.
func (t *Tree) create(op, name string, do func(place) error) error {
	p, err := t.resolve(op, name, false)
	if err != nil {
		return err
	}
	if _, err := t.lstat(p); err == nil {
		return hideHost(op, name, syscall.EEXIST)
	}
	if err := t.mayChange(p); err != nil {
		return hideHost(op, name, err)
	}
	if err := p.mount.quota.entry(); err != nil {
		return hideHost(op, name, err)
	}
	return hideHost(op, name, do(p))
}

// MkdirAll makes a directory and those above it, as far as they are missing.
func (t *Tree) MkdirAll(name string, perm fs.FileMode) error {
	if info, err := t.Stat(name); err == nil {
		if !info.IsDir() {
			return hideHost("mkdir", name, syscall.ENOTDIR)
		}
		return nil
	}
	name = strings.TrimRight(name, "/")
	if dir, _ := path.Split(name); dir != "" && dir != "/" {
		if err := t.MkdirAll(strings.TrimRight(dir, "/"), perm); err != nil {
			return err
		}
	}
	err := t.Mkdir(name, perm)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// Symlink makes name a symlink to target, which need not exist and is stored as it is.
func (t *Tree) Symlink(target, name string) error {
	if target == "" {
		return hideHost("symlink", name, syscall.ENOENT)
	}
	return t.create("symlink", name, func(p place) error { return p.mount.root.Symlink(target, p.rel) })
}

// Readlink returns the target of a symlink as it was stored.
func (t *Tree) Readlink(name string) (string, error) {
	p, err := t.resolve("readlink", name, false)
	if err != nil {
		return "", err
	}
	if _, ok := t.node(p); ok {
		return "", hideHost("readlink", name, syscall.EINVAL)
	}
	target, err := p.mount.root.Readlink(p.rel)
	return target, hideHost("readlink", name, err)
}

// Link makes name another name of the regular file at old, in the same mount.
func (t *Tree) Link(old, name string) error {
	from, err := t.resolve("link", old, false)
	if err != nil {
		return err
	}
	info, err := t.lstat(from)
	if err != nil {
		return hideHost("link", old, err)
	}
	_, virtual := t.node(from)
	if !info.Mode().IsRegular() || virtual || from.mount.file != "" {
		return hideHost("link", old, syscall.EPERM)
	}
	return t.create("link", name, func(p place) error {
		if p.mount != from.mount {
			return syscall.EXDEV
		}
		return p.mount.root.Link(from.rel, p.rel)
	})
}

// Remove removes a file, a symlink or an empty directory.
func (t *Tree) Remove(name string) error {
	p, err := t.writable("remove", name)
	if err != nil {
		return err
	}
	info, err := t.lstat(p)
	if err != nil {
		return hideHost("remove", name, err)
	}
	if info.IsDir() && len(t.virtualNames(p)) > 0 {
		return hideHost("remove", name, syscall.ENOTEMPTY)
	}
	if err := p.mount.root.Remove(p.rel); err != nil {
		return hideHost("remove", name, err)
	}
	p.mount.quota.removed(info)
	return nil
}

// RemoveAll removes name and what is below it. It goes on after an error and returns the first one.
// Mount points stay, what is in them goes, as with a real rm -r. A missing name is no error.
func (t *Tree) RemoveAll(name string) error {
	info, err := t.Lstat(name)
	if err != nil {
		if missing(err) {
			return nil
		}
		return err
	}
	var first error
	if info.IsDir() {
		first = t.removeEntries(name)
	}
	if err := t.Remove(name); first == nil && !missing(err) {
		first = err
	}
	return first
}

func (t *Tree) removeEntries(dir string) error {
	entries, first := t.ReadDir(dir)
	for _, e := range entries {
		if err := t.RemoveAll(path.Join(dir, e.Name())); first == nil {
			first = err
		}
	}
	return first
}

// Rename moves an entry. Between two mounts it fails with EXDEV; mv then copies.
func (t *Tree) Rename(from, to string) error {
	src, err := t.writable("rename", from)
	if err != nil {
		return err
	}
	if _, err := t.lstat(src); err != nil {
		return hideHost("rename", from, err)
	}
	dst, err := t.writable("rename", strings.TrimRight(to, "/"))
	if err != nil {
		return err
	}
	if src.mount != dst.mount {
		return hideHost("rename", from, syscall.EXDEV)
	}
	old, statErr := t.lstat(dst)
	if err := src.mount.root.Rename(src.rel, dst.rel); err != nil {
		return hideHost("rename", to, err)
	}
	if statErr == nil && src.path != dst.path {
		dst.mount.quota.removed(old)
	}
	return nil
}

// Chmod changes permission bits. The owner always keeps reading and writing, so that the lab's
// directory can be removed by the person who owns it; bits beyond 0777 are dropped.
func (t *Tree) Chmod(name string, perm fs.FileMode) error {
	p, err := t.existing("chmod", name)
	if err != nil {
		return err
	}
	keep := fs.FileMode(0o600)
	if info, err := t.lstat(p); err == nil && info.IsDir() {
		keep = 0o700
	}
	return hideHost("chmod", name, p.mount.root.Chmod(p.rel, perm.Perm()|keep))
}

// Chtimes changes the times of access and modification.
func (t *Tree) Chtimes(name string, atime, mtime time.Time) error {
	p, err := t.existing("chtimes", name)
	if err != nil {
		return err
	}
	return hideHost("chtimes", name, p.mount.root.Chtimes(p.rel, atime, mtime))
}

// existing resolves a file whose attributes are to be changed.
func (t *Tree) existing(op, name string) (place, error) {
	p, err := t.resolve(op, name, true)
	if err != nil {
		return p, err
	}
	if _, err := t.lstat(p); err != nil {
		return p, hideHost(op, name, err)
	}
	if _, ok := t.node(p); ok || p.mount.readOnly {
		return p, hideHost(op, name, syscall.EROFS)
	}
	return p, nil
}

// Truncate changes the size of a file.
func (t *Tree) Truncate(name string, size int64) error {
	f, err := t.Open(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), f.Close())
}

// Used returns how many bytes the tree has added to the disk, and how many it may add in all, mounts
// in memory apart.
func (t *Tree) Used() (used, limit int64) {
	t.quota.mu.Lock()
	defer t.quota.mu.Unlock()
	return t.quota.used, t.quota.limit
}
