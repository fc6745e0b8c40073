package warm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain is also the process that serves.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		exit, err := Serve(serve)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			exit = 99
		}
		os.Exit(exit)
	}
	os.Exit(m.Run())
}

var served int // commands, of this process

func serve(args []string, f Files) int {
	served++
	switch args[0] {
	case "tell":
		input, _ := io.ReadAll(f.Stdin)
		dir, _ := os.Getwd()
		fmt.Fprintf(f.Stdout, "%d %q %s %s %s", served, args, dir, os.Getenv("WARM"), input)
		fmt.Fprint(f.Stderr, "talk")
		fmt.Fprint(f.Report, "report")
	case "flood":
		_, _ = f.Stdout.Write(bytes.Repeat([]byte("0123456789abcdef"), 1<<16))
	case "fail":
		return 3
	case "leave":
		fmt.Fprint(f.Stderr, "leaving")
		os.Exit(4)
	case "panic":
		panic("broken")
	case "wait":
		fmt.Fprint(f.Stdout, "waiting")
		time.Sleep(time.Hour)
	}
	return 0
}

func start(t *testing.T) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start([]string{self, "serve"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestCommandsThatSucceedShareAProcess(t *testing.T) {
	p := start(t)
	dir := t.TempDir()
	for i := 1; i <= 3; i++ {
		var out, talk, report bytes.Buffer
		exit, err := p.Run(t.Context(), Command{
			Args: []string{"tell", "a b"}, Dir: dir, Env: map[string]string{"WARM": fmt.Sprint("value", i)},
			Stdin: strings.NewReader("input"), Stdout: &out, Stderr: &talk, Report: &report,
		})
		if exit != 0 || err != nil {
			t.Fatalf("exit code %d, %v", exit, err)
		}
		want := fmt.Sprintf(`%d ["tell" "a b"] %s value%d input`, i, dir, i)
		if out.String() != want || talk.String() != "talk" || report.String() != "report" {
			t.Errorf("got %q, %q and %q, want %q, talk and report", &out, &talk, &report, want)
		}
	}
	if p.Ended() {
		t.Error("the process has ended")
	}
}

func TestAllOutputArrives(t *testing.T) {
	p := start(t)
	var out bytes.Buffer
	if exit, err := p.Run(t.Context(), Command{Args: []string{"flood"}, Stdout: &out}); exit != 0 || err != nil {
		t.Fatalf("exit code %d, %v", exit, err)
	}
	if want := 16 << 16; out.Len() != want {
		t.Errorf("%d bytes arrived, want %d", out.Len(), want)
	}
}

func TestOneWriterForBothOutputs(t *testing.T) {
	p := start(t)
	var out bytes.Buffer
	if exit, err := p.Run(t.Context(), Command{Args: []string{"tell"}, Stdout: &out, Stderr: &out}); exit != 0 || err != nil {
		t.Fatalf("exit code %d, %v", exit, err)
	}
	if !strings.HasSuffix(out.String(), "talk") {
		t.Errorf("got %q, want the talk after the rest", &out)
	}
}

func TestFilesAreTheCallersOwn(t *testing.T) {
	p := start(t)
	in, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.WriteString("from a file"); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if exit, err := p.Run(t.Context(), Command{Args: []string{"tell"}, Stdin: in, Stdout: &out}); exit != 0 || err != nil {
		t.Fatalf("exit code %d, %v", exit, err)
	}
	if !strings.HasSuffix(out.String(), "from a file") {
		t.Errorf("got %q", &out)
	}
	if _, err := in.Stat(); err != nil {
		t.Errorf("the caller's file was closed: %v", err)
	}
}

func TestCommandsThatFailEndTheProcess(t *testing.T) {
	for _, test := range []struct {
		command string
		exit    int
		stderr  string
	}{
		{"fail", 3, ""},
		{"leave", 4, "leaving"},
		{"panic", 2, "panic: broken"},
	} {
		t.Run(test.command, func(t *testing.T) {
			p := start(t)
			var stderr bytes.Buffer
			exit, err := p.Run(t.Context(), Command{Args: []string{test.command}, Stderr: &stderr})
			if exit != test.exit || err != nil {
				t.Errorf("exit code %d, %v, want %d", exit, err, test.exit)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("standard error is %q, want %q in it", &stderr, test.stderr)
			}
			if !p.Ended() {
				t.Error("the process is still there")
			}
			if _, err := p.Run(t.Context(), Command{Args: []string{"tell"}}); err == nil {
				t.Error("a process that has ended ran a command")
			}
		})
	}
}

func TestInterruptedCommandEnds(t *testing.T) {
	p := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	began, ended := io.Pipe()
	go func() {
		_, _ = began.Read(make([]byte, 1))
		cancel()
		_, _ = io.Copy(io.Discard, began)
	}()
	exit, err := p.Run(ctx, Command{Args: []string{"wait"}, Stdout: ended})
	if exit == 0 && err == nil {
		t.Error("the command succeeded")
	}
	if !p.Ended() {
		t.Error("the process is still there")
	}
}

func TestProcessEndsWithItsCaller(t *testing.T) {
	p := start(t)
	if err := p.socket.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Errorf("it did not end well: %v, %s", err, p.complaint.Bytes())
	}
	p.ended = true
}
