package servers_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/servers"
	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// node runs containers of the catalogue's images on one network.
type node struct {
	t       testing.TB
	network *podnet.Network
	store   *images.Store
	last    byte
}

func newNode(t testing.TB) *node {
	t.Helper()
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	store := images.NewStore(catalogue, func(context.Context, time.Duration) error { return nil })
	return &node{t: t, network: podnet.New(podnet.Options{}), store: store, last: 1}
}

// guest is a container, alone on an address.
type guest struct {
	*shell.Container
	t      testing.TB
	node   *node
	config shell.Config
	tree   *files.Tree
	main   *shell.Process
	out    *screen
	ip     string
	dir    string
	env    []string
}

// create makes a container in which nothing runs.
func (n *node) create(ref string, env ...string) (*guest, *images.Image) {
	n.t.Helper()
	pulled, err := n.store.Pull(n.t.Context(), ref)
	if err != nil {
		n.t.Fatal(err)
	}
	image := pulled.Image
	root := n.t.TempDir()
	if err := files.Populate(root, servers.Files(image)); err != nil {
		n.t.Fatal(err)
	}
	tree, err := files.Open(files.Options{Root: root, Programs: servers.Executables(image)})
	if err != nil {
		n.t.Fatal(err)
	}
	n.last++
	namespace, err := n.network.Join(netip.AddrFrom4([4]byte{10, 244, 1, n.last}))
	if err != nil {
		n.t.Fatal(err)
	}
	sockets := namespace.Sockets()
	config := shell.Config{
		Files: tree, Hostname: "web-0", Programs: servers.Programs(image), Dial: sockets.DialContext,
		Listen: func(_ context.Context, network, address string) (net.Listener, error) {
			return sockets.Listen(network, address)
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d / 1000):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
	space := shell.New(config)
	n.t.Cleanup(func() {
		namespace.Close()
		space.Close()
		tree.Close()
	})
	return &guest{Container: space, t: n.t, node: n, config: config, tree: tree, out: &screen{}, dir: image.WorkingDir, ip: namespace.IP().String(), env: append(image.Env, env...)}, image
}

// start runs a container as the runtime does: args replace the image's own.
func (n *node) start(ref string, args ...string) *guest {
	n.t.Helper()
	g, image := n.create(ref)
	if len(args) == 0 {
		args = image.Cmd
	}
	g.begin(append(image.Entrypoint[:len(image.Entrypoint):len(image.Entrypoint)], args...)...)
	return g
}

// begin starts PID 1.
func (g *guest) begin(argv ...string) {
	g.t.Helper()
	var err error
	g.main, err = g.Start(g.t.Context(), shell.Command{Argv: argv, Env: g.env, Dir: g.dir, Stdout: g.out, Stderr: g.out})
	if err != nil {
		g.t.Fatal(err)
	}
}

// sh runs a script in the container and returns what it prints. Before the start, it works on the
// container's files.
func (g *guest) sh(script string) string {
	g.t.Helper()
	var out bytes.Buffer
	space := g.Container
	if g.main == nil {
		space = shell.New(g.config)
		defer space.Close()
	}
	if _, err := space.Run(g.t.Context(), shell.Command{Argv: []string{"sh", "-c", script}, Env: g.env, Stdout: &out, Stderr: &out}); err != nil {
		g.t.Fatal(err)
	}
	return out.String()
}

// write replaces a file of the container.
func (g *guest) write(name, content string) {
	g.t.Helper()
	if err := g.tree.WriteFile(name, []byte(content), fs.FileMode(0o644)); err != nil {
		g.t.Fatal(err)
	}
}

// ended waits for the end and returns the exit code.
func (g *guest) ended() int {
	g.t.Helper()
	select {
	case <-g.main.Done():
		return g.main.Wait()
	case <-time.After(20 * time.Second):
		g.t.Fatalf("it does not end: %s", g.out)
		return 0
	}
}

// get fetches "PORT/PATH" from the container, once it listens there.
func (g *guest) get(target string) (*http.Response, string) {
	g.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+g.ip+":"+target, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.do(request)
}

func (g *guest) do(request *http.Request) (*http.Response, string) {
	g.t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DialContext: g.node.network.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		response, err := client.Do(request)
		if err == nil {
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				g.t.Fatal(err)
			}
			return response, string(body)
		}
		if !strings.Contains(err.Error(), "refused") || time.Now().After(deadline) {
			g.t.Fatalf("%v\n%s", err, g.out)
		}
	}
}

// expect checks answers: "PORT/PATH" to "STATUS BODY", where the body may be a part of it.
func (g *guest) expect(answers map[string]string) {
	g.t.Helper()
	for target, want := range answers {
		response, body := g.get(target)
		status, text, _ := strings.Cut(want, " ")
		if fmt.Sprint(response.StatusCode) != status || !strings.Contains(body, text) {
			g.t.Errorf("%s: %d %q, want %s", target, response.StatusCode, body, want)
		}
	}
}

// screen is what a container prints.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the container has printed text.
func (g *guest) await(text string) {
	g.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(g.out.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("no %q in %s", text, g.out)
		}
	}
}

// What the catalogue says about SIGTERM is so, for every image and its own command. An image whose
// command is a shell is asked with sleep, which is what people start in it.
func TestSIGTERM(t *testing.T) {
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range catalogue.Images() {
		ref := image.Name + ":" + image.Tags[0]
		args := image.Cmd
		if image.Program == "shell" {
			args = []string{"sleep", "1000000"}
		}
		g := newNode(t).start(ref, args...)
		g.main.Signal(shell.SIGTERM) // at once: a program that is not up yet is no different
		if image.SIGTERM == images.Exits {
			g.ended()
			continue
		}
		select {
		case <-g.main.Done():
			t.Errorf("%s ended with %d", ref, g.main.Wait())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// The ports of the catalogue answer.
func TestPorts(t *testing.T) {
	for _, ref := range []string{"nginx", "httpd", "registry.k8s.io/nginx-slim:0.8", "registry.k8s.io/e2e-test-images/nginx:1.15-4", "registry.k8s.io/e2e-test-images/httpd:2.4.39-4"} {
		if response, body := newNode(t).start(ref).get("80/"); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", ref, response.Status, body)
		}
	}
}

func TestUserlands(t *testing.T) {
	for ref, want := range map[string]string{
		"busybox":            "wget nc ps awk ",
		"alpine":             "wget nc ps awk ",
		"nginx":              "bash curl awk ",
		"nginx:alpine":       "curl wget nc ps awk ",
		"httpd:2.4":          "bash awk ",
		"curlimages/curl":    "curl wget nc ps awk ",
		"docker.io/bash:5.2": "bash wget nc ps awk ",
		agnhost:              "bash curl wget nc ps awk ",
	} {
		g, _ := newNode(t).create(ref)
		if got := g.sh("for c in bash curl wget nc ps awk; do which $c; done | cut -d/ -f3 | tr '\\n' ' '"); got != want {
			t.Errorf("%s: %q", ref, got)
		}
	}
	for args, want := range map[string]string{"sh -c 'echo $0'": "sh\n", "--nope": "curl: option --nope: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"} {
		g := newNode(t).start("curlimages/curl", strings.SplitN(strings.ReplaceAll(args, "'", ""), " ", 3)...)
		if g.ended(); g.out.String() != want {
			t.Errorf("curl image: %s: %q", args, g.out)
		}
	}
	g, _ := newNode(t).create("registry.k8s.io/pause:3.10")
	if _, err := g.Start(t.Context(), shell.Command{Argv: []string{"sh"}}); err == nil {
		t.Error("pause has a shell")
	}
}
