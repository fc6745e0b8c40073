package servers_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

const agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"

func TestAgnhostPause(t *testing.T) {
	for _, tc := range []struct {
		signal shell.Signal
		text   string
		code   int
	}{{shell.SIGTERM, "terminated", 2}, {shell.SIGINT, "interrupt", 1}} {
		g := newNode(t).start(agnhost)
		g.sh(": > /dev/termination-log")
		g.await("Paused\nSignals registered\n")
		g.main.Signal(tc.signal)
		want := "exiting because of signal \"" + tc.text + "\"\n"
		if code := g.ended(); code != tc.code || !strings.HasSuffix(g.out.String(), want) {
			t.Errorf("%d, %s", code, g.out)
		}
	}
	g, _ := newNode(t).create(agnhost, "TERMINATION_MESSAGE_PATH=/tmp/message")
	g.begin("/agnhost", "pause")
	g.main.Signal(shell.SIGTERM)
	g.ended()
	if data, err := g.tree.ReadFile("/tmp/message", 100); string(data) != "exiting because of signal \"terminated\"\n" {
		t.Errorf("%q, %v", data, err)
	}
}

// A test web server is ready while its file is there. As a Go program without a handler it leaves on
// SIGTERM with 2, also as PID 1.
func TestAgnhostTestWebserver(t *testing.T) {
	g := newNode(t).start(agnhost, "test-webserver")
	g.expect(map[string]string{
		"80/localhost.crt": "200 -----BEGIN CERTIFICATE-----\n", "80/": "200 <a href=\"localhost.crt\">localhost.crt</a>",
		"80/etc": "301 ", "80/missing": "404 404 page not found\n",
	})
	if got := g.sh("sh -x -c 'mv -v /localhost.crt /tmp/ || true'"); got != "+ mv -v /localhost.crt /tmp/\n'/localhost.crt' -> '/tmp/localhost.crt'\n" {
		t.Errorf("%q", got)
	}
	g.expect(map[string]string{"80/localhost.crt": "404 "})
	g.sh("mv -v /tmp/localhost.crt /")
	g.expect(map[string]string{"80/localhost.crt": "200 "})
	response, _ := g.get("80/")
	if response.Header.Get("Cache-Control") != "private" || response.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", response.Header)
	}
	g.main.Signal(shell.SIGTERM)
	if code := g.ended(); code != 2 {
		t.Errorf("exit code %d", code)
	}
}

func TestAgnhostServeHostname(t *testing.T) {
	g := newNode(t).start(agnhost, "serve-hostname")
	if _, body := g.get("9376/any/path"); body != "web-0" {
		t.Errorf("%q", body)
	}
	g.await("Serving on port 9376.\n")
	g.await("HTTP request from 10.244.0.1:")
	g.main.Signal(shell.SIGTERM)
	if code := g.ended(); code != 0 || !strings.Contains(g.out.String(), "Shutting down after receiving signal: terminated.\n") {
		t.Errorf("%d, %s", code, g.out)
	}
	g = newNode(t).start(agnhost, "serve-hostname", "--http=false", "--tcp", "--port", "5000")
	g.await("Serving on port 5000.\n")
	if got := g.sh("nc 127.0.0.1 5000"); got != "web-0" {
		t.Errorf("%q", got)
	}
	g = newNode(t).start(agnhost, "serve-hostname", "--tcp")
	if code := g.ended(); code != 1 || !strings.Contains(g.out.String(), "Can't server TCP/UDP mode and HTTP mode at the same time\n") {
		t.Errorf("%d, %s", code, g.out)
	}
}

func TestAgnhostNetexec(t *testing.T) {
	n := newNode(t)
	other := n.start(agnhost, "netexec", "--http-port", "80")
	other.get("80/")
	g := n.start(agnhost, "netexec", "--udp-port=-1")
	g.expect(map[string]string{
		"8080/":                              "200 NOW: 20",
		"8080/hostname":                      "200 web-0",
		"8080/hostName":                      "200 web-0",
		"8080/clientip":                      "200 10.244.0.1:",
		"8080/serverport":                    "200 8080",
		"8080/healthz":                       "200 ",
		"8080/readyz":                        "200 ok",
		"8080/echo?msg=hi&code=418":          "418 hi",
		"8080/echo?code=x":                   "200 argument 'code' must be an integer or empty, got \"x\"\n",
		"8080/header?key=User-Agent":         "200 Go-http-client/1.1",
		"8080/redirect?location=/x&code=307": "307 ",
		"8080/shell?cmd=echo+hi%3Bexit+3":    "200 {\"error\":\"exit status 3\",\"output\":\"hi\\n\"}",
		"8080/shell?shellCommand=hostname":   "200 {\"output\":\"web-0\\n\"}",
		"8080/dial?host=" + other.ip + "&port=80&request=hostname&tries=2": "200 {\"responses\":[\"web-0\",\"web-0\"]}",
		"8080/dial?host=" + other.ip + "&port=81&request=x":                "200 connection refused",
		"8080/dial?host=x":                      "400 request parameter not specified.",
		"8080/dial?host=x&request=y&protocol=z": "400 unsupported protocol. z",
		"8080/exit?code=x":                      "200 argument 'code' must be an integer [0-127] or empty, got \"x\"\n",
	})
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("file", "name")
	if err != nil {
		t.Fatal(err)
	}
	part.Write([]byte("content"))
	writer.Close()
	request, err := http.NewRequest(http.MethodPost, "http://"+g.ip+":8080/upload", &form)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", writer.FormDataContentType())
	if response, body := g.do(request); response.StatusCode != http.StatusCreated || !strings.HasPrefix(body, `{"output":"/uploads/upload`) {
		t.Errorf("%s %s", response.Status, body)
	}
	if got := g.sh("cat /uploads/*"); got != "content" {
		t.Errorf("%q", got)
	}
	g.main.Signal(shell.SIGTERM)
	if code := g.ended(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestAgnhostNetexecExits(t *testing.T) {
	g := newNode(t).start(agnhost, "netexec", "--http-override=/echo?msg=always")
	g.expect(map[string]string{"8080/anything": "200 always"})
	for _, path := range []string{"exit?code=5", "exit?code=5&timeout=5s&wait=1s"} {
		g = newNode(t).start(agnhost, "netexec")
		g.get("8080/")
		client := &http.Client{Transport: &http.Transport{DialContext: g.node.network.DialContext, DisableKeepAlives: true}}
		if response, err := client.Get("http://" + g.ip + ":8080/" + path); err == nil {
			response.Body.Close()
		}
		if code := g.ended(); code != 5 {
			t.Errorf("%s: exit code %d", path, code)
		}
	}
	g = newNode(t).start(agnhost, "netexec", "--delay-shutdown=10000")
	g.get("8080/")
	g.main.Signal(shell.SIGTERM)
	g.await("Sleeping 10000 seconds before terminating...")
	g.expect(map[string]string{"8080/readyz": "503 shutting down", "8080/healthz": "200 "})
}

func TestAgnhostLiveness(t *testing.T) {
	g := newNode(t).start(agnhost, "liveness")
	g.expect(map[string]string{"8080/healthz": "200 ok", "8080/started": "200 ", "8080/redirect?loc=%2Fhealthz": "302 "})
}

func TestAgnhostTLS(t *testing.T) {
	g, _ := newNode(t).create(agnhost, "SERVE_PORT_9001=plain", "SERVE_TLS_PORT_9002=secret", "SERVE_PORT_x=wrong")
	g.begin("/agnhost", "porter", "--json-response")
	g.expect(map[string]string{"9001/": `200 {"Method":"GET","Body":"plain"}`})
	client := &http.Client{Transport: &http.Transport{
		DialContext: g.node.network.DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	response, err := client.Get("https://" + g.ip + ":9002/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.TLS.PeerCertificates[0].Subject.String() != "O=Acme Co" {
		t.Error(response.TLS.PeerCertificates[0].Subject)
	}
}

func TestAgnhostGRPC(t *testing.T) {
	g := newNode(t).start(agnhost, "grpc-health-checking", "--service", "db")
	g.await("gRPC server starting to listen on :5000")
	conn, err := grpc.NewClient("passthrough:///"+g.ip+":5000", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return g.node.network.DialContext(ctx, "tcp", address)
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	check := func(service string) string {
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil {
			return err.Error()
		}
		return answer.GetStatus().String()
	}
	if got := check("db"); got != "SERVING" {
		t.Error(got)
	}
	if got := check("other"); !strings.Contains(got, "unknown service") {
		t.Error(got)
	}
	g.get("8080/make-not-serving")
	if got := check("db"); got != "NOT_SERVING" {
		t.Error(got)
	}
}

// What ends by itself: arguments to output and exit code.
func TestAgnhostCommands(t *testing.T) {
	n := newNode(t)
	server := n.start(agnhost, "serve-hostname")
	server.get("9376/")
	for _, tc := range []struct {
		script, out string
	}{
		{"/agnhost entrypoint-tester a b", "[/agnhost entrypoint-tester a b]\n0\n"},
		{"/agnhost-2 entrypoint-tester", "[/agnhost-2 entrypoint-tester]\n0\n"},
		{"/agnhost connect " + server.ip + ":9376", "0\n"},
		{"/agnhost connect " + server.ip + ":1", "REFUSED\n1\n"},
		{"/agnhost connect --timeout=10ms 10.244.9.9:1", "TIMEOUT\n1\n"},
		{"/agnhost connect nowhere:80", "DNS: lookup nowhere: no such host\n1\n"},
		{"/agnhost connect", "Error: accepts 1 arg(s), received 0\n1\n"},
		{"/agnhost connect x", "UNKNOWN: address x: missing port in address\n1\n"},
		{"/agnhost nonsense", "Error: unknown command \"nonsense\" for \"app\"\n1\n"},
		{"/agnhost pause x", "Error: accepts at most 0 arg(s), received 1\n1\n"},
		{"/agnhost liveness --nope 2>&1 | tail -n 1", "Error: unknown flag: --nope\n0\n"},
		{"/agnhost --version", "app version 2.63.0\n0\n"},
		{"/agnhost | grep -c netexec", "1\n0\n"},
		{"/agnhost pause --help | head -n 1", "Pauses the execution\n0\n"},
		{"echo nameserver 10.96.0.10 > /etc/resolv.conf; echo search a b >> /etc/resolv.conf; /agnhost dns-suffix; /agnhost dns-server-list", "a,b\n10.96.0.10\n0\n"},
		{"/agnhost logs-generator --log-lines-total 3 --run-duration 1s 2>&1 | grep -c '^I.* logs_generator.go:60] [0-2] .* /api/v1/namespaces/'", "3\n0\n"},
		{"/agnhost logs-generator 2>&1 | cut -d] -f2", " Invalid total number of lines: 0\n0\n"},
		{"timeout 0.05 /agnhost tcp-reset; echo $?", "*"},
	} {
		g, _ := n.create(agnhost)
		g.begin("sleep", "1000000")
		if got := g.sh(tc.script + "; echo $?"); got != tc.out && tc.out != "*" {
			t.Errorf("%s: %q, want %q", tc.script, got, tc.out)
		}
	}
}
