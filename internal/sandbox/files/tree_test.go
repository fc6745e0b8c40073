package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

// newTree makes a tree over a fresh directory, which it returns too.
func newTree(t *testing.T, o Options) (*Tree, string) {
	t.Helper()
	if o.Root == "" {
		o.Root = t.TempDir()
	}
	tree, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tree.Close() })
	return tree, o.Root
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, tree *Tree, name string) string {
	t.Helper()
	data, err := tree.ReadFile(name, 1<<20)
	if err != nil {
		return "error: " + Reason(err)
	}
	return string(data)
}

func TestResolve(t *testing.T) {
	volume := t.TempDir()
	write(t, filepath.Join(volume, "in/volume.txt"), "volume")
	write(t, filepath.Join(volume, "single.txt"), "single")
	tree, root := newTree(t, Options{Mounts: []Mount{
		{Path: "/data", Source: volume},
		{Path: "/var/run/ro", Source: volume, ReadOnly: true},
		{Path: "/etc/single", Source: filepath.Join(volume, "single.txt")},
	}})
	write(t, filepath.Join(root, "etc/motd"), "motd")
	write(t, filepath.Join(root, "a/b/deep"), "deep")
	for name, target := range map[string]string{
		"abs": "/etc/motd", "rel": "a/b/deep", "up": "../../../../etc/motd", "a/b/up": "../../etc/motd",
		"tovolume": "/data/in", "loop": "loop", "two": "abs", "dangling": "/nowhere", "dir": "a",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/motd", filepath.Join(volume, "out")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"/etc/motd":                      "motd",
		"etc/motd":                       "motd",
		"//etc/./motd":                   "motd",
		"/abs":                           "motd",
		"/two":                           "motd",
		"/up":                            "motd",
		"/rel":                           "deep",
		"/dir/b/deep":                    "deep",
		"/dir/../etc/motd":               "motd", // ".." after a symlink is the target's parent
		"/a/b/up":                        "motd",
		"/tovolume/volume.txt":           "volume",
		"/tovolume/../single.txt":        "single",
		"/data/out":                      "motd", // an absolute link in a volume starts at the container's root
		"/var/run/ro/in/volume.txt":      "volume",
		"/etc/single":                    "single",
		"/../../../../../etc/motd":       "motd",
		"/loop":                          "error: Too many levels of symbolic links",
		"/dangling":                      "error: No such file or directory",
		"/etc/motd/x":                    "error: Not a directory",
		"/etc/motd/":                     "error: Not a directory",
		"/etc/single/x":                  "error: Not a directory",
		"/nope/../etc/motd":              "error: No such file or directory",
		"":                               "error: No such file or directory",
		"/" + strings.Repeat("x/", 2100): "error: File name too long",
		"/a\x00b":                        "error: Invalid argument",
		"/etc/motd/../motd":              "error: Not a directory",
	} {
		if got := read(t, tree, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// TestConfigMapUpdate swaps ..data as the kubelet does.
func TestConfigMapUpdate(t *testing.T) {
	volume := t.TempDir()
	write(t, filepath.Join(volume, "..2026_1/key"), "old")
	write(t, filepath.Join(volume, "..2026_2/key"), "new")
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(volume, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..2026_1", "..data")
	link("..data/key", "key")
	tree, _ := newTree(t, Options{Mounts: []Mount{{Path: "/config", Source: volume, ReadOnly: true}}})
	if got := read(t, tree, "/config/key"); got != "old" {
		t.Errorf("before: %s", got)
	}
	link("..2026_2", "..data_tmp")
	if err := os.Rename(filepath.Join(volume, "..data_tmp"), filepath.Join(volume, "..data")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, tree, "/config/key"); got != "new" {
		t.Errorf("after: %s", got)
	}
	if err := tree.WriteFile("/config/key", nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Errorf("write: %v", err)
	}
}

// TestOutside puts a secret beside the root and tries each operation on every way out.
func TestOutside(t *testing.T) {
	base := t.TempDir()
	root, secret := filepath.Join(base, "root"), filepath.Join(base, "secret")
	write(t, filepath.Join(secret, "canary"), "canary")
	write(t, filepath.Join(root, "inside"), "inside")
	for name, target := range map[string]string{
		"absdir": secret, "absfile": filepath.Join(secret, "canary"), "reldir": "../secret",
		"relfile": "../secret/canary", "proc": "/proc/self/root" + secret, "host": "/",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	tree, _ := newTree(t, Options{Root: root})
	for _, way := range []string{
		secret + "/canary", "/../secret/canary", "../../secret/canary", "/absdir/canary", "/absfile", "/reldir/canary",
		"/relfile", "/proc/canary", "/host" + secret + "/canary", "/inside/../../secret/canary", "/reldir/../secret/canary",
	} {
		for op, try := range attempts(tree, way) {
			err := try()
			if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), filepath.Dir(way), ""), base) {
				t.Errorf("%s %s: the error names a host path: %v", op, way, err)
			}
			data, readErr := os.ReadFile(filepath.Join(secret, "canary"))
			if readErr != nil || string(data) != "canary" {
				t.Fatalf("%s %s: the canary was changed: %q, %v", op, way, data, readErr)
			}
			if entries, _ := os.ReadDir(secret); len(entries) != 1 {
				t.Fatalf("%s %s: entries beside the canary: %v", op, way, entries)
			}
		}
	}
}

var errSeen = errors.New("the canary was seen")

// attempts are all operations on one path. Reading fails if the canary is seen.
func attempts(tree *Tree, way string) map[string]func() error {
	seen := func(data string, err error) error {
		if strings.Contains(data, "canary") {
			panic(errSeen)
		}
		return err
	}
	return map[string]func() error{
		"read":     func() error { data, err := tree.ReadFile(way, 100); return seen(string(data), err) },
		"write":    func() error { return tree.WriteFile(way, []byte("x"), 0o644) },
		"append":   func() error { return appendTo(tree, way) },
		"truncate": func() error { return tree.Truncate(way, 1) },
		"remove":   func() error { return tree.Remove(way) },
		"all":      func() error { return tree.RemoveAll(way) },
		"chmod":    func() error { return tree.Chmod(way, 0) },
		"mkdir":    func() error { return tree.MkdirAll(way+"x", 0o755) },
		"symlink":  func() error { return tree.Symlink("x", way+"y") },
		"rename":   func() error { return tree.Rename("/inside", way) },
		"back":     func() error { return tree.Rename(way, "/inside2") },
		"link":     func() error { return tree.Link(way, "/hard") },
		"fs": func() error {
			data, err := fs.ReadFile(tree.FS("/"), strings.TrimLeft(way, "/"))
			return seen(string(data), err)
		},
		"list": func() error { _, err := tree.ReadDir(filepath.Dir(way)); return err },
	}
}

func appendTo(tree *Tree, name string) error {
	f, err := tree.Open(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.WriteString(f, "x")
	return err
}

// TestSpecialFiles looks at a fifo and a socket that the host put into the root.
func TestSpecialFiles(t *testing.T) {
	tree, root := newTree(t, Options{})
	if err := syscall.Mkfifo(filepath.Join(root, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []int{os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_CREATE} {
		if _, err := tree.Open("/fifo", flag, 0); !errors.Is(err, syscall.ENXIO) {
			t.Errorf("flag %#x: %v", flag, err)
		}
	}
	if info, err := tree.Stat("/fifo"); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Errorf("stat: %v, %v", info, err)
	}
}

func TestDevices(t *testing.T) {
	tree, _ := newTree(t, Options{Programs: map[string]string{"/bin/ls": "ls"}})
	if err := tree.WriteFile("/dev/null", []byte("x"), 0); err != nil {
		t.Error(err)
	}
	if err := tree.WriteFile("/dev/full", []byte("x"), 0); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("/dev/full: %v", err)
	}
	if got := read(t, tree, "/dev/null"); got != "" {
		t.Errorf("/dev/null: %q", got)
	}
	if name, ok := tree.Program("/bin/../bin/ls"); !ok || name != "ls" {
		t.Errorf("program: %s, %v", name, ok)
	}
	for _, err := range []error{tree.Remove("/bin/ls"), tree.Remove("/dev/null"), tree.WriteFile("/bin/ls", nil, 0)} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("change of a virtual file: %v", err)
		}
	}
}

func TestQuota(t *testing.T) {
	tree, _ := newTree(t, Options{Quota: 100 << 10})
	fill := func(name string) int {
		f, err := tree.Open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n := 0
		for {
			k, err := f.Write(make([]byte, 7000))
			n += k
			if errors.Is(err, syscall.ENOSPC) {
				return n
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := fill("/a"); n != 99<<10 {
		t.Errorf("first file holds %d", n)
	}
	if n := fill("/a"); n != 99<<10 {
		t.Errorf("again %d", n)
	}
	if err := tree.WriteFile("/b", []byte("x"), 0o644); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	held, err := tree.Open("/a", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Remove("/a"); err != nil {
		t.Fatal(err)
	}
	if used, _ := tree.Used(); used < 90<<10 {
		t.Errorf("a removed file that is open is free: %d", used)
	}
	held.Close()
	if used, _ := tree.Used(); used != 0 {
		t.Errorf("used after the last close: %d", used)
	}
	if err := tree.Truncate("/a", 0); err == nil {
		t.Error("truncate made a file")
	}
	var last error
	for i := 0; i < 200 && last == nil; i++ {
		last = tree.Mkdir("/d"+strings.Repeat("x", i), 0o755)
	}
	if !errors.Is(last, syscall.ENOSPC) {
		t.Errorf("mkdir without end: %v", last)
	}
}

func TestReadOnlyRoot(t *testing.T) {
	volume := t.TempDir()
	tree, root := newTree(t, Options{ReadOnly: true, Mounts: []Mount{{Path: "/tmp", Source: volume}}})
	write(t, filepath.Join(root, "f"), "x")
	for name, err := range map[string]error{
		"write":  tree.WriteFile("/f", nil, 0o644),
		"create": tree.WriteFile("/new", nil, 0o644),
		"mkdir":  tree.Mkdir("/d", 0o755),
		"remove": tree.Remove("/f"),
		"chmod":  tree.Chmod("/f", 0o600),
		"access": tree.Access("/f", Write),
	} {
		if !errors.Is(err, syscall.EROFS) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tree.WriteFile("/tmp/f", []byte("x"), 0o644); err != nil {
		t.Error(err)
	}
	if err := tree.Rename("/tmp/f", "/tmp/g"); err != nil {
		t.Error(err)
	}
	if err := tree.Remove("/tmp"); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("remove of a mount point: %v", err)
	}
}

// TestWithin mounts a subPath that a container replaced by a symlink.
func TestWithin(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "secret/canary"), "canary")
	write(t, filepath.Join(base, "volume/ok/file"), "fine")
	for name, target := range map[string]string{"abs": filepath.Join(base, "secret"), "rel": "../secret"} {
		if err := os.Symlink(target, filepath.Join(base, "volume", name)); err != nil {
			t.Fatal(err)
		}
		_, err := Open(Options{Root: t.TempDir(), Mounts: []Mount{{Path: "/m", Within: filepath.Join(base, "volume"), Source: name}}})
		if err == nil || strings.Contains(err.Error(), base) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tree, _ := newTree(t, Options{Mounts: []Mount{{Path: "/m", Within: filepath.Join(base, "volume"), Source: "ok/file"}}})
	if got := read(t, tree, "/m"); got != "fine" {
		t.Errorf("file: %s", got)
	}
}

func TestPopulateAndFS(t *testing.T) {
	dir := t.TempDir()
	err := Populate(dir, map[string]Entry{
		"/usr/share/index.html": {Content: "hello"},
		"/run":                  {Mode: fs.ModeDir | 0o777},
		"/var/run":              {Link: "/run"},
		"/bin/script":           {Content: "#!/bin/sh\n", Mode: 0o755},
	})
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := newTree(t, Options{Root: dir})
	if err := fstest.TestFS(tree.FS("/usr"), "share/index.html"); err != nil && !strings.Contains(err.Error(), "ReadDir") {
		t.Error(err)
	}
	if err := tree.Access("/bin/script", Exec); err != nil {
		t.Error(err)
	}
	if err := tree.WriteFile("/var/run/pid", []byte("1"), 0o644); err != nil {
		t.Error(err)
	}
	if got := read(t, tree, "/run/pid"); got != "1" {
		t.Errorf("/run/pid: %s", got)
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"/a/b", "../..", "/link/x", "a/../../secret/canary", "/x/./../y//", "/loop"} {
		f.Add(seed, "../secret")
	}
	f.Fuzz(func(t *testing.T, name, target string) {
		base := t.TempDir()
		write(t, filepath.Join(base, "secret/canary"), "canary")
		if err := os.Mkdir(filepath.Join(base, "root"), 0o755); err != nil {
			t.Fatal(err)
		}
		tree, _ := newTree(t, Options{Root: filepath.Join(base, "root")})
		tree.Symlink(target, "/link")
		tree.MkdirAll("/a/b", 0o755)
		tree.Symlink(target, "/a/b/link")
		for _, name := range []string{name, "/link/" + name, "/a/b/link/" + name, target + name} {
			if data, err := tree.ReadFile(name, 100); err == nil && string(data) == "canary" {
				t.Fatalf("%q leads to the canary (link to %q)", name, target)
			}
			tree.WriteFile(name, []byte("x"), 0o644)
		}
		if data, err := os.ReadFile(filepath.Join(base, "secret/canary")); string(data) != "canary" {
			t.Fatalf("%q, %q: canary %q %v", name, target, data, err)
		}
	})
}
