package servers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

func TestHttpd(t *testing.T) {
	g := newNode(t).start("httpd:2.4.58")
	g.sh("cd htdocs; cd /usr/local/apache2/htdocs; mkdir sub list; echo mine > sub/index.html; echo x > 'list/a b'; echo '{}' > x.json; ln -s /etc/hostname2 dangling")
	g.expect(map[string]string{
		"80/":                 "200 <html><body><h1>It works!</h1></body></html>\n",
		"80/index.html":       "200 It works!",
		"80/sub/":             "200 mine\n",
		"80/sub":              "301 The document has moved <a href=\"http://" + g.ip + ":80/sub/\">here</a>.",
		"80/list/":            "200 <li><a href=\"a%20b\"> a b</a></li>",
		"80/missing":          "404 <p>The requested URL was not found on this server.</p>",
		"80/dangling":         "404 Not Found",
		"80/x.json/":          "404 Not Found",
		"80/../../etc/passwd": "404 Not Found",
	})
	response, _ := g.get("80/x.json")
	if response.Header.Get("Content-Type") != "application/json" || response.Header.Get("Server") != "Apache/2.4.58 (Unix)" || response.Header.Get("ETag") == "" {
		t.Errorf("%v", response.Header)
	}
	g.await("AH00489: Apache/2.4.58 (Unix) configured -- resuming normal operations")
	g.await(`"GET /missing HTTP/1.1" 404 196`)
	g.main.Signal(shell.SIGWINCH)
	if code := g.ended(); code != 0 || !strings.Contains(g.out.String(), "AH00492: caught SIGWINCH, shutting down gracefully") {
		t.Errorf("%d, %s", code, g.out)
	}
}

// A file that is moved away is gone for the next request, and one that comes back is there.
func TestHttpdServesLiveFiles(t *testing.T) {
	g := newNode(t).start("registry.k8s.io/e2e-test-images/httpd:2.4.38-4")
	for _, step := range []struct {
		script string
		status int
	}{
		{"true", http.StatusOK},
		{"mv -v /usr/local/apache2/htdocs/index.html /tmp/", http.StatusNotFound},
		{"mv -v /tmp/index.html /usr/local/apache2/htdocs/", http.StatusOK},
	} {
		g.sh(step.script)
		if response, _ := g.get("80/index.html"); response.StatusCode != step.status {
			t.Errorf("after %s: %s", step.script, response.Status)
		}
	}
}

func TestHttpdCommands(t *testing.T) {
	g := newNode(t).start("httpd:2.4.58")
	if got := g.sh("httpd -v"); got != "Server version: Apache/2.4.58 (Unix)\n" {
		t.Errorf("%q", got)
	}
	g.get("80/")
	g.sh("kill -HUP 1; kill -USR1 1")
	g.await("AH00493: SIGUSR1 received.  Doing graceful restart")
	second := g.sh("httpd -DFOREGROUND; echo $?")
	if !strings.Contains(second, "could not bind to address 0.0.0.0:80\n") || !strings.HasSuffix(second, "1\n") {
		t.Error(second)
	}
}
