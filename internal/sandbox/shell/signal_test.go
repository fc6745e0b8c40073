package shell

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// screen collects output and lets a test wait for a part of it.
type screen struct {
	mu     sync.Mutex
	text   bytes.Buffer
	change chan struct{}
}

func newScreen() *screen { return &screen{change: make(chan struct{})} }

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.change)
	s.change = make(chan struct{})
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await returns when the output contains text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		found, change := strings.Contains(s.text.String(), text), s.change
		s.mu.Unlock()
		if found {
			return
		}
		select {
		case <-change:
		case <-limit:
			t.Fatalf("no %q in %q", text, s.String())
		}
	}
}

// start starts a command as PID 1 whose first output is "ready".
func (b *box) start(t *testing.T, argv ...string) (*Process, *screen) {
	t.Helper()
	out := newScreen()
	p, err := b.Start(t.Context(), Command{Argv: argv, Stdout: out, Stderr: out})
	if err != nil {
		t.Fatal(err)
	}
	return p, out
}

// ended waits for the end of a process.
func ended(t *testing.T, p *Process) int {
	t.Helper()
	select {
	case <-p.Done():
		return p.Wait()
	case <-time.After(20 * time.Second):
		t.Fatal("the process does not end")
		return 0
	}
}

// alive checks that a signal did not end a process: another one that is processed after it arrives.
func alive(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Done():
		t.Fatalf("the process ended with %d", p.Wait())
	case <-time.After(50 * time.Millisecond):
	}
}

func TestInitIgnoresUnhandledSignals(t *testing.T) {
	for _, argv := range [][]string{{"sleep", "1000"}, {"sh", "-c", "echo ready; sleep 1000; true"}} {
		p, _ := newBox(t).start(t, argv...)
		p.Signal(SIGTERM)
		p.Signal(SIGINT)
		alive(t, p)
		p.Kill()
		if code := ended(t, p); code != 137 {
			t.Errorf("%v: %d", argv, code)
		}
	}
}

func TestTrap(t *testing.T) {
	tests := []struct {
		name, script string
		signal       Signal
		code         int
		out          string
	}{
		{"wait is interrupted", "trap 'echo bye; exit 3' TERM; sleep 1000 & echo ready; wait; echo after", SIGTERM, 3, "ready\nbye\n"},
		{"wait returns 128+n", "trap 'echo got' TERM; sleep 1000 & echo ready; wait $!; echo $?", SIGTERM, 0, "ready\ngot\n143\n"},
		{"foreground command ends first", "trap 'echo got' TERM; echo ready; sleep 0.2; echo after", SIGTERM, 0, "ready\ngot\nafter\n"},
		{"loop", "trap 'echo got; exit 0' SIGTERM; echo ready; while :; do sleep 0.01; done", SIGTERM, 0, "ready\ngot\n"},
		{"number", "trap 'echo got; exit 1' 15; echo ready; while :; do :; done", SIGTERM, 1, "ready\ngot\n"},
		{"interrupt", "trap 'echo got; exit 1' INT; echo ready; while :; do :; done", SIGINT, 1, "ready\ngot\n"},
		{"hangup", "trap 'echo got; exit 1' HUP USR1; echo ready; while :; do :; done", SIGHUP, 1, "ready\ngot\n"},
		{"exit trap", "trap 'echo bye' EXIT; trap 'exit 5' TERM; echo ready; while :; do :; done", SIGTERM, 5, "ready\nbye\n"},
		{"ignored", "trap '' TERM; echo ready; sleep 0.2; echo after", SIGTERM, 0, "ready\nafter\n"},
		{"function", "f() { echo f; exit 4; }; trap f TERM; echo ready; while true; do sleep 0.01; done", SIGTERM, 4, "ready\nf\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, out := newBox(t).start(t, "sh", "-c", tt.script)
			out.await(t, "ready")
			// A signal can come before "wait" has begun: its trap has run then, and another one is needed.
			stop := repeat(func() { p.Signal(tt.signal) })
			code := ended(t, p)
			stop()
			got := collapse(out.String())
			if code != tt.code || got != tt.out {
				t.Errorf("code %d, want %d; output %q, want %q", code, tt.code, got, tt.out)
			}
		})
	}
}

// repeat calls f now and every 100 ms until it is stopped.
func repeat(f func()) (stop func()) {
	f()
	ticker, done := time.NewTicker(100*time.Millisecond), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}

// collapse drops repeated lines.
func collapse(s string) string {
	lines := strings.SplitAfter(s, "\n")
	return strings.Join(slices.Compact(lines), "")
}

func TestExecReplacesShell(t *testing.T) {
	handles := func(c *Config, _ *filesOptions) {
		c.Programs = map[string]Program{"sleep": nginx}
	}
	p, out := newBox(t, handles).start(t, "sh", "-c", "trap 'echo never' TERM; exec sleep 1")
	out.await(t, "ready")
	if argv := p.Argv(); len(argv) != 2 || argv[0] != "sleep" || p.PID() != 1 {
		t.Errorf("pid %d is %v", p.PID(), argv)
	}
	p.Signal(SIGTERM)
	if code := ended(t, p); code != 7 || out.String() != "ready\nsignal TERM\n" {
		t.Errorf("%d, %q", code, out.String())
	}
}

func TestKillFromInside(t *testing.T) {
	b := newBox(t)
	p, out := b.start(t, "sh", "-c", "trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.01; done")
	out.await(t, "ready")
	if r := b.sh(t, "kill -9 1; kill -INT 1; echo $?"); r.out != "0\n" {
		t.Errorf("%+v", r)
	}
	alive(t, p)
	if r := b.sh(t, "kill 1"); r.code != 0 && r.code != 137 {
		t.Errorf("%+v", r)
	}
	if code := ended(t, p); code != 9 {
		t.Errorf("code %d", code)
	}
	if _, err := b.Start(t.Context(), Command{Argv: []string{"true"}}); !errors.Is(err, ErrEnded) {
		t.Errorf("start after the end: %v", err)
	}
}

func TestChildrenDieWithInit(t *testing.T) {
	b := newBox(t)
	p, out := b.start(t, "sh", "-c", "sleep 1000 & sleep 1000 | cat & echo ready; read x; exit 2")
	out.await(t, "ready")
	if code := ended(t, p); code != 2 {
		t.Errorf("code %d", code)
	}
	b.Container.running.Wait()
	if left := b.Processes(); len(left) != 0 {
		t.Errorf("%d processes are left", len(left))
	}
}

func TestKillJobs(t *testing.T) {
	for script, want := range map[string]string{
		"sleep 1000 & kill $!; wait $!; echo $?":                                         "143\n",
		"sleep 1000 & kill -9 $!; wait $!; echo $?":                                      "137\n",
		"sleep 1000 & kill -USR1 %1; wait %1; echo $?":                                   "138\n",
		"(trap 'exit 3' TERM; sleep 1000 & wait) & sleep 0.1; kill $!; wait $!; echo $?": "3\n",
		"kill 9999; echo $?":                              "1\n",
		"while :; do :; done & kill $!; wait $!; echo $?": "143\n",
		"sh -c 'kill -TERM $$; echo no'; echo $?":         "143\n",
		"sh -c 'kill -KILL $$'; echo $?":                  "137\n",
	} {
		b := newBox(t)
		b.start(t, "sleep", "1000") // the first process of a container would be immune
		if r := b.sh(t, script); r.out != want {
			t.Errorf("%s: %q, want %q (%s)", script, r.out, want, r.err)
		}
	}
}

func TestStdinEnd(t *testing.T) {
	if r := newBox(t).run(t, Command{Argv: []string{"sh"}}); r.code != 0 {
		t.Errorf("%+v", r)
	}
	in, w := io.Pipe()
	go func() {
		io.WriteString(w, "echo a\nfor i in 1 2\ndo echo $i\ndone\nread x\nline\necho \"<$x>\"\nexit 4\n")
		w.Close()
	}()
	if r := newBox(t).run(t, Command{Argv: []string{"sh"}, Stdin: in}); r.code != 4 || r.out != "a\n1\n2\n<line>\n" {
		t.Errorf("%+v", r)
	}
}

func TestCancelKills(t *testing.T) {
	for _, script := range []string{"sleep 1000", "while :; do :; done", "cat", "read x", "sleep 1000 & wait", "echo $(sleep 1000)", "sleep 1000 | cat"} {
		b := newBox(t)
		in, _ := io.Pipe()
		p, err := b.Start(t.Context(), Command{Argv: []string{"sh", "-c", script + "; true"}, Stdin: in})
		if err != nil {
			t.Fatal(err)
		}
		p.Kill()
		if code := ended(t, p); code != 137 {
			t.Errorf("%s: %d", script, code)
		}
		b.Close()
	}
}
