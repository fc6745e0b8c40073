package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/volume"
)

// What upstream's documentation says of the types of a hostPath.
func TestTypesOfHostPath(t *testing.T) {
	files := filepath.Join(t.TempDir(), "root")
	for _, dir := range []string{files, filepath.Join(files, "dir")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(files, "dir", "file"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(files, "out")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path, kind, err string
		made            bool
	}{
		{path: "/", kind: "Directory"},
		{path: "/dir", kind: "Directory"},
		{path: "/dir/file", kind: "File"},
		{path: "/dir/file", kind: "FileOrCreate"},
		{path: "/dir/file", kind: ""},
		{path: "/dir", kind: "File", err: "hostPath type check failed: /dir is not a file"},
		{path: "/dir/file", kind: "Directory", err: "hostPath type check failed: /dir/file is not a directory"},
		{path: "/none", kind: "Directory", err: "hostPath type check failed: /none is not a directory"},
		{path: "/dir/file", kind: "Socket", err: "hostPath type check failed: /dir/file is not a socket file"},
		{path: "/dev/null", kind: "CharDevice", err: "hostPath type check failed: /dev/null is not a character device"},
		{path: "/dev/sda", kind: "BlockDevice", err: "hostPath type check failed: /dev/sda is not a block device"},
		{path: "/a/new/dir", kind: "DirectoryOrCreate", made: true},
		{path: "/any", kind: "", made: true},
		{path: "/dir/new", kind: "FileOrCreate", made: true},
		{path: "/new/file", kind: "FileOrCreate", err: "no such file or directory"},
		{path: "/out/made", kind: "DirectoryOrCreate", err: "hostPath type check failed: /out/made is not a directory"},
		{path: "/out", kind: "Directory", err: "hostPath type check failed: /out is not a directory"},
		{path: "/../made", kind: "DirectoryOrCreate", made: true},
	} {
		m := hostPathMounter{files: files, path: test.path, kind: corev1.HostPathType(test.kind)}
		switch err := m.SetUp(volume.MounterArgs{}); {
		case test.err == "" && err != nil, test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s of type %q: got %v, want %q", test.path, test.kind, err, test.err)
		}
		if test.made && !exists(filepath.Join(files, filepath.Join("/", test.path))) {
			t.Errorf("%s of type %q was not made", test.path, test.kind)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(files)); err != nil || len(entries) != 1 {
		t.Errorf("beside the node's files there are %v, %v", entries, err)
	}
}
