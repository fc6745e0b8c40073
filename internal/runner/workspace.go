package runner

import (
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// maxManifest is the largest file of a workspace that checks are given.
const maxManifest = 1 << 20

// read returns a file of the workspace.
func (d *LabDir) read(name string) ([]byte, error) {
	workspace, err := os.OpenRoot(d.Workspace())
	if err != nil {
		return nil, err
	}
	defer workspace.Close()
	return workspace.ReadFile(name)
}

// Manifests returns the YAML and JSON files of the workspace by path: what the
// learner submits.
func (d *LabDir) Manifests() (map[string][]byte, error) { return d.manifests() }

func (d *LabDir) manifests() (map[string][]byte, error) {
	workspace, err := os.OpenRoot(d.Workspace())
	if err != nil {
		return nil, err
	}
	defer workspace.Close()
	found := map[string][]byte{}
	err = fs.WalkDir(workspace.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !isManifest(name) {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxManifest {
			return fmt.Errorf("%s is larger than %d bytes, which no manifest is", name, maxManifest)
		}
		found[name], err = workspace.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the workspace: %w", err)
	}
	return found, nil
}

// filesOf returns the regular files of a directory.
func filesOf(root *os.Root) ([]lesson.File, error) {
	var files []lesson.File
	err := fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		content, err := root.ReadFile(name)
		files = append(files, lesson.File{Path: name, Data: content})
		return err
	})
	return files, err
}

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}
