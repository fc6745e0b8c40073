package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

func TestSnapshot(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		add     func(workspace string) error
		refused string
	}{
		{"files", func(string) error { return nil }, ""},
		{"a link inside", func(w string) error { return os.Symlink("a/web.yaml", filepath.Join(w, "link.yaml")) }, ""},
		{"a link out", func(w string) error { return os.Symlink(outside, filepath.Join(w, "link.yaml")) }, "link.yaml is a symbolic link that leads out of the workspace"},
		{"a relative link out", func(w string) error { return os.Symlink("../../../../../../etc/passwd", filepath.Join(w, "link.yaml")) }, "link.yaml is a symbolic link"},
		{"a link to a directory outside", func(w string) error { return os.Symlink(filepath.Dir(outside), filepath.Join(w, "dir")) }, "dir is a symbolic link"},
		{"a link to a directory", func(w string) error { return os.Symlink("a", filepath.Join(w, "dir")) }, "dir is a symbolic link to a directory"},
		{"a large file", func(w string) error {
			return os.WriteFile(filepath.Join(w, "large"), make([]byte, maxWorkspaceFile+1), 0o600)
		}, "too large: large has 1024 KiB"},
		{"large in all", func(w string) error {
			for i := range maxWorkspace/maxWorkspaceFile + 1 {
				if err := os.WriteFile(filepath.Join(w, "large"+string(rune('a'+i))), make([]byte, maxWorkspaceFile), 0o600); err != nil {
					return err
				}
			}
			return nil
		}, "the workspace is too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := ClaimLab(t.TempDir(), "lab")
			if err != nil {
				t.Fatal(err)
			}
			if err := d.fill([]lesson.File{{Path: "a/web.yaml", Data: []byte("kind: Pod")}}); err != nil {
				t.Fatal(err)
			}
			if err := test.add(d.Workspace()); err != nil {
				t.Fatal(err)
			}
			copied := t.TempDir()
			refusal, err := d.snapshot(copied)
			switch {
			case err != nil:
				t.Fatal(err)
			case test.refused != "":
				if refusal == nil || !strings.Contains(refusal.Reason, test.refused) || refusal.Remedy == "" {
					t.Errorf("got %+v", refusal)
				}
				return
			case refusal != nil:
				t.Fatalf("refused: %+v", refusal)
			}
			for _, name := range []string{"a/web.yaml", "link.yaml"} {
				info, err := os.Lstat(filepath.Join(copied, name))
				if name == "link.yaml" && test.name == "files" {
					continue
				}
				if err != nil || !info.Mode().IsRegular() {
					t.Errorf("%s: %v, %v", name, info, err)
				}
			}
		})
	}
}
