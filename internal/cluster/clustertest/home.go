package clustertest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Home is a home directory with a kubeconfig that is nobody else's business.
type Home struct {
	dir    string
	before map[string]file
}

// file is what a look at a file must find unchanged.
type file struct {
	content string
	changed time.Time
}

// NewHome makes a home directory and lets everything that looks for the user's
// kubeconfig find one: by HOME, and by KUBECONFIG in a second place.
func NewHome(t *testing.T) *Home {
	cache, err := os.UserCacheDir()
	if err == nil {
		t.Setenv("XDG_CACHE_HOME", cache) // is under HOME by default, and costly to fill
	}
	h := &Home{dir: t.TempDir()}
	t.Setenv("HOME", h.dir)
	t.Setenv("KUBECONFIG", filepath.Join(h.dir, "work", "kubeconfig"))
	h.write(t, ".kube/config")
	h.write(t, "work/kubeconfig")
	h.before = h.files(t)
	return h
}

func (h *Home) write(t *testing.T, name string) {
	path := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	const sentinel = "# not a file of k8slab\napiVersion: v1\nkind: Config\n"
	if err := os.WriteFile(path, []byte(sentinel), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// Check reports every file that was added, removed or written to since NewHome.
// Times of directories count: they tell of a lock that came and went.
func (h *Home) Check(t *testing.T) {
	t.Helper()
	after := h.files(t)
	for name, was := range h.before {
		if is, ok := after[name]; !ok || is != was {
			t.Errorf("in the home directory %s changed: %+v, was %+v", name, is, was)
		}
	}
	var added []string
	for name := range after {
		if _, ok := h.before[name]; !ok {
			added = append(added, name)
		}
	}
	if slices.Sort(added); len(added) > 0 {
		t.Errorf("new in the home directory: %q", added)
	}
}

func (h *Home) files(t *testing.T) map[string]file {
	files := map[string]file{}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		f := file{changed: info.ModTime()}
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f.content = string(content)
		}
		files[path] = f
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
