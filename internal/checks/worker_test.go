package checks

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// script is a script with the given body of the function Hostile, after a check that
// passes and before another.
func hostile(imports, body string) []byte {
	return []byte(`package checks

import (
	"github.com/k8slab/k8slab/lab"
	` + imports + `
)

func First(t *lab.T) { t.Equal(1, 1, "one") }

func Hostile(t *lab.T) {
	` + body + `
}

func Last(t *lab.T) { t.Equal(1, 1, "one") }
`)
}

func TestRun(t *testing.T) {
	w := startWorker(t)
	for range 2 { // the second time with a compiled script
		got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", `t.Hint("add %d", 1).Equal(1, 2, "the number")`)})
		if err != nil {
			t.Fatal(err)
		}
		want := []Finding{
			{Check: "First", Title: "First", Outcome: Passed},
			{Check: "Hostile", Title: "Hostile", Outcome: Failed, Message: "the number: got 1, want 2", Hint: "add 1", Position: "checks.go:11"},
			{Check: "Last", Title: "Last", Outcome: Passed},
		}
		if len(got) != len(want) {
			t.Fatalf("got %d findings: %+v", len(got), got)
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("got %+v, want %+v", got[i], want[i])
			}
		}
	}
}

// What counts when the lab has settled counts at once for who knows that it has.
func TestSettled(t *testing.T) {
	w := startWorker(t)
	source := hostile("", `t.Await(true, "it"); t.AtMost(1, 1, "the number")`)
	tl := timeline.New(timeline.Header{Start: time.Unix(0, 0)}, []timeline.Entry{{Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "a", ResourceVersion: 1}}})
	for settled, want := range map[bool]Outcome{false: Waiting, true: Passed} {
		got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: source, Names: []string{"Hostile"}, Step: "a", Timeline: tl, Settled: settled})
		if err != nil || got[0].Outcome != want {
			t.Errorf("settled %t: %+v, %v", settled, got, err)
		}
	}
}

// TestHostile runs scripts that the linter would reject, because the linter is
// not what protects the host.
func TestHostile(t *testing.T) {
	tests := []struct {
		name, imports, body string
		message             string // part of it
		survives            bool   // the worker, so that the last check passes
		compiles            bool   // so that the first check passes
	}{
		{name: "endless loop", body: `for { }`, message: "endless loop", compiles: true},
		{name: "endless loop with calls", body: `for { t.Logf("x") }`, message: "endless loop", compiles: true},
		{name: "endless recursion", body: `var f func(int) int; f = func(n int) int { return f(n+1) + 1 }; f(0)`, message: "called itself without end", compiles: true},
		{name: "memory bomb", body: `var all [][]byte; for { all = append(all, make([]byte, 1<<20)) }`, message: "more than 256 MiB", compiles: true},
		{name: "memory bomb at once", body: `b := make([]byte, 1<<40); t.Equal(len(b), 1, "length")`, message: "more than 256 MiB", compiles: true},
		{name: "memory bomb by string", imports: `"strings"`, body: `s := strings.Repeat("x", 1<<32); t.Equal(len(s), 1, "length")`, message: "more than 256 MiB", compiles: true},
		{name: "panic in a goroutine", body: `done := make(chan bool); go func() { panic("boom") }(); <-done`, message: "in a goroutine", compiles: true},
		{name: "panic", body: `panic("boom")`, message: "the check panicked: boom", survives: true, compiles: true},
		{name: "deadlock", body: `<-make(chan int)`, message: "endless loop", compiles: true},
		{name: "output flood", imports: `"fmt"`, body: `for i := 0; i < 5000; i++ { fmt.Println("flood flood flood flood"); println("x") }; t.Equal(1, 2, "n")`, message: "n: got 1, want 2", survives: true, compiles: true},
		{name: "finding flood", imports: `"fmt"`, body: `for i := 0; i < 2000; i++ { t.Errorf(fmt.Sprint(i)) }`, message: "and 95 more", survives: true, compiles: true},
		{name: "long message", imports: `"strings"`, body: `t.Errorf(strings.Repeat("x", 1<<24))`, message: "xxxx", survives: true, compiles: true},
		{name: "os", imports: `"os"`, body: `os.Exit(0)`, message: "package os is not for check scripts", survives: true},
		{name: "os/exec", imports: `"os/exec"`, body: `exec.Command("id").Run()`, message: "package os/exec is not for check scripts", survives: true},
		{name: "net", imports: `"net"`, body: `net.Dial("tcp", "127.0.0.1:1")`, message: "package net is not for check scripts", survives: true},
		{name: "net/http", imports: `"net/http"`, body: `http.Get("http://127.0.0.1")`, message: "package net/http is not for check scripts", survives: true},
		{name: "unsafe", imports: `"unsafe"`, body: `t.Equal(unsafe.Sizeof(1), 8, "size")`, message: "package unsafe is not for check scripts", survives: true},
		{name: "reflect", imports: `"reflect"`, body: `reflect.ValueOf(t)`, message: "package reflect is not for check scripts", survives: true},
		{name: "syscall", imports: `"syscall"`, body: `syscall.Kill(1, 9)`, message: "package syscall is not for check scripts", survives: true},
		{name: "embedded file", imports: `_ "embed"`, body: ``, message: "package embed is not for check scripts", survives: true},
		{name: "time.LoadLocation", imports: `"time"`, body: `time.LoadLocation("../../../etc/passwd")`, message: "LoadLocation", survives: true},
		{name: "time.Now", imports: `"time"`, body: `t.Logf("%v", time.Now())`, message: "Now", survives: true},
		{name: "fmt.Scan", imports: `"fmt"`, body: `var s string; fmt.Scan(&s)`, message: "Scan", survives: true},
		{name: "the host's names", body: `lab.Judge(lab.Case{}, nil)`, message: "Judge", survives: true},
		{name: "unexported fields", body: `t.run = nil`, message: "unexported field", survives: true, compiles: true},
	}
	// What does not end by itself meets the limit, and what does gets the time that a
	// busy machine needs.
	limited, patient := startWorkerFor(t, 3*time.Second), startWorkerFor(t, time.Minute)
	for _, w := range []*Worker{limited, patient} {
		w.lint = func(string, []byte) []Problem { return nil }
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := patient
			if test.message == "endless loop" {
				w = limited
			}
			if raceDetector && (strings.HasPrefix(test.name, "memory") || test.name == "endless recursion") {
				t.Skip("how the process ends is up to the race detector")
			}
			start := time.Now()
			got, err := w.Run(t.Context(), Request{
				Filename: "checks.go", Source: hostile(test.imports, test.body), Names: []string{"First", "Hostile", "Last"},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %+v", time.Since(start).Round(time.Millisecond), got[1].Message[:min(len(got[1].Message), 200)])
			if len(got) != 3 {
				t.Fatalf("got %d findings, want 3", len(got))
			}
			if got[0].Outcome == Passed != test.compiles {
				t.Errorf("first check: %+v", got[0])
			}
			if got[2].Outcome == Passed != (test.survives && test.compiles) {
				t.Errorf("last check: %+v", got[2])
			}
			if got[1].Outcome == Passed || !strings.Contains(got[1].Message, test.message) {
				t.Errorf("got %+v, want a message with %q", got[1], test.message)
			}
			if len(got[1].Message) > 8<<10 || len(got[1].Log) > 2*maxPrinted {
				t.Errorf("message of %d bytes, log of %d", len(got[1].Message), len(got[1].Log))
			}
		})
	}
}

func TestRunRejectsWhatLintFinds(t *testing.T) {
	w := startWorker(t)
	for range 2 { // a rejected script does not become accepted by being sent again
		got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", "go t.Errorf(`x`)")})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range got {
			if f.Outcome != Error || f.Position != "checks.go:11:2" || !strings.Contains(f.Message, "checks.go:11:2: a check runs in one goroutine") {
				t.Errorf("got %+v", f)
			}
		}
		if len(got) != 3 {
			t.Errorf("got %d findings", len(got))
		}
	}
}

func TestRunUnknownCheck(t *testing.T) {
	w := startWorker(t)
	got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", "t.Equal(1, 1, `n`)"), Names: []string{"NotThere", "First"}})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Outcome != Error || got[0].Message != "checks.go has no check NotThere; it has First, Hostile, Last" || got[1].Outcome != Passed {
		t.Errorf("got %+v", got)
	}
}

func TestRunWithoutAssertion(t *testing.T) {
	w := startWorker(t)
	got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", "if len(t.Now().Pods(`app=web`)) > 3 {\n\t\tt.Errorf(`x`)\n\t}"), Names: []string{"Hostile"}, Step: "a", Timeline: opened(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Outcome != Error || !strings.HasPrefix(got[0].Message, "the check looked at nothing that could have failed it") {
		t.Errorf("got %+v", got)
	}
}

// TestPositions runs what goes wrong in ways that the interpreter places wrongly
// or not at all.
func TestPositions(t *testing.T) {
	tests := []struct{ name, body, message, position string }{
		{"assertion", "\n\n\tt.Equal(1, 2, `n`)", "n: got 1, want 2", "checks.go:13"},
		{"over lines", "t.\n\t\tHint(`do`).\n\t\tEqual(1,\n\t\t\t2, `n`)", "n: got 1, want 2", "checks.go:11"},
		{"kept hint", "h := t.Hint(`do`)\n\tif true {\n\t\th.Equal(1, 2, `n`)\n\t}", "n: got 1, want 2", "checks.go:13"},
		{"in a case", "switch {\n\tcase true:\n\t\tt.Errorf(`x`)\n\t}", "x", "checks.go:13"},
		{"in a callback", "t.Await(true, ``)\n\tt.Always(func(s *lab.State) bool {\n\t\tt.Errorf(`x`)\n\t\treturn true\n\t}, `y`)", "x", "checks.go:13"},
		{"nil pointer", "var s *lab.State\n\tt.Logf(`x`)\n\tt.Logf(`%v`, s.Moment())", "the check panicked: a nil pointer was used", "checks.go:13"},
		{"nil field", "pod := t.Pod(`stray`)\n\tt.Logf(`x`)\n\tt.Logf(`%v`, *pod.Spec.RuntimeClassName)", "the check panicked: a nil pointer was used", "checks.go:13"},
		{"index", "var all []int\n\tn := 3\n\n\tt.Equal(all[n], 1, `n`)", "the check panicked: an index is out of range", "checks.go:14"},
		{"nil map", "var all map[string]int\n\n\tall[`a`] = 1", "the check panicked: a value was put into a map that is nil", "checks.go:13"},
		{"panic", "\n\n\tpanic(`boom`)", "the check panicked: boom", "checks.go:13"},
		{"malformed selector", "\n\tt.Now().Pods(`app in (`)", "label selector \"app in (\"", "checks.go:12"},
		{"no evidence", "\n\tt.AtMost(1, 2, `n`)", "AtMost proves nothing before something has happened", "checks.go:12"},
		{"no number", "t.Await(true, ``)\n\tt.AtMost(`a`, 2, `n`)", "AtMost compares numbers, not string and int", "checks.go:12"},
	}
	w := startWorker(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := w.Run(t.Context(), Request{
				Filename: "dir/checks.go", Source: hostile("", test.body), Names: []string{"Hostile"}, Step: "a", Timeline: opened(t),
				Manifests: map[string][]byte{"stray.yaml": []byte("apiVersion: v1\nkind: Pod\nmetadata:\n  name: stray\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if f := got[0]; !strings.HasPrefix(f.Message, test.message) || f.Position != test.position {
				t.Errorf("got %q at %s, want %q at %s", f.Message, f.Position, test.message, test.position)
			}
		})
	}
}

// opened returns the timeline of a step a in which nothing has happened.
func opened(t *testing.T) *timeline.Timeline {
	w := newWorld(t)
	w.step("a")
	return w.timeline()
}

func TestRunCancelled(t *testing.T) {
	w := startWorker(t)
	w.lint = func(string, []byte) []Problem { return nil }
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := w.Run(ctx, Request{Filename: "checks.go", Source: hostile("", "for { }")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
}

func TestRunAfterWorkerWasKilled(t *testing.T) {
	w := startWorker(t)
	w.process.kill() // as the kernel does when memory runs out; nobody waits for its end here
	got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: hostile("", "t.Equal(1, 1, `n`)")})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range got {
		if f.Outcome != Passed {
			t.Errorf("got %+v", f)
		}
	}
}

func TestRunScriptWithoutChecks(t *testing.T) {
	w := startWorker(t)
	for _, src := range []string{"package checks", "package checks\n\nfunc ("} {
		if got, err := w.Run(t.Context(), Request{Filename: "checks.go", Source: []byte(src)}); err == nil {
			t.Errorf("%q: got %+v and no error", src, got)
		}
	}
}

func TestWorkerLeavesNothing(t *testing.T) {
	w := startWorker(t)
	p := w.process
	w.Close()
	if _, err := os.Stat(p.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("directory %s: %v", p.dir, err)
	}
	if p.state == nil {
		t.Error("the process was not waited for")
	}
	if _, err := w.Run(t.Context(), Request{}); !errors.Is(err, errClosed) {
		t.Errorf("run after close: %v", err)
	}
}

func TestStartProgramThatIsNoWorker(t *testing.T) {
	for _, argv := range [][]string{{"/bin/true"}, {filepath.Join(t.TempDir(), "absent")}} {
		if _, err := Start(t.Context(), WorkerOptions{Argv: argv}); err == nil {
			t.Errorf("%s: no error", argv)
		}
	}
}
