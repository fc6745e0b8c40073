package container_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestNginx(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	config := p.container("nginx:1.25")
	html := p.volume("html")
	config.Mounts = []*runtimeapi.Mount{{ContainerPath: "/usr/share/nginx/html/own", HostPath: html}}
	b := p.start(config)
	if err := os.WriteFile(filepath.Join(html, "page.html"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(html, "name")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
	for _, tc := range []struct {
		path   string
		status int
		body   string
	}{
		{"/", 200, "<h1>Welcome to nginx!</h1>"},
		{"/index.html", 200, "<h1>Welcome to nginx!</h1>"},
		{"/own/page.html", 200, "mine"},
		{"/own/name", 200, "web\n"}, // links are the container's, as everything else
		{"/missing", 404, "<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx/1.25.5</center>"},
		{"/own", 301, "<center><h1>301 Moved Permanently</h1></center>"},
		{"/own/", 403, "<center><h1>403 Forbidden</h1></center>"},
		{"/index.html/", 404, "404 Not Found"},
		{"/../../../../etc/hostname", 404, "404 Not Found"},
		{"/%2e%2e/%2e%2e/etc/hostname", 404, "404 Not Found"},
	} {
		response, body, err := n.get("http://" + p.ip() + tc.path)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != tc.status || !strings.Contains(body, tc.body) || response.Header.Get("Server") != "nginx/1.25.5" {
			t.Errorf("%s: %s %q", tc.path, response.Status, body)
		}
	}
	log := b.log()
	for _, want := range []string{
		"stdout F /docker-entrypoint.sh: Configuration complete; ready for start up",
		"[notice] 1#1: nginx/1.25.5",
		`"GET /missing HTTP/1.1" 404 153 "-" "Go-http-client/1.1" "-"`,
		`open() "/usr/share/nginx/html/missing" failed (2: No such file or directory), client: 10.244.0.1, server: localhost, request: "GET /missing HTTP/1.1"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
	b.stop(30)
	if log := b.log(); !strings.Contains(log, "signal 3 (SIGQUIT) received, shutting down") {
		t.Errorf("no farewell:\n%s", log)
	}
}

func TestNginxMethods(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	p.start(p.container("nginx:alpine"))
	client := &http.Client{Transport: &http.Transport{DialContext: n.network.DialContext, DisableKeepAlives: true}}
	url := "http://" + p.ip() + "/"
	eventually(t, "nginx listens", func() bool { _, _, err := n.get(url); return err == nil })
	for _, tc := range []struct {
		method string
		status int
	}{{"HEAD", 200}, {"POST", 405}, {"DELETE", 405}} {
		request, err := http.NewRequest(tc.method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != tc.status {
			t.Errorf("%s: %s", tc.method, response.Status)
		}
	}
}

// Two servers in one Pod want the same port, and the second gives up.
func TestNginxPortInUse(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	p.start(p.container("nginx:1.25"))
	eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
	b := p.start(p.container("nginx:1.26"))
	if s := b.wait(); s.GetExitCode() != 1 {
		t.Errorf("exit code %d", s.GetExitCode())
	}
	for _, want := range []string{"bind() to 0.0.0.0:80 failed (98: Address already in use)", "nginx: [emerg] still could not bind()"} {
		if !strings.Contains(b.log(), want) {
			t.Errorf("the log has no %q:\n%s", want, b.log())
		}
	}
}

// A killed server leaves the port to its successor.
func TestNginxRestart(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	for range 3 {
		b := p.start(p.container("nginx:1.25"))
		eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
		b.stop(0)
		if _, _, err := n.get("http://" + p.ip() + "/"); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Fatalf("after the end: %v", err)
		}
	}
}

func TestNginxCommands(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.container("nginx:1.14.2"))
	for command, want := range map[string]string{
		"nginx -v 2>&1":       "nginx version: nginx/1.14.2\n",
		"nginx -t 2>&1":       "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n",
		"echo $NGINX_VERSION": "1.14.2\n",
	} {
		if got := b.run("sh", "-c", command); got != want {
			t.Errorf("%s: %q", command, got)
		}
	}
	if got := b.log(); got != "" {
		t.Errorf("an old image says %q", got)
	}
	// Without "daemon off;" the server goes to the background, and the container ends.
	if s := p.start(p.container("nginx:1.25", "nginx")).wait(); s.GetExitCode() != 0 {
		t.Errorf("exit code %d", s.GetExitCode())
	}
}

func TestNginxControl(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.container("nginx:1.25"))
	eventually(t, "nginx has started", func() bool { return strings.Contains(b.log(), "start worker processes") })
	b.run("nginx", "-s", "reload")
	eventually(t, "nginx reloads", func() bool { return strings.Contains(b.log(), "signal 1 (SIGHUP) received, reconfiguring") })
	b.run("nginx", "-s", "stop")
	if s := b.wait(); s.GetExitCode() != 0 {
		t.Errorf("exit code %d", s.GetExitCode())
	}
	b = p.start(p.container("nginx:1.25", "sleep", "1000000"))
	if _, _, err := b.runtime.ExecSync(t.Context(), b.id, []string{"nginx", "-s", "reload"}, 0); err == nil {
		t.Error("a server that does not run was reloaded")
	}
}

func TestNginxInTheShell(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	script := `echo "my own page" > /usr/share/nginx/html/index.html; exec nginx -g "daemon off;"`
	b := p.start(p.container("nginx:1.27", "sh", "-c", script))
	eventually(t, "nginx listens", func() bool {
		_, body, err := n.get("http://" + p.ip() + "/")
		return err == nil && body == "my own page\n"
	})
	b.stop(30)
	if s := b.status(); s.GetExitCode() != 0 {
		t.Error(fmt.Sprint(s))
	}
}
