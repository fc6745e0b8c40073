package files

import (
	"io/fs"
	"os"
	"path"
)

// FS returns the directory dir of the tree as an fs.FS, for example for http.FS. Names are
// resolved as the container does: a symlink in dir may lead out of dir, not out of the container.
func (t *Tree) FS(dir string) fs.FS { return subtree{t, dir} }

// subtree is a directory of a tree.
type subtree struct {
	tree *Tree
	dir  string
}

// Open opens a file for reading.
func (s subtree) Open(name string) (fs.File, error) {
	full, err := s.name("open", name)
	if err != nil {
		return nil, err
	}
	return s.tree.Open(full, os.O_RDONLY, 0)
}

// Stat describes a file.
func (s subtree) Stat(name string) (fs.FileInfo, error) {
	full, err := s.name("stat", name)
	if err != nil {
		return nil, err
	}
	return s.tree.Stat(full)
}

// ReadDir lists a directory.
func (s subtree) ReadDir(name string) ([]fs.DirEntry, error) {
	full, err := s.name("readdir", name)
	if err != nil {
		return nil, err
	}
	return s.tree.ReadDir(full)
}

func (s subtree) name(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return path.Join(s.dir, name), nil
}
