package container_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	utilexec "k8s.io/utils/exec"

	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

func TestVolumesAreShared(t *testing.T) {
	p := newNode(t).pod("web")
	dir := p.volume("data")
	writer := p.sh("echo hello > /out/file; sleep 1000000")
	writer.Mounts = []*runtimeapi.Mount{{ContainerPath: "/out", HostPath: dir}}
	reader := p.sh("sleep 1000000")
	reader.Mounts = []*runtimeapi.Mount{{ContainerPath: "/in", HostPath: dir, Readonly: true}}
	p.start(writer)
	b := p.start(reader)
	eventually(t, "the file is there", func() bool {
		_, err := os.Stat(filepath.Join(dir, "file"))
		return err == nil
	})
	if got := b.run("cat", "/in/file"); got != "hello\n" {
		t.Errorf("read %q", got)
	}
	if _, _, err := b.runtime.ExecSync(t.Context(), b.id, []string{"sh", "-c", "echo x > /in/file"}, 0); err == nil {
		t.Error("a read-only mount was written to")
	}
}

func TestSingleFileMounts(t *testing.T) {
	p := newNode(t).pod("web")
	hosts := filepath.Join(p.pods, p.uid, "etc-hosts")
	message := filepath.Join(p.pods, p.uid, "containers", "main", "abc")
	p.volume("data")
	for _, file := range []string{hosts, message} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("from the kubelet\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := p.sh("cat /etc/hosts; echo goodbye > /dev/termination-log; exit 1")
	config.Mounts = []*runtimeapi.Mount{
		{ContainerPath: "/etc/hosts", HostPath: hosts},
		{ContainerPath: "/dev/termination-log", HostPath: message},
	}
	b := p.start(config)
	b.wait()
	if got := b.log(); got != "stdout F from the kubelet\n" {
		t.Errorf("/etc/hosts: %q", got)
	}
	if got, _ := os.ReadFile(message); string(got) != "goodbye\n" {
		t.Errorf("termination message %q", got)
	}
}

// What a Pod may not mount, whatever it asks for.
func TestMountsOfTheHostAreRefused(t *testing.T) {
	n := newNode(t)
	volumes := filepath.Join(n.dir, "provisioned")
	n = newNode(t, func(o *container.Options) { o.MountRoots = []string{volumes} })
	p, other := n.pod("web"), n.pod("other")
	secret := filepath.Join(n.dir, "host-secret")
	for _, file := range []string{secret, filepath.Join(other.volume("token"), "token"), filepath.Join(p.volume("token"), "token")} {
		if err := os.WriteFile(file, []byte("secret"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	own := p.volume("data")
	for link, target := range map[string]string{
		"root":     "/",
		"secret":   secret,
		"up":       "../../../../../../host-secret",
		"sibling":  "../token",
		"other":    other.volume("token"),
		"indirect": "sub/root",
	} {
		if err := os.Symlink(target, filepath.Join(own, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(own, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/", filepath.Join(own, "sub", "root")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(own, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "/etc", "/etc/passwd", "/proc/self", "/dev/sda", "", ".", "relative",
		n.dir, n.pods, filepath.Dir(n.pods), filepath.Join(n.pods, p.uid), volumes, filepath.Dir(volumes),
		filepath.Join(n.dir, "runtime"),
		other.volume("token"),
		own + "/../../../../../../host-secret",
		own + "/../../../../" + other.uid + "/volumes/kubernetes.io~empty-dir/token",
		own + "/root", own + "/root/etc", own + "/secret", own + "/up", own + "/sibling", own + "/other",
		own + "/indirect", own + "/sub/root", own + "/fifo", own + "/missing",
		volumes + "/../host-secret",
	} {
		config := p.sh("cat /m /m/token /m/etc/passwd")
		config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/m", HostPath: path}}
		id, err := n.runtime.CreateContainer(t.Context(), p.id, config, p.config)
		if err == nil {
			t.Errorf("%q was mounted as %s", path, id)
			continue
		}
		if text := status.Convert(err).Message(); !strings.HasPrefix(text, "failed to generate container") {
			t.Errorf("%q: %s", path, text)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(n.dir, "runtime", "containers")); len(left) > 0 {
		t.Errorf("files of refused containers are left: %v", left)
	}
}

// A path of the Pod's own directory that is no volume may be mounted by the kubelet only; a Pod that
// names it in a hostPath gets nothing but its own files.
func TestMountRoots(t *testing.T) {
	volumes := t.TempDir()
	n := newNode(t, func(o *container.Options) { o.MountRoots = []string{volumes} })
	p := n.pod("web")
	for _, dir := range []string{"pv-1/sub", "pv-2"} {
		if err := os.MkdirAll(filepath.Join(volumes, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(volumes, "pv-2", "file"), []byte("two"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../pv-2", filepath.Join(volumes, "pv-1", "link")); err != nil {
		t.Fatal(err)
	}
	for path, allowed := range map[string]bool{"pv-1": true, "pv-1/sub": true, "pv-2": true, "pv-1/link": false} {
		config := p.sh("sleep 1000000")
		config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/m", HostPath: filepath.Join(volumes, path)}}
		if _, err := n.runtime.CreateContainer(t.Context(), p.id, config, p.config); (err == nil) != allowed {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Links that a container makes in its volume lead nowhere, for it and for those who mount it.
func TestLinksInsideAContainer(t *testing.T) {
	n := newNode(t)
	secret := filepath.Join(n.dir, "host-secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := n.pod("web")
	dir := p.volume("data")
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"absolute": secret, "relative": "../../../../../../host-secret", "root": "/"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	config := p.sh("sleep 1000000")
	config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: dir}}
	b := p.start(config)
	for _, script := range []string{
		"cat /data/absolute", "cat /data/relative", "cat /data/fifo", "echo x > /data/fifo",
		"cat /data/root" + secret, "cd /data/root && cat ." + secret, "[ -e /data/absolute ]", "echo x > /data/absolute",
		". /data/absolute", "read x < /data/relative",
	} {
		stdout, _, err := b.runtime.ExecSync(t.Context(), b.id, []string{"sh", "-c", script}, 0)
		var exit utilexec.CodeExitError
		if !errors.As(err, &exit) || strings.Contains(string(stdout), "secret") {
			t.Errorf("%s: %q, %v", script, stdout, err)
		}
	}
	if got, _ := os.ReadFile(secret); string(got) != "secret" {
		t.Errorf("the host's file is now %q", got)
	}
}
