package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// begin returns a directory whose workspace is a copy of the lab's as it was when a
// step was entered for the first time. It is needed if something reads it there; else
// a workspace that cannot be copied is let be.
func (d *LabDir) begin(step string, again, needed bool) (*LabDir, error) {
	b := &LabDir{Name: d.Name, Path: filepath.Join(d.file(beginDir), step)}
	if _, err := os.Stat(b.Workspace()); again && err == nil {
		return b, nil
	}
	if err := os.RemoveAll(b.Path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.Path, labDirMode); err != nil {
		return nil, err
	}
	refusal, err := d.snapshotBeside(b)
	if refusal != nil && needed {
		return nil, fmt.Errorf("%s. %s", refusal.Reason, refusal.Remedy)
	}
	return b, err
}

// snapshotBeside copies the workspace, whole or not at all.
func (d *LabDir) snapshotBeside(b *LabDir) (*Refusal, error) {
	half := b.file("half")
	if err := os.Mkdir(half, labDirMode); err != nil {
		return nil, err
	}
	refusal, err := d.snapshot(half)
	if refusal != nil || err != nil {
		return refusal, errors.Join(err, os.RemoveAll(half))
	}
	return nil, os.Rename(half, b.Workspace())
}

// Begin makes the files that a step begins with those of somebody who has done all steps before.
func (d *LabDir) Begin(step string, l *lesson.Lesson) error {
	begin := &LabDir{Name: d.Name, Path: filepath.Join(d.file(beginDir), step)}
	if err := os.RemoveAll(begin.Path); err != nil {
		return fmt.Errorf("replace what step %q begins with: %w", step, err)
	}
	return begin.Fill(l.FilesBefore(step))
}

// Restore gives the files of the workspace back that a step began with, or, if that
// is not known, those that it would have begun with. Files that came since then stay.
func (d *LabDir) Restore(step string, l *lesson.Lesson) error {
	begin := &LabDir{Name: d.Name, Path: filepath.Join(d.file(beginDir), step)}
	files, err := begin.files()
	if errors.Is(err, os.ErrNotExist) {
		files, err = l.FilesBefore(step), nil
	}
	if err != nil {
		return fmt.Errorf("read what step %q began with: %w", step, err)
	}
	return d.Fill(files)
}

// files returns all files of the workspace.
func (d *LabDir) files() ([]lesson.File, error) {
	workspace, err := os.OpenRoot(d.Workspace())
	if err != nil {
		return nil, err
	}
	defer workspace.Close()
	return filesOf(workspace)
}
