package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/clustertest"
	"github.com/k8slab/k8slab/internal/cluster/recorder/recordertest"
)

// witness is the provider with eyes for what it leaves behind.
type witness struct {
	Provider
	t   *testing.T
	dir string
}

func (w *witness) Create(ctx context.Context, spec cluster.Spec, progress func(string)) (cluster.Cluster, error) {
	w.dir = spec.Dir
	return w.Provider.Create(ctx, spec, progress)
}

func (w *witness) Leftovers(context.Context, string) ([]string, error) {
	var left []string
	for _, pid := range processesOf(w.t, w.dir) {
		left = append(left, fmt.Sprintf("process %d", pid))
	}
	if _, err := os.Stat(filepath.Join(w.dir, dataDir)); err == nil {
		left = append(left, filepath.Join(w.dir, dataDir))
	}
	return left, nil
}

func TestProvider(t *testing.T) {
	clustertest.Run(t, &witness{Provider: Provider{CacheDir: t.TempDir()}, t: t})
}

func TestRecorder(t *testing.T) {
	c, _ := sharedCluster(t)
	recordertest.Run(t, configOf(t, c))
}

func TestSeed(t *testing.T) {
	spec, p := newLab(t)
	if err := CheckSeed(p.CacheDir); !errors.Is(err, errNoSeed) {
		t.Fatalf("before the first start: %v", err)
	}
	roles := countRoles(t, start(t, p, spec), spec)
	if err := CheckSeed(p.CacheDir); err != nil {
		t.Fatalf("after the first start: %v", err)
	}
	fromSeed := start(t, p, spec)
	if log := readLog(t, spec); strings.Contains(log, "Starting without a seed") {
		t.Error("the second start did not use the seed")
	}
	if got := countRoles(t, fromSeed, spec); got != roles || got < 50 {
		t.Errorf("a cluster from the seed has %d cluster roles, one without it %d", got, roles)
	}
}

// countRoles also closes the cluster.
func countRoles(t *testing.T, c cluster.Cluster, spec cluster.Spec) int {
	t.Helper()
	roles, err := clientOf(t, c).RbacV1().ClusterRoles().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return len(roles.Items)
}

func readLog(t *testing.T, spec cluster.Spec) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(spec.Dir, LogName))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

func TestUnusableSeedIsMadeAnew(t *testing.T) {
	good := &seed{Version: seedVersion(), Pairs: []seedPair{{[]byte("/registry/x"), []byte("y")}}}
	old := &seed{Version: "v1.35.0-1"}
	for _, test := range []struct {
		name  string
		spoil func(path string) error
		want  string
	}{
		{"damaged", func(path string) error { return flipLastByte(path) }, "is damaged"},
		{"cut short", func(path string) error { return os.Truncate(path, 7) }, "is cut short"},
		{"of another version", old.write, "is of version v1.35.0-1"},
		{"a directory", func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) }, "is a directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := seedPath(t.TempDir())
			if err := errors.Join(good.write(path), test.spoil(path)); err != nil {
				t.Fatal(err)
			}
			_, err := readSeed(path)
			if !errors.Is(err, errNoSeed) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("and the cluster starts all the same", func(t *testing.T) {
		spec, p := newLab(t)
		if err := errors.Join(good.write(seedPath(p.CacheDir)), flipLastByte(seedPath(p.CacheDir))); err != nil {
			t.Fatal(err)
		}
		start(t, p, spec)
		if err := CheckSeed(p.CacheDir); err != nil {
			t.Errorf("the seed was not mended: %v", err)
		}
	})
}

func flipLastByte(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	content[len(content)-1] ^= 1
	return os.WriteFile(path, content, 0o600)
}

func TestTwoLabsSideBySide(t *testing.T) {
	_, client := sharedCluster(t)
	spec, p := newLab(t)
	other := clientOf(t, start(t, p, spec))
	first, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := other.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Items) != 2 || len(second.Items) != 1 {
		t.Errorf("%d and %d nodes, want 2 and 1", len(first.Items), len(second.Items))
	}
}

func TestKilledClusterIsAnError(t *testing.T) {
	spec, p := newLab(t)
	c := start(t, p, spec)
	for _, pid := range processesOf(t, spec.Dir) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-c.Done():
	case <-time.After(time.Minute):
		t.Fatal("Done was not closed")
	}
	var broken *cluster.Error
	if err := c.Err(); !errors.As(err, &broken) || broken.Log != filepath.Join(spec.Dir, LogName) || broken.Hint == "" {
		t.Errorf("got %#v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	start(t, p, spec) // in the same directory
}

func TestClusterDiesWithItsParent(t *testing.T) {
	spec, p := newLab(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), parentVariable+"="+spec.Dir)
	parent.Stderr = os.Stderr
	stdout, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parent.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	if n := len(processesOf(t, spec.Dir)); n != 1 {
		t.Fatalf("%d processes, want 1", n)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	eventually(t, "the cluster is gone", func(context.Context) (bool, error) { return len(processesOf(t, spec.Dir)) == 0, nil })
	start(t, p, spec) // what is left in the directory is not in the way
}

func TestCannotStart(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(t *testing.T, spec *cluster.Spec, p *Provider)
		want    string
		hint    string
	}{
		{"too many nodes", func(_ *testing.T, spec *cluster.Spec, _ *Provider) { spec.Nodes = 4 },
			"4 nodes asked for, 1 to 3 are possible", "again"},
		{"no directory", func(_ *testing.T, spec *cluster.Spec, _ *Provider) { spec.Dir = "/dev/null/lab" },
			"not a directory", "XDG_STATE_HOME"},
		{"the process cannot be started", func(_ *testing.T, _ *cluster.Spec, p *Provider) { p.Executable = "/nonexistent" },
			"no such file", "again"},
		{"the process ends at once", func(_ *testing.T, _ *cluster.Spec, p *Provider) { p.Executable = "/bin/false" },
			"exit status 1", "again"},
		{"the seed cannot be kept", func(t *testing.T, _ *cluster.Spec, p *Provider) { p.CacheDir = "/dev/null" }, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, p := newLab(t)
			test.prepare(t, &spec, &p)
			c, err := p.Create(t.Context(), spec, nil)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = c.Close(t.Context())
				return
			}
			var broken *cluster.Error
			if !errors.As(err, &broken) || !strings.Contains(err.Error(), test.want) || !strings.Contains(broken.Hint, test.hint) {
				t.Errorf("got %v, hint %q", err, broken.Hint)
			}
			if left := processesOf(t, spec.Dir); len(left) > 0 {
				t.Errorf("processes are left: %v", left)
			}
		})
	}
}

// TestFullDisk runs on a file system of 5 MB, which root can make.
func TestFullDisk(t *testing.T) {
	spec, p := newLab(t)
	if err := syscall.Mount("tmpfs", spec.Dir, "tmpfs", 0, "size=5m"); err != nil {
		t.Logf("no small file system can be mounted here (%v); the message is tested without one", err)
		err := fmt.Errorf("%w: 5 MB", errDiskFull)
		if !strings.Contains(hint(err, spec.Dir), "Free some space") {
			t.Errorf("hint %q", hint(err, spec.Dir))
		}
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(spec.Dir, 0) })
	_, err := p.Create(t.Context(), spec, nil)
	var broken *cluster.Error
	if !errors.As(err, &broken) || !errors.Is(err, errDiskFull) || !strings.Contains(broken.Hint, "Free some space") {
		t.Errorf("got %v, hint %q", err, broken.Hint)
	}
}
