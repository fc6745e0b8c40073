package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Limits of a workspace as kubectl gets it. A workspace is text that somebody
// wrote; what is larger is a mistake or an attack.
const (
	maxWorkspaceFiles = 1000
	maxWorkspaceFile  = 1 << 20 // bytes
	maxWorkspace      = 8 << 20 // bytes of all files
)

// snapshot copies the workspace into a directory that is empty. The copy has only
// regular files: a link inside the workspace becomes what it leads to, and one
// that leads out of it is refused, as is a workspace that is too large.
func (d *LabDir) snapshot(to string) (*Refusal, error) {
	workspace, err := os.OpenRoot(d.Workspace())
	if err != nil {
		return nil, fmt.Errorf("copy the workspace: %w", err)
	}
	defer workspace.Close()
	s := snapshot{from: workspace, to: to}
	err = fs.WalkDir(workspace.FS(), ".", s.visit)
	if s.refusal != nil {
		return s.refusal, nil
	}
	if err != nil {
		return nil, fmt.Errorf("copy the workspace: %w", err)
	}
	return nil, nil
}

// snapshot is a copy that is being made.
type snapshot struct {
	from    *os.Root
	to      string
	files   int
	bytes   int64
	refusal *Refusal
}

// errRefused ends the walk; why is in the refusal.
var errRefused = errors.New("refused")

func (s *snapshot) refuse(remedy, format string, args ...any) error {
	s.refusal = &Refusal{Reason: fmt.Sprintf(format, args...), Remedy: remedy}
	return errRefused
}

func (s *snapshot) visit(name string, e fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return err
	case e.IsDir():
		return os.MkdirAll(filepath.Join(s.to, name), labDirMode)
	case s.files == maxWorkspaceFiles:
		return s.refuse("Keep in it only what the lesson needs.", "the workspace has more than %d files", maxWorkspaceFiles)
	}
	s.files++
	info, err := s.from.Stat(name)
	switch {
	case e.Type()&fs.ModeSymlink != 0 && err != nil:
		return s.refuse("Put the file itself there.", "%s is a symbolic link that leads out of the workspace, or nowhere", name)
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed a moment ago
	case err != nil:
		return err
	case info.IsDir():
		return s.refuse("Put the directory itself there.", "%s is a symbolic link to a directory", name)
	case !info.Mode().IsRegular():
		return s.refuse("Remove it.", "%s is no regular file", name)
	}
	return s.copy(name, info.Size())
}

func (s *snapshot) copy(name string, size int64) error {
	if size > maxWorkspaceFile || s.bytes+size > maxWorkspace {
		return s.refuse(fmt.Sprintf("A file may have %d KiB, all of them %d KiB.", maxWorkspaceFile>>10, maxWorkspace>>10),
			"the workspace is too large: %s has %d KiB", name, size>>10)
	}
	s.bytes += size
	content, err := s.from.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.to, filepath.FromSlash(strings.TrimPrefix(name, "/"))), content, labFileMode)
}
