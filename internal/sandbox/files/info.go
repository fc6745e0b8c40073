package files

import (
	"io/fs"
	"syscall"
)

// Info describes a file of the tree. It is an fs.FileInfo whose Sys is nil: what the
// host knows besides (owner, device) is none of the container's business.
type Info struct {
	fs.FileInfo
	name string
}

// Name is the base name in the container.
func (i *Info) Name() string { return i.name }

// Sys is nil.
func (i *Info) Sys() any { return nil }

// Links is the number of hard links.
func (i *Info) Links() uint64 {
	if st, ok := i.FileInfo.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink) //nolint:unconvert // the type differs between systems
	}
	return 1
}

// Inode identifies the file's data among the files of a tree.
func (i *Info) Inode() Inode {
	if st, ok := i.FileInfo.Sys().(*syscall.Stat_t); ok {
		return Inode{Device: uint64(st.Dev), Number: st.Ino} //nolint:unconvert // as above
	}
	return Inode{}
}

// Inode is the identity of a file on the disk.
type Inode struct{ Device, Number uint64 }

// Blocks is the room that the file takes on the disk, in units of 512 bytes.
func (i *Info) Blocks() int64 {
	if st, ok := i.FileInfo.Sys().(*syscall.Stat_t); ok {
		return st.Blocks
	}
	return 0
}

// entry is an Info as a directory entry.
type entry struct{ info *Info }

func (e entry) Name() string               { return e.info.Name() }
func (e entry) IsDir() bool                { return e.info.IsDir() }
func (e entry) Type() fs.FileMode          { return e.info.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e.info, nil }
