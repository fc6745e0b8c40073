package container_test

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	utilexec "k8s.io/utils/exec"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

func itoa(i int) string { return strconv.Itoa(i) }

func httpGet(path string, port intstr.IntOrString) *corev1.ProbeHandler {
	return &corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: port}}
}

func TestProbes(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	config := p.container("nginx:1.25")
	config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/usr/share/nginx/html/own", HostPath: p.volume("own")}}
	if err := os.WriteFile(filepath.Join(p.volume("own"), "index.html"), []byte("after a redirect"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := p.start(config)
	eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
	spec := &corev1.Container{Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 80}}}
	ip := p.ip()
	for _, tc := range []struct {
		name    string
		handler *corev1.ProbeHandler
		ok      bool
		text    string
	}{
		{"http", httpGet("/", intstr.FromInt32(80)), true, "<!DOCTYPE html>"},
		{"http by port name", httpGet("/", intstr.FromString("web")), true, "<!DOCTYPE html>"},
		{"http by port as text", httpGet("/", intstr.FromString("80")), true, "<!DOCTYPE html>"},
		{"http, redirect inside the Pod", httpGet("/own", intstr.FromInt32(80)), true, "after a redirect"},
		{"http, missing", httpGet("/missing", intstr.FromInt32(80)), false, "HTTP probe failed with statuscode: 404"},
		{"http, refused", httpGet("/", intstr.FromInt32(81)), false, `Get "http://` + ip + `:81/": dial tcp ` + ip + `:81: connect: connection refused`},
		{"http, no route", &corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Host: "10.244.1.200", Path: "/x", Port: intstr.FromInt32(80)}}, false,
			`Get "http://10.244.1.200:80/x": `},
		{"https to http", &corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Scheme: "HTTPS", Path: "/", Port: intstr.FromInt32(80)}}, false,
			`Get "https://` + ip + `:80/": http: server gave HTTP response to HTTPS client`},
		{"tcp", &corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("web")}}, true, ""},
		{"tcp, refused", &corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(81)}}, false,
			"dial tcp " + ip + ":81: connect: connection refused"},
		{"tcp, no route", &corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: "10.244.1.200", Port: intstr.FromInt32(81)}}, false,
			"dial tcp 10.244.1.200:81: i/o timeout"},
	} {
		stdout, stderr, err := b.runtime.ExecSync(t.Context(), b.id, container.ProbeArgs(tc.handler, spec), 100*time.Millisecond)
		var exit utilexec.ExitError
		if tc.ok && err != nil || !tc.ok && (!errors.As(err, &exit) || exit.ExitStatus() != 1) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if got := string(append(stdout, stderr...)); !strings.HasPrefix(got, tc.text) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.text)
		}
	}
	if log := b.log(); !strings.Contains(log, `stdout F 10.244.1.1 - - [`) || !strings.Contains(log, `"GET / HTTP/1.1" 200 615 "-" "kube-probe/1.36" "-"`) {
		t.Errorf("the access log does not show the kubelet:\n%s", log)
	}
}

// What cannot be probed at all is an error without exit code, which the kubelet calls Unknown.
func TestProbeErrors(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.container("nginx:1.25"))
	for _, tc := range []struct {
		port intstr.IntOrString
		want string
	}{
		{intstr.FromString("missing"), `strconv.Atoi: parsing "missing": invalid syntax`},
		{intstr.FromInt32(0), "invalid port number: 0"},
		{intstr.FromInt32(70000), "invalid port number: 70000"},
	} {
		_, _, err := b.runtime.ExecSync(t.Context(), b.id, container.ProbeArgs(httpGet("/", tc.port), &corev1.Container{}), time.Second)
		if err == nil || err.Error() != tc.want || errors.As(err, new(utilexec.ExitError)) {
			t.Errorf("%s: %v", tc.port.String(), err)
		}
	}
}

// A server that accepts and says nothing is the HTTP client's timeout, with the text that users know.
func TestProbeTimeout(t *testing.T) {
	n := newNode(t)
	b := n.pod("web").start(n.pod("web").container("nginx:1.25"))
	silent, err := n.network.Join(netip.MustParseAddr("10.244.7.7"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if _, err := silent.Sockets().Listen("tcp", ":80"); err != nil {
		t.Fatal(err)
	}
	handler := httpGet("/", intstr.FromInt32(80))
	handler.HTTPGet.Host = "10.244.7.7"
	stdout, _, err := b.runtime.ExecSync(t.Context(), b.id, container.ProbeArgs(handler, &corev1.Container{}), 50*time.Millisecond)
	if err == nil || !strings.HasPrefix(string(stdout), `Get "http://10.244.7.7:80/": context deadline exceeded`) ||
		!strings.HasSuffix(string(stdout), "(Client.Timeout exceeded while awaiting headers)") {
		t.Errorf("%q, %v", stdout, err)
	}
}

func TestGRPCProbeOfAPodWithoutServer(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.start(p.container("nginx:1.25"))
	args := container.ProbeArgs(&corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 81}}, &corev1.Container{})
	stdout, _, err := b.runtime.ExecSync(t.Context(), b.id, args, 50*time.Millisecond)
	want := `timeout: failed to connect service "` + p.ip() + `:81" within 50ms: context deadline exceeded`
	if string(stdout) != want || !errors.As(err, new(utilexec.ExitError)) {
		t.Errorf("%q, %v", stdout, err)
	}
}

func TestProbeArgs(t *testing.T) {
	for name, handler := range map[string]*corev1.ProbeHandler{
		"nothing": nil,
		"empty":   {},
		"exec":    {Exec: &corev1.ExecAction{Command: []string{"true"}}},
	} {
		if args := container.ProbeArgs(handler, &corev1.Container{}); args != nil {
			t.Errorf("%s: %q", name, args)
		}
	}
	args := container.ProbeArgs(httpGet("/$(PATH)/$$", intstr.FromInt32(80)), &corev1.Container{})
	if strings.Contains(strings.Join(args, " "), "$") {
		t.Errorf("the kubelet would expand %q", args)
	}
	if args := container.HookArgs(&corev1.LifecycleHandler{Sleep: &corev1.SleepAction{}}, &corev1.Container{}); args != nil {
		t.Errorf("a sleep hook became %q", args)
	}
}

// A hook is content with any answer and tells its errors without exit code.
func TestHooks(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	b := p.start(p.container("nginx:1.25"))
	eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
	hook := func(port int32) []string {
		return container.HookArgs(&corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: "/missing", Port: intstr.FromInt32(port), HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "example.com"}},
		}}, &corev1.Container{})
	}
	if _, _, err := b.runtime.ExecSync(t.Context(), b.id, hook(80), 0); err != nil {
		t.Error(err)
	}
	if !strings.Contains(b.log(), `"kube-lifecycle/1.36"`) || !strings.Contains(b.log(), `host: "example.com"`) {
		t.Errorf("%s", b.log())
	}
	_, _, err := b.runtime.ExecSync(t.Context(), b.id, hook(81), 0)
	if err == nil || !strings.HasSuffix(err.Error(), "connect: connection refused") {
		t.Errorf("refused: %v", err)
	}
}

// The reserved word is no command of the container, and rubbish after it is no probe.
func TestProbeCommandCannotBeAbused(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	for _, argv := range [][]string{
		{container.ProbeCommand},
		{container.ProbeCommand, "rubbish"},
		{container.ProbeCommand, base64.RawURLEncoding.EncodeToString([]byte("{}"))},
		{container.ProbeCommand, base64.RawURLEncoding.EncodeToString([]byte("null"))},
		{"sh", "-c", container.ProbeCommand + " x"},
	} {
		if _, _, err := b.runtime.ExecSync(t.Context(), b.id, argv, time.Second); err == nil {
			t.Errorf("%q succeeded", argv)
		}
	}
}
