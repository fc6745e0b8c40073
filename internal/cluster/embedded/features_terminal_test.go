package embedded

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/utils/exec"
)

var (
	timestamped = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z warning 3\n$`)
	forwarding  = regexp.MustCompile(`Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)`)
)

func fetch(t *testing.T, url string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// session is somebody at a terminal that is connected to a container.
type session struct {
	p      *place
	keys   *io.PipeWriter
	screen *watched
	read   int // of the screen
	sizes  chan remotecommand.TerminalSize
	ended  chan error
}

// terminal connects to the Pod: to a command of its own, or with "attach" to the main process.
func (p *place) terminal(subresource string, command ...string) *session {
	p.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", p.kubeconfig)
	if err != nil {
		p.t.Fatal(err)
	}
	request := p.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(p.namespace).Name(podName).SubResource(subresource)
	if subresource == "attach" {
		request.VersionedParams(&corev1.PodAttachOptions{Stdin: true, Stdout: true, TTY: true}, scheme.ParameterCodec)
	} else {
		request.VersionedParams(&corev1.PodExecOptions{Command: command, Stdin: true, Stdout: true, TTY: true}, scheme.ParameterCodec)
	}
	executor, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	if err != nil {
		p.t.Fatal(err)
	}
	keyboard, keys := io.Pipe()
	s := &session{p: p, keys: keys, screen: &watched{}, sizes: make(chan remotecommand.TerminalSize, 1), ended: make(chan error, 1)}
	s.sizes <- remotecommand.TerminalSize{Width: 80, Height: 24}
	go func() {
		s.ended <- executor.StreamWithContext(p.t.Context(), remotecommand.StreamOptions{
			Stdin: keyboard, Stdout: s.screen, Tty: true, TerminalSizeQueue: s,
		})
		keyboard.Close()
	}()
	p.t.Cleanup(func() { keys.Close() })
	return s
}

// Next is the size of the window, when it has changed.
func (s *session) Next() *remotecommand.TerminalSize {
	size, ok := <-s.sizes
	if !ok {
		return nil
	}
	return &size
}

// see waits until the screen shows a text after what was seen before.
func (s *session) see(text string) {
	s.p.t.Helper()
	s.p.poll("on the screen: "+text, func(context.Context) (string, bool) {
		screen := s.screen.String()
		at := strings.Index(screen[s.read:], text)
		if at < 0 {
			return screen, false
		}
		s.read += at + len(text)
		return "", true
	})
}

func (s *session) press(keys string) {
	s.p.t.Helper()
	if _, err := io.WriteString(s.keys, keys); err != nil {
		s.p.t.Fatal(err)
	}
}

// end waits for the end of the command and returns its exit code.
func (s *session) end() int {
	s.p.t.Helper()
	var code int
	s.p.poll("the session ends", func(context.Context) (string, bool) {
		select {
		case err := <-s.ended:
			var exit utilexec.ExitError
			if errors.As(err, &exit) {
				code = exit.ExitStatus()
			} else if err != nil {
				s.p.t.Fatal(err)
			}
			return "", true
		default:
			return s.screen.String(), false
		}
	})
	return code
}

const (
	prompt = " # "
	ctrlC  = "\x03"
	ctrlD  = "\x04"
)

// Ctrl-C is for what runs in the foreground. A shell that waits for it goes on.
func TestFeatureTerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity]}]`)
	p.wait(ready())
	s := p.terminal("exec", "sh")
	s.see(prompt)
	s.press("stty size; tty; test -t 0 && echo a terminal\r")
	s.see("24 80\r\n/dev/pts/0\r\na terminal\r\n")
	s.see(prompt)
	s.sizes <- remotecommand.TerminalSize{Width: 132, Height: 50}
	s.press("until stty size | grep '50 132'; do sleep 0.05; done\r")
	s.see("\r\n50 132\r\n")
	s.see(prompt)

	s.press("sleep 3600; echo not this\r")
	s.see("not this\r\n") // the echo
	s.press(ctrlC)
	s.see("^C")
	s.see(prompt)
	s.press("echo $?\r")
	s.see("\r\n130\r\n")
	s.see(prompt)

	s.press("while :; do sleep 0.1; done\r")
	s.see("done\r\n")
	s.press(ctrlC)
	s.see(prompt)
	s.press("while :; do :; done\r")
	s.see("done\r\n")
	s.press(ctrlC)
	s.see(prompt)
	s.press("sleep 3600 | cat | cat\r")
	s.see("cat\r\n")
	s.press(ctrlC)
	s.see(prompt)
	s.press("half a line" + ctrlC)
	s.see("^C\r\n")
	s.see(prompt)
	s.press("for i in 1 2\r")
	s.see("> ")
	s.press(ctrlC)
	s.see(prompt)
	s.press("sleep 3600 &\r")
	s.see(prompt)
	s.press(ctrlC)
	s.see(prompt)
	s.press("jobs\r")
	s.see("Running")
	s.see(prompt)

	s.press("cat > /tmp/typed\rhello\r" + ctrlD)
	s.see(prompt)
	s.press("cat /tmp/typed; rm /tmp/typed\r")
	s.see("\r\nhello\r\n")
	s.see(prompt)
	s.press("(exit 5)\r")
	s.see(prompt)
	s.press(ctrlD)
	if code := s.end(); code != 5 {
		t.Errorf("the shell ended with %d", code)
	}
}

func TestFeatureInterruptedCommand(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity]}]`)
	p.wait(ready())
	for _, tt := range []struct {
		command []string
		code    int
		screen  string
	}{
		{[]string{"sh", "-c", "echo up; sleep 3600"}, 130, "up\r\n^C"},
		{[]string{"sh", "-c", "echo up; sleep 3600; echo not this"}, 130, "up\r\n^C"},
		{[]string{"sh", "-c", "trap 'echo caught; exit 4' INT; echo up; sleep 3600; echo not this"}, 4, "up\r\n^Ccaught\r\n"},
		{[]string{"sh", "-c", "trap '' INT; echo up; sleep 1; echo ignored"}, 0, "up\r\n^Cignored\r\n"},
	} {
		s := p.terminal("exec", tt.command...)
		s.see("up\r\n")
		s.press(ctrlC)
		code := s.end()
		if got := s.screen.String(); code != tt.code || got != tt.screen {
			t.Errorf("%q: code %d, screen %q", tt.command, code, got)
		}
	}
}

// A shell as PID 1 with a terminal, as kubectl run -it makes it.
func TestFeatureAttachToATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`
restartPolicy: Never
containers: [{name: main, image: "busybox:1.36", stdin: true, stdinOnce: true, tty: true}]
`)
	p.wait(running("main"))
	s := p.terminal("attach")
	s.press("\r")
	s.see(prompt)
	s.press("stty size\r")
	s.see("24 80\r\n")
	s.press("sleep 3600\r")
	s.see("3600\r\n")
	s.press(ctrlC)
	s.see(prompt)
	s.press("exit 6\r")
	s.end()
	p.wait(terminated("main", 6, "Error", ""))
}
