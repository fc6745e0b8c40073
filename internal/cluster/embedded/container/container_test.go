package container_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

const (
	created = runtimeapi.ContainerState_CONTAINER_CREATED
	running = runtimeapi.ContainerState_CONTAINER_RUNNING
	exited  = runtimeapi.ContainerState_CONTAINER_EXITED
)

func TestLifeOfAContainer(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.create(p.container("nginx:1.25"))
	s := b.status()
	if s.GetState() != created || s.GetCreatedAt() == 0 || s.GetStartedAt() != 0 {
		t.Errorf("after create: %v", s)
	}
	if err := n.runtime.StartContainer(t.Context(), b.id); err != nil {
		t.Fatal(err)
	}
	if s = b.status(); s.GetState() != running || s.GetStartedAt() <= s.GetCreatedAt() {
		t.Errorf("after start: %v", s)
	}
	if err := n.runtime.StartContainer(t.Context(), b.id); err == nil {
		t.Error("a running container was started")
	}
	b.stop(30)
	s = b.status()
	if s.GetState() != exited || s.GetExitCode() != 0 || s.GetReason() != "Completed" || s.GetFinishedAt() <= s.GetStartedAt() {
		t.Errorf("after stop: %v", s)
	}
	b.stop(30)
	for range 2 {
		if err := n.runtime.RemoveContainer(t.Context(), b.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.runtime.ContainerStatus(t.Context(), b.id, false); status.Code(err) != codes.NotFound {
		t.Errorf("status after remove: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Join(n.dir, "runtime", "containers")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}

func TestExitCodes(t *testing.T) {
	p := newNode(t).pod("job")
	for _, tc := range []struct {
		script, reason string
		code           int32
	}{
		{"exit 0", "Completed", 0},
		{"exit 3", "Error", 3},
		{"no-such-command", "Error", 127},
	} {
		s := p.start(p.sh(tc.script)).wait()
		if s.GetExitCode() != tc.code || s.GetReason() != tc.reason {
			t.Errorf("%s: %d %s, want %d %s", tc.script, s.GetExitCode(), s.GetReason(), tc.code, tc.reason)
		}
	}
}

func TestStop(t *testing.T) {
	p := newNode(t).pod("web")
	for _, tc := range []struct {
		name   string
		config *runtimeapi.ContainerConfig
		grace  int64
		code   int32
		reason string
	}{
		{"nginx leaves", p.container("nginx:1.26"), 60, 0, "Completed"},
		{"pause leaves", p.container("registry.k8s.io/pause:3.10"), 60, 0, "Completed"},
		{"no grace kills", p.container("nginx:1.26"), 0, 137, "Error"},
		{"a shell as PID 1 ignores SIGTERM", p.sh("sleep 1000000"), 1, 137, "Error"},
		{"a trap runs", p.sh("trap 'exit 7' TERM; sleep 1000000 & wait"), 60, 7, "Error"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := p.start(tc.config)
			if strings.Contains(tc.name, "trap") {
				time.Sleep(50 * time.Millisecond) // nothing tells when the trap is set
			}
			b.stop(tc.grace)
			s := b.status()
			if s.GetState() != exited || s.GetExitCode() != tc.code || s.GetReason() != tc.reason {
				t.Errorf("%s, %d, %s", s.GetState(), s.GetExitCode(), s.GetReason())
			}
		})
	}
}

func TestStartErrors(t *testing.T) {
	p := newNode(t).pod("web")
	const prefix = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: "
	for _, tc := range []struct{ image, command, want string }{
		{"nginx:1.25", "foo", prefix + `exec: "foo": executable file not found in $PATH: unknown`},
		{"registry.k8s.io/pause:3.10", "sh", prefix + `exec: "sh": executable file not found in $PATH: unknown`},
		{"busybox:1.36", "/foo", prefix + `exec: "/foo": stat /foo: no such file or directory: unknown`},
	} {
		b := p.create(p.container(tc.image, tc.command))
		err := b.runtime.StartContainer(t.Context(), b.id)
		if status.Convert(err).Message() != tc.want {
			t.Errorf("%s: %v", tc.command, err)
		}
		s := b.status()
		if s.GetState() != exited || s.GetExitCode() != 128 || s.GetReason() != "StartError" || s.GetStartedAt() != 0 ||
			s.GetFinishedAt() == 0 || s.GetMessage() != tc.want {
			t.Errorf("%s: %v", tc.command, s)
		}
		b.stop(1)
		if err := b.runtime.RemoveContainer(t.Context(), b.id); err != nil {
			t.Error(err)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	config := p.container("nginx:1.25")
	for _, tc := range []struct {
		name, sandbox, want string
		code                codes.Code
		change              func(*runtimeapi.ContainerConfig)
	}{
		{"unknown sandbox", "abc", "sandbox", codes.NotFound, func(*runtimeapi.ContainerConfig) {}},
		{"image not pulled", p.id, "failed to resolve image", codes.NotFound, func(c *runtimeapi.ContainerConfig) { c.Image.Image = "redis" }},
		{"no metadata", p.id, "metadata", codes.InvalidArgument, func(c *runtimeapi.ContainerConfig) { c.Metadata = nil }},
	} {
		changed := &runtimeapi.ContainerConfig{Metadata: config.Metadata, Image: &runtimeapi.ImageSpec{Image: config.Image.Image}}
		tc.change(changed)
		_, err := n.runtime.CreateContainer(t.Context(), tc.sandbox, changed, p.config)
		if status.Code(err) != tc.code || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if err := n.runtime.StopPodSandbox(t.Context(), p.id); err != nil {
		t.Fatal(err)
	}
	if _, err := n.runtime.CreateContainer(t.Context(), p.id, config, p.config); err == nil {
		t.Error("a container was created in a stopped sandbox")
	}
}

func TestCommandLine(t *testing.T) {
	p := newNode(t).pod("args")
	for _, tc := range []struct {
		name          string
		command, args []string
		want          string
	}{
		{"command", []string{"echo", "a"}, nil, "a"},
		{"command and args", []string{"echo", "a"}, []string{"b"}, "a b"},
		{"args replace the image's", nil, []string{"echo", "c"}, "c"},
	} {
		config := p.container("busybox:1.36", tc.command...)
		config.Args = tc.args
		b := p.start(config)
		b.wait()
		if got := b.log(); got != "stdout F "+tc.want+"\n" {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
	// The entrypoint of the nginx image runs other commands too.
	config := p.container("nginx:1.25")
	config.Args = []string{"echo", "through the entrypoint"}
	b := p.start(config)
	b.wait()
	if got := b.log(); got != "stdout F through the entrypoint\n" {
		t.Errorf("entrypoint: %q", got)
	}
}

func TestSurroundings(t *testing.T) {
	p := newNode(t).pod("web-1")
	config := p.sh("sleep 1000000")
	config.WorkingDir = "/made/for/it"
	config.Envs = []*runtimeapi.KeyValue{{Key: "COLOR", Value: []byte("blue")}, {Key: "PATH", Value: []byte("/bin")}}
	b := p.start(config)
	for _, tc := range []struct{ script, want string }{
		{"pwd", "/made/for/it\n"},
		{"echo $COLOR $PATH $HOSTNAME $HOME", "blue /bin web-1 /root\n"},
		{"cat /etc/hostname", "web-1\n"},
		{"cat /etc/resolv.conf", "search default.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"},
		{"cat /etc/hosts", "127.0.0.1\tlocalhost\n" + p.ip() + "\tweb-1\n"},
		{"echo out > /tmp/file; cat /tmp/file", "out\n"},
	} {
		if got := b.run("sh", "-c", tc.script); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.script, got, tc.want)
		}
	}
}

func TestReadOnlyRoot(t *testing.T) {
	p := newNode(t).pod("web")
	config := p.sh("echo x > /file || echo refused; echo y > /data/file && cat /data/file")
	config.Linux = &runtimeapi.LinuxContainerConfig{SecurityContext: &runtimeapi.LinuxContainerSecurityContext{ReadonlyRootfs: true}}
	config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: p.volume("data")}}
	b := p.start(config)
	b.wait()
	if got := b.log(); !strings.Contains(got, "stdout F refused\nstdout F y\n") || !strings.Contains(got, "Read-only file system") {
		t.Errorf("%s", got)
	}
}

func TestLogFormat(t *testing.T) {
	p := newNode(t).pod("web")
	long := strings.Repeat("x", 20_000)
	b := p.start(p.sh("echo one; echo two >&2; echo " + long + "; printf unfinished"))
	b.wait()
	want := "stdout F one\nstderr F two\nstdout P " + long[:16<<10] + "\nstdout F " + long[16<<10:] + "\nstdout P unfinished\n"
	if got := b.log(); got != want {
		t.Errorf("%q", got)
	}
	if want := filepath.Join(p.config.LogDirectory, "main"); filepath.Dir(b.status().GetLogPath()) != want {
		t.Errorf("the log is at %s", b.status().GetLogPath())
	}
}

func TestReopenContainerLog(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.start(p.sh("echo before; trap 'echo after; exit' TERM; sleep 1000000 & wait"))
	path := b.status().GetLogPath()
	eventually(t, "the first line is there", func() bool { return strings.Contains(b.log(), "before") })
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := n.runtime.ReopenContainerLog(t.Context(), b.id); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // the trap is set
	b.stop(60)
	if got := b.log(); got != "stdout F after\n" {
		t.Errorf("the new log is %q", got)
	}
	if err := n.runtime.ReopenContainerLog(t.Context(), b.id); err == nil {
		t.Error("the log of an ended container was reopened")
	}
}

func TestRestartKeepsVolumes(t *testing.T) {
	p := newNode(t).pod("web")
	config := p.sh("echo life >> /data/lives; echo life >> /lives; cat /data/lives /lives; exit 1")
	config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/data", HostPath: p.volume("data")}}
	for attempt, want := range []int{2, 3} {
		config.Metadata.Attempt = uint32(attempt)
		config.LogPath = fmt.Sprintf("main/%d.log", attempt)
		b := p.start(config)
		s := b.wait()
		if got := strings.Count(b.log(), "stdout F life"); got != want || s.GetMetadata().GetAttempt() != uint32(attempt) {
			t.Errorf("attempt %d: %d lines, want %d", attempt, got, want)
		}
	}
}

func TestStatusNamesTheImage(t *testing.T) {
	p := newNode(t).pod("web")
	p.container("nginx:1.25.5")
	s := p.start(p.container("nginx:1.25")).status()
	if s.GetImage().GetImage() != "docker.io/library/nginx:1.25" {
		t.Errorf("image %s", s.GetImage().GetImage())
	}
	if !strings.HasPrefix(s.GetImageRef(), "docker.io/library/nginx@sha256:") || !strings.HasPrefix(s.GetImageId(), "sha256:") {
		t.Errorf("reference %s, ID %s", s.GetImageRef(), s.GetImageId())
	}
}

func TestListContainers(t *testing.T) {
	n := newNode(t)
	p, q := n.pod("web"), n.pod("db")
	a := p.start(p.container("nginx:1.25"))
	b := q.create(q.container("nginx:1.25"))
	for _, tc := range []struct {
		name   string
		filter *runtimeapi.ContainerFilter
		want   []string
	}{
		{"all, newest first", nil, []string{b.id, a.id}},
		{"by ID", &runtimeapi.ContainerFilter{Id: a.id}, []string{a.id}},
		{"by sandbox", &runtimeapi.ContainerFilter{PodSandboxId: q.id}, []string{b.id}},
		{"by state", &runtimeapi.ContainerFilter{State: &runtimeapi.ContainerStateValue{State: running}}, []string{a.id}},
		{"by label", &runtimeapi.ContainerFilter{LabelSelector: map[string]string{"io.kubernetes.pod.uid": p.uid}}, []string{a.id}},
		{"none", &runtimeapi.ContainerFilter{LabelSelector: map[string]string{"x": ""}}, nil},
	} {
		list, err := n.runtime.ListContainers(t.Context(), tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.GetId())
		}
		if strings.Join(got, " ") != strings.Join(tc.want, " ") {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestUpdateContainerResources(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	config := p.container("nginx:1.25")
	config.Linux = &runtimeapi.LinuxContainerConfig{Resources: &runtimeapi.LinuxContainerResources{CpuShares: 102, MemoryLimitInBytes: 64 << 20}}
	b := p.start(config)
	change := &runtimeapi.ContainerResources{Linux: &runtimeapi.LinuxContainerResources{MemoryLimitInBytes: 128 << 20}}
	if err := n.runtime.UpdateContainerResources(t.Context(), b.id, change); err != nil {
		t.Fatal(err)
	}
	got := b.status().GetResources().GetLinux()
	if got.GetCpuShares() != 102 || got.GetMemoryLimitInBytes() != 128<<20 {
		t.Errorf("resources %v", got)
	}
	if got := config.Linux.Resources.MemoryLimitInBytes; got != 64<<20 {
		t.Errorf("the kubelet's own value was changed to %d", got)
	}
}

// nginx uses 3.5 MB in the catalogue.
func TestMemoryLimit(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	limited := func(bytes int64) *runtimeapi.ContainerConfig {
		config := p.container("nginx:1.25")
		config.Linux = &runtimeapi.LinuxContainerConfig{Resources: &runtimeapi.LinuxContainerResources{MemoryLimitInBytes: bytes}}
		return config
	}
	if s := p.start(limited(1 << 20)).wait(); s.GetExitCode() != 137 || s.GetReason() != "OOMKilled" {
		t.Errorf("under a limit of 1 MiB: %d %s", s.GetExitCode(), s.GetReason())
	}
	b := p.start(limited(64 << 20))
	if s := b.status(); s.GetState() != running {
		t.Errorf("under a limit of 64 MiB: %v", s)
	}
	less := &runtimeapi.ContainerResources{Linux: &runtimeapi.LinuxContainerResources{MemoryLimitInBytes: 1 << 20}}
	if err := n.runtime.UpdateContainerResources(t.Context(), b.id, less); err != nil {
		t.Fatal(err)
	}
	if s := b.wait(); s.GetReason() != "OOMKilled" {
		t.Errorf("after the limit was lowered: %v", s)
	}
}

func TestNewCleansUp(t *testing.T) {
	n := newNode(t)
	old := filepath.Join(n.dir, "other", "containers", "abc", "root")
	if err := os.MkdirAll(old, 0o700); err != nil {
		t.Fatal(err)
	}
	newNode(t, func(o *container.Options) { o.Dir = filepath.Join(n.dir, "other") })
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("an earlier life's container is left: %v", err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.start(p.sh("sleep 1000000"))
	p.start(p.container("nginx:1.25"))
	ip := p.ip()
	done := make(chan error)
	go func() {
		_, _, err := n.runtime.ExecSync(context.Background(), b.id, []string{"sleep", "1000000"}, 0)
		done <- err
	}()
	time.Sleep(20 * time.Millisecond)
	for range 2 {
		if err := n.runtime.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err == nil {
		t.Error("the command ended well")
	}
	if s := b.status(); s.GetState() != exited || s.GetExitCode() != 137 {
		t.Errorf("after close: %v", s)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := n.network.DialContext(ctx, "tcp", ip+":80"); err == nil {
		t.Error("the Pod still answers")
	}
	if _, err := n.runtime.RunPodSandbox(t.Context(), p.config, ""); err == nil {
		t.Error("a closed runtime ran a Pod")
	}
}

// get asks a web server on the Pods' network.
func (n *node) get(url string) (*http.Response, string, error) {
	transport := &http.Transport{DialContext: n.network.DialContext, DisableKeepAlives: true}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(url)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}
