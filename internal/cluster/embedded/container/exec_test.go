package container_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
	utilexec "k8s.io/utils/exec"
)

func TestExecSync(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	stdout, stderr, err := b.runtime.ExecSync(t.Context(), b.id, []string{"sh", "-c", "echo out; echo err >&2; exit 3"}, 0)
	var exit utilexec.ExitError
	if string(stdout) != "out\n" || string(stderr) != "err\n" || !errors.As(err, &exit) || exit.ExitStatus() != 3 {
		t.Errorf("%q, %q, %v", stdout, stderr, err)
	}
	if want := "command 'sh -c echo out; echo err >&2; exit 3' exited with 3: err\n"; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

func TestExecSyncTimeout(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	_, _, err := b.runtime.ExecSync(t.Context(), b.id, []string{"sleep", "1000000"}, 20*time.Millisecond)
	if !errors.Is(err, cri.ErrCommandTimedOut) || err.Error() != `command timed out: "sleep 1000000" timed out after 20ms` {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := b.runtime.ExecSync(ctx, b.id, []string{"sleep", "1000000"}, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
}

// The kubelet has this in an Event when it stops a container in the middle of a probe.
func TestExecSyncCancelled(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, _, err := b.runtime.ExecSync(ctx, b.id, []string{"sleep", "1000000"}, 0)
	if err == nil || err.Error() != "rpc error: code = Canceled desc = context canceled" {
		t.Errorf("cancelled: %v", err)
	}
}

// A probe goes on until its container has ended, and one that comes too late says so.
func TestExecSyncAtTheEnd(t *testing.T) {
	p := newNode(t).pod("web")
	for range 30 {
		b := p.start(p.sh("sleep 1000000"))
		late := make(chan error)
		go func() {
			for {
				if _, _, err := b.runtime.ExecSync(context.Background(), b.id, []string{"cat", "/etc/hostname"}, 0); err != nil {
					late <- err
					return
				}
			}
		}()
		b.stop(0)
		err := <-late
		killed := errors.As(err, new(utilexec.ExitError))
		if !killed && !strings.Contains(err.Error(), "cannot exec in a stopped container") && !strings.Contains(err.Error(), "CONTAINER_EXITED") {
			t.Errorf("%v", err)
		}
	}
}

func TestExecErrors(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	_, _, err := b.runtime.ExecSync(t.Context(), b.id, []string{"foo"}, 0)
	if err == nil || !strings.HasSuffix(err.Error(), `exec: "foo": executable file not found in $PATH: unknown`) {
		t.Errorf("unknown command: %v", err)
	}
	if errors.As(err, new(utilexec.ExitError)) {
		t.Error("a command that did not start has an exit code")
	}
	created := p.create(p.sh("exit"))
	b.stop(0)
	for _, id := range []string{b.id, created.id, "unknown"} {
		if _, _, err := b.runtime.ExecSync(t.Context(), id, []string{"true"}, 0); err == nil {
			t.Errorf("executed in %s", id)
		}
		if _, err := b.runtime.Exec(t.Context(), &runtimeapi.ExecRequest{ContainerId: id, Cmd: []string{"true"}, Stdout: true}); err == nil {
			t.Errorf("a stream to %s", id)
		}
		if _, err := b.runtime.Attach(t.Context(), &runtimeapi.AttachRequest{ContainerId: id, Stdout: true}); err == nil {
			t.Errorf("attached to %s", id)
		}
	}
}

// The end of a container is the end of what runs in it.
func TestExecEndsWithTheContainer(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	ended := make(chan error)
	go func() {
		_, _, err := b.runtime.ExecSync(context.Background(), b.id, []string{"sleep", "1000000"}, 0)
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond)
	b.stop(0)
	var exit utilexec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.ExitStatus() != 137 {
		t.Errorf("%v", err)
	}
}

// stream connects to a stream as kubectl does.
func (b *box) stream(address string, options remotecommand.StreamOptions) error {
	b.t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	executor, err := remotecommand.NewSPDYExecutor(&rest.Config{Host: at.Host}, http.MethodPost, at)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	return executor.StreamWithContext(ctx, options)
}

func (b *box) exec(options remotecommand.StreamOptions, argv ...string) error {
	b.t.Helper()
	response, err := b.runtime.Exec(b.t.Context(), &runtimeapi.ExecRequest{
		ContainerId: b.id, Cmd: argv, Tty: options.Tty,
		Stdin: options.Stdin != nil, Stdout: options.Stdout != nil, Stderr: options.Stderr != nil,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.stream(response.GetUrl(), options)
}

func TestExecStream(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	var out, errs bytes.Buffer
	err := b.exec(remotecommand.StreamOptions{Stdin: strings.NewReader("one\ntwo\n"), Stdout: &out, Stderr: &errs},
		"sh", "-c", "cat; echo problem >&2; exit 5")
	var exit utilexec.ExitError
	if out.String() != "one\ntwo\n" || errs.String() != "problem\n" || !errors.As(err, &exit) || exit.ExitStatus() != 5 {
		t.Errorf("%q, %q, %v", out.String(), errs.String(), err)
	}
	out.Reset()
	if err := b.exec(remotecommand.StreamOptions{Stdout: &out}, "echo", "well"); err != nil || out.String() != "well\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if err := b.exec(remotecommand.StreamOptions{Stdout: &out}, "foo"); err == nil || !strings.Contains(err.Error(), "executable file not found in $PATH") {
		t.Errorf("unknown command: %v", err)
	}
}

// A client with a terminal gets its echo, carriage returns, and a line at a time goes to the shell.
func TestExecWithTerminal(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	keys, typed := io.Pipe()
	screen := &buffer{}
	ended := make(chan error)
	go func() {
		ended <- b.exec(remotecommand.StreamOptions{Stdin: keys, Stdout: screen, Tty: true}, "sh")
	}()
	eventually(t, "the shell prompts", func() bool { return strings.Contains(screen.String(), "# ") })
	io.WriteString(typed, "echo ax\x7fb $((1+2))\r")
	eventually(t, "the answer is on the screen", func() bool { return strings.Contains(screen.String(), "\r\nab 3\r\n") })
	if !strings.Contains(screen.String(), "echo ax\b \bb $((1+2))\r\n") {
		t.Errorf("echo: %q", screen)
	}
	io.WriteString(typed, "rubbish\x15exit 4\r")
	var exit utilexec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.ExitStatus() != 4 {
		t.Errorf("%v\n%q", err, screen)
	}
	typed.Close()
}

func TestExecEndOfFile(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("sleep 1000000"))
	keys, typed := io.Pipe()
	screen := &buffer{}
	ended := make(chan error)
	go func() {
		ended <- b.exec(remotecommand.StreamOptions{Stdin: keys, Stdout: screen, Tty: true}, "cat")
	}()
	io.WriteString(typed, "line\r\x04")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if screen.String() != "line\r\nline\r\n" {
		t.Errorf("screen %q", screen)
	}
	typed.Close()
}

func TestAttach(t *testing.T) {
	p := newNode(t).pod("web")
	config := p.sh("while read line; do echo got $line; echo hm >&2; done; echo the end")
	config.Stdin, config.StdinOnce = true, true
	b := p.start(config)
	watcher := &buffer{}
	attach := func(options remotecommand.StreamOptions) error {
		response, err := b.runtime.Attach(t.Context(), &runtimeapi.AttachRequest{
			ContainerId: b.id, Stdin: options.Stdin != nil, Stdout: options.Stdout != nil, Stderr: options.Stderr != nil,
		})
		if err != nil {
			return err
		}
		return b.stream(response.GetUrl(), options)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := attach(remotecommand.StreamOptions{Stdout: watcher}); err != nil {
			t.Errorf("watching: %v", err)
		}
	})
	input, typed := io.Pipe()
	out, errs := &buffer{}, &buffer{}
	group.Go(func() {
		if err := attach(remotecommand.StreamOptions{Stdin: input, Stdout: out, Stderr: errs}); err != nil {
			t.Errorf("typing: %v", err)
		}
	})
	eventually(t, "both are attached", func() bool {
		io.WriteString(typed, "x\n")
		return strings.Contains(watcher.String(), "got x") && strings.Contains(out.String(), "got x")
	})
	typed.Close()
	group.Wait()
	for name, text := range map[string]string{"watcher": watcher.String(), "client": out.String(), "log": b.log()} {
		if !strings.HasSuffix(text, "the end\n") {
			t.Errorf("%s: %q", name, text)
		}
	}
	if !strings.Contains(errs.String(), "hm") {
		t.Errorf("stderr %q", errs)
	}
	if s := b.wait(); s.GetExitCode() != 0 {
		t.Errorf("exit code %d", s.GetExitCode())
	}
}

// A client that reads nothing does not hold the container up.
func TestStalledClient(t *testing.T) {
	p := newNode(t).pod("web")
	b := p.start(p.sh("trap 'exit 0' TERM; i=0; while [ $i -lt 200 ]; do echo " + strings.Repeat("x", 8000) + "; i=$((i+1)); done; echo done; sleep 1000000 & wait"))
	response, err := b.runtime.Attach(t.Context(), &runtimeapi.AttachRequest{ContainerId: b.id, Stdout: true})
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.stream(response.GetUrl(), remotecommand.StreamOptions{Stdout: blocked(release)})
	}()
	eventually(t, "the container has written everything", func() bool { return strings.HasSuffix(b.log(), "done\n") })
	b.stop(60)
	close(release)
	<-ended
}

func TestPortForward(t *testing.T) {
	n := newNode(t)
	p := n.pod("web")
	p.start(p.container("nginx:1.25"))
	eventually(t, "nginx listens", func() bool { _, _, err := n.get("http://" + p.ip() + "/"); return err == nil })
	response, err := p.runtime.PortForward(t.Context(), &runtimeapi.PortForwardRequest{PodSandboxId: p.id, Port: []int32{80}})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(response.GetUrl())
	if err != nil {
		t.Fatal(err)
	}
	roundTripper, upgrader, err := spdy.RoundTripperFor(&rest.Config{Host: at.Host})
	if err != nil {
		t.Fatal(err)
	}
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, http.MethodPost, at)
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:80"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- forwarder.ForwardPorts() }()
	<-ready
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 3 {
		answer, err := client.Get("http://127.0.0.1:" + itoa(int(ports[0].Local)) + "/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if !strings.Contains(string(body), "Welcome to nginx!") {
			t.Errorf("%q", body)
		}
	}
	close(stop)
	<-ended
	if _, err := p.runtime.PortForward(t.Context(), &runtimeapi.PortForwardRequest{PodSandboxId: "unknown"}); err == nil {
		t.Error("ports of an unknown sandbox were forwarded")
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// blocked is a writer that waits until it is closed.
type blocked chan struct{}

func (b blocked) Write(p []byte) (int, error) {
	<-b
	return len(p), nil
}
