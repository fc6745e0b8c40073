package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
)

// File is an open file, directory or virtual device of a tree.
type File struct {
	tree   *Tree
	quota  *quota // nil for a virtual node
	path   string
	f      *os.File // nil for a virtual node
	append bool
	held   Inode // not zero if the file is open for writing
	node   *node
	device device
}

// Open opens a file or directory. Flags are those of package os; perm is for a file that is made.
// Symlinks are followed. Errors are *fs.PathError with name as it was given.
func (t *Tree) Open(name string, flag int, perm fs.FileMode) (*File, error) {
	f, err := t.open(name, flag, perm)
	if err != nil {
		return nil, hideHost("open", name, err)
	}
	return f, nil
}

func (t *Tree) open(name string, flag int, perm fs.FileMode) (*File, error) {
	writing := flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND) != 0
	p, err := t.resolve("open", name, flag&os.O_EXCL == 0)
	if err != nil {
		return nil, err
	}
	info, err := t.lstat(p)
	switch {
	case err == nil:
		if err := openable(info, flag); err != nil {
			return nil, err
		}
	case !missing(err) || flag&os.O_CREATE == 0:
		return nil, err
	}
	if n, ok := t.node(p); ok {
		if writing && n.program != "" {
			return nil, syscall.EROFS
		}
		return n.open(t, name), nil
	}
	if writing && p.mount.readOnly {
		return nil, syscall.EROFS
	}
	if info == nil {
		if err := p.mount.quota.entry(); err != nil {
			return nil, err
		}
	}
	return t.openPlace(p, name, flag, perm)
}

// openable says why an existing file cannot be opened with flag.
func openable(info *Info, flag int) error {
	mode := info.Mode()
	switch {
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return syscall.EEXIST
	case mode&fs.ModeSymlink != 0:
		return syscall.ELOOP
	case mode.IsDir() && flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE) != 0:
		return syscall.EISDIR
	case mode&fs.ModeCharDevice != 0 && info.FileInfo.Sys() == nil:
		return nil // one of our virtual devices
	case !mode.IsRegular() && !mode.IsDir():
		return syscall.ENXIO
	}
	return nil
}

// openPlace opens what is on the disk. It is looked at again afterwards: a fifo or a device that
// took the file's place in between is closed at once, and opening it did not block.
func (t *Tree) openPlace(p place, name string, flag int, perm fs.FileMode) (*File, error) {
	truncate := flag&os.O_TRUNC != 0
	appending := flag&os.O_APPEND != 0
	f, err := p.mount.root.OpenFile(p.rel, flag&^os.O_TRUNC|syscall.O_NONBLOCK, perm.Perm()|0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = syscall.ENXIO
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	file := &File{tree: t, quota: p.mount.quota, path: name, f: f, append: appending}
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		file.held = (&Info{FileInfo: info}).Inode()
		file.quota.hold(file.held)
	}
	if truncate {
		if err := file.Truncate(0); err != nil {
			file.Close()
			return nil, err
		}
	}
	return file, nil
}

// Name is the path that the file was opened with.
func (f *File) Name() string { return f.path }

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) {
	if f.node != nil {
		return f.node.info(path.Base(f.path)), nil
	}
	info, err := f.f.Stat()
	if err != nil {
		return nil, hideHost("stat", f.path, err)
	}
	return &Info{FileInfo: info, name: path.Base(f.path)}, nil
}

// Read reads from the file.
func (f *File) Read(b []byte) (int, error) {
	if f.node == nil {
		n, err := f.f.Read(b)
		return n, f.wrap("read", err)
	}
	if f.device.read == nil {
		return 0, f.wrap("read", syscall.EBADF)
	}
	n, err := f.device.read(b)
	return n, f.wrap("read", err)
}

// Write writes to the file, as far as the tree's quota allows.
func (f *File) Write(b []byte) (int, error) {
	if f.node != nil {
		if f.device.write == nil {
			return 0, f.wrap("write", syscall.EBADF)
		}
		n, err := f.device.write(b)
		return n, f.wrap("write", err)
	}
	n, err := f.charge(b)
	return n, f.wrap("write", err)
}

// charge writes under the quota's lock, so that concurrent writers are counted right.
func (f *File) charge(b []byte) (int, error) {
	q := f.quota
	q.mu.Lock()
	defer q.mu.Unlock()
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	pos := info.Size()
	if !f.append {
		if pos, err = f.f.Seek(0, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	growth := max(0, pos+int64(len(b))-info.Size())
	granted := q.take(growth)
	short := growth - granted
	if short >= int64(len(b)) && len(b) > 0 {
		q.give(granted)
		return 0, syscall.ENOSPC
	}
	n, err := f.f.Write(b[:int64(len(b))-short])
	if err == nil && short > 0 {
		err = syscall.ENOSPC
	}
	return n, err
}

// Seek moves the position. A device has none.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if f.node != nil {
		return 0, nil
	}
	pos, err := f.f.Seek(offset, whence)
	return pos, f.wrap("seek", err)
}

// Truncate changes the size.
func (f *File) Truncate(size int64) error {
	if f.node != nil {
		return nil
	}
	err := f.quota.resized(f.f, size, func() error { return f.f.Truncate(size) })
	return f.wrap("truncate", err)
}

// ReadDir lists an open directory as fs.ReadDirFile has it, virtual entries included.
func (f *File) ReadDir(n int) ([]fs.DirEntry, error) {
	if f.node != nil {
		return nil, f.wrap("readdir", syscall.ENOTDIR)
	}
	if n > 0 {
		return nil, f.wrap("readdir", syscall.EINVAL) // nobody reads directories in pieces
	}
	entries, err := f.tree.ReadDir(f.path)
	return entries, err
}

// Close closes the file.
func (f *File) Close() error {
	if f.node != nil {
		return nil
	}
	if f.held != (Inode{}) {
		size := int64(0)
		if info, err := f.f.Stat(); err == nil {
			size = info.Size()
		}
		f.quota.release(f.held, size)
		f.held = Inode{}
	}
	return f.wrap("close", f.f.Close())
}

// wrap gives an error the container's path; io.EOF stays what it is.
func (f *File) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return hideHost(op, f.path, err)
}

// ReadDir lists a directory by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := t.readDir(name)
	if err != nil {
		return nil, hideHost("readdir", name, err)
	}
	return entries, nil
}

func (t *Tree) readDir(name string) ([]fs.DirEntry, error) {
	p, err := t.resolve("readdir", name, true)
	if err != nil {
		return nil, err
	}
	info, err := t.lstat(p)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, syscall.ENOTDIR
	}
	names, err := p.names()
	if err != nil {
		return nil, err
	}
	names = append(names, t.virtualNames(p)...)
	slices.Sort(names)
	var entries []fs.DirEntry
	for _, base := range slices.Compact(names) {
		// An entry that vanished in between is left out.
		if info, err := t.lstat(t.at(path.Join(p.path, base))); err == nil {
			entries = append(entries, entry{info})
		}
	}
	return entries, nil
}

// names are those of the entries on the disk.
func (p place) names() ([]string, error) {
	dir, err := p.mount.root.OpenFile(p.rel, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// virtualNames are those of the nodes in a directory.
func (t *Tree) virtualNames(p place) []string {
	var names []string
	if p.mount != t.rootMount() {
		return nil
	}
	for name := range t.nodes {
		if path.Dir(name) == p.path {
			names = append(names, path.Base(name))
		}
	}
	return names
}
