package files

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

// Entry is a file that an image brings along.
type Entry struct {
	Content string
	Mode    fs.FileMode // permission bits (0 means 0644, or 0755 for a directory); fs.ModeDir makes a directory
	Link    string      // if set, the entry is a symlink with this target
}

// Populate writes the files of an image, given by their absolute path in the container, into the
// host directory dir. Missing directories are made. It is the base of a container and not counted
// against a quota.
func Populate(dir string, image map[string]Entry) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open container root: %w", err)
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(image)) {
		rel := strings.TrimPrefix(path.Clean("/"+name), "/")
		if err := populate(root, rel, image[name]); err != nil {
			return fmt.Errorf("image file: %w", hideHost("create", name, err))
		}
	}
	return nil
}

func populate(root *os.Root, rel string, e Entry) error {
	if e.Mode.IsDir() {
		return populateDir(root, rel, e.Mode.Perm())
	}
	if err := root.MkdirAll(path.Dir(rel), 0o755); err != nil {
		return err
	}
	if e.Link != "" {
		return root.Symlink(e.Link, rel)
	}
	perm := e.Mode.Perm()
	if perm == 0 {
		perm = 0o644
	}
	if err := root.WriteFile(rel, []byte(e.Content), perm|0o600); err != nil {
		return err
	}
	return root.Chmod(rel, perm|0o600)
}

func populateDir(root *os.Root, rel string, perm fs.FileMode) error {
	if perm == 0 {
		perm = 0o755
	}
	if rel == "" {
		return nil
	}
	if err := root.MkdirAll(rel, 0o755); err != nil {
		return err
	}
	return root.Chmod(rel, perm|0o700)
}
