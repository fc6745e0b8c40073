package report

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/muesli/termenv"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden tells one run of everything in several kinds of terminals.
func TestGolden(t *testing.T) {
	tests := map[string]Options{
		"plain":  {Plain: true},
		"wide":   {Plain: true, Width: 100},
		"narrow": {Plain: true, Width: 40},
		"ascii":  {Plain: true, ASCII: true},
		"dark":   {Profile: termenv.ANSI256},
		"light":  {Profile: termenv.ANSI256, Light: true},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			var out, err bytes.Buffer
			o.Out, o.Err, o.Now = &out, &err, clock()
			text := New(o)
			tell(t, text)
			if text.Err() != nil {
				t.Error(text.Err())
			}
			if o.Plain && strings.Contains(out.String(), "\x1b") {
				t.Error("plain text with an escape sequence")
			}
			golden(t, name, "-- stdout --\n"+out.String()+"-- stderr --\n"+err.String())
		})
	}
}

// clock advances by 0.4 s each time that it is read.
func clock() func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(400 * time.Millisecond)
		return now
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "\x1b", "<ESC>")
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nIf that is right: go test ./internal/runner/report -update", file, got)
	}
}

// tell calls everything once.
func tell(t *testing.T, text *Text) {
	tellStart(text)
	tellStep(t, text)
	tellVerdicts(text)
	text.Summary(Summary{
		Steps: []StepSummary{
			{Title: "Create it", Outcome: Passed, Points: 1, MaxPoints: 1},
			{Title: "A step with a title that is so long that it does not fit into a line of the terminal", Outcome: Failed, Points: 1, MaxPoints: 3},
			{Title: "Only text"},
		},
		Timeline: "/labs/demo/timeline.ndjson",
		Replay:   "k8slab replay /labs/demo/timeline.ndjson",
	})
}

func tellStart(text *Text) {
	p := text.Progress("cluster")
	p.Phase("starting the API server")
	p.Phase("starting 2 nodes")
	p.Done("ready")
	text.Lesson(&lesson.Lesson{
		Title: "A lesson", Summary: "You change *something* and look at `kubectl get pods`.", Minutes: 15,
		Objectives: []string{"Say what it does.", "Predict what it will do, which is a longer line that has to be wrapped on most terminals."},
		Points:     10, Steps: make([]lesson.Step, 1),
	})
	text.Step(1, 6, lesson.Step{Title: "Create it"})
}

func tellStep(t *testing.T, text *Text) {
	text.Markdown("Some text with **strong** words and `code`, long enough that it does not fit into one line.\n\n- first\n- second\n\n```yaml\nkind: Pod\n```")
	if err := text.Command(context.Background(), "kubectl apply \\\n  -f web.yaml"); err != nil {
		t.Error(err)
	}
	io.WriteString(text.Output(), "replicaset.apps/web created\nno line break at the end")
	text.Changed("web.yaml", []byte("a\nb\nc\nimage: nginx:1.25\nd\n"), []byte("a\nb\nc\nimage: nginx:1.26\nd\n"))
	text.Changed("same.yaml", []byte("a\n"), []byte("a\n"))
	text.Changed("new.yaml", nil, []byte("kind: Pod"))
	q := lesson.Question{Prompt: "How many?", Choices: []string{"0", "all of them, and then some more, until nobody knows any more how many there are"}, Answer: []string{"0"}, Explain: "None. Look at the names."}
	text.Question(q)
	text.Explain(q)
	text.Question(lesson.Question{Prompt: "Why?"})
	text.Explain(lesson.Question{Explain: "Because."})
}

func tellVerdicts(text *Text) {
	text.Verdicts([]Verdict{
		{Title: "Three Pods run", Outcome: Passed, Points: 1},
		{Title: "The apply replaced no Pod", Outcome: Failed, Points: 2, Message: "at 3.2 s Pod web-x7k2p was deleted, and nobody should have deleted it\nexpected: none", Hint: "Apply the file and do not delete anything.", Position: "checks.go:25"},
		{Title: "The replacement is new", Outcome: Waiting, Points: 1, Message: "no Pod was deleted yet"},
		{Title: "A check whose script is wrong", Outcome: Broken, Message: "nil pointer", Position: "checks.go:40"},
	})
}

// TestOnce: what neighbours have in common is said with the last of them.
func TestOnce(t *testing.T) {
	verdict := func(o Outcome, message, hint string) Verdict {
		return Verdict{Outcome: o, Message: message, Hint: hint}
	}
	got := Once([]Verdict{
		verdict(Failed, "a", "again"), verdict(Failed, "a", "again"), verdict(Failed, "b", "again"),
		verdict(Waiting, "b", "wait"), verdict(Passed, "", ""), verdict(Waiting, "b", "wait"), verdict(Waiting, "b", "go"),
	})
	want := []Verdict{
		verdict(Failed, "", ""), verdict(Failed, "a", ""), verdict(Failed, "b", "again"),
		verdict(Waiting, "b", "wait"), verdict(Passed, "", ""), verdict(Waiting, "b", "wait"), verdict(Waiting, "b", "go"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if len(Once(nil)) != 0 {
		t.Error("nothing has become something")
	}
}

// TestHostile puts what could take over a terminal into everything that comes
// from elsewhere.
func TestHostile(t *testing.T) {
	const evil = "x\x1b]0;title\x07\x1b[2J\u009b31m\u202ereversed\r\x00 &#27;]0;t&#7; &#x9b;2J"
	var out, errOut bytes.Buffer
	text := New(Options{Out: &out, Err: &errOut, Profile: termenv.TrueColor})
	text.Lesson(&lesson.Lesson{Title: evil, Summary: evil, Objectives: []string{evil}})
	text.Step(1, 1, lesson.Step{Title: evil})
	text.Markdown(evil + "\n\n```\n" + evil + "\n```\n\n[" + evil + "](http://x/" + evil + ")")
	if err := text.Command(context.Background(), evil); err != nil {
		t.Error(err)
	}
	text.Changed(evil, []byte(evil), []byte(evil+evil))
	q := lesson.Question{Prompt: evil, Choices: []string{evil}, Answer: []string{evil}, Explain: evil}
	text.Question(q)
	text.Explain(q)
	text.Verdicts([]Verdict{{Title: evil, Outcome: Broken, Message: evil, Hint: evil, Position: evil}})
	text.Summary(Summary{Steps: []StepSummary{{Title: evil, Outcome: Failed}}, Timeline: evil, Replay: evil})
	p := text.Progress(evil)
	p.Phase(evil)
	p.Done(evil)
	for name, s := range map[string]string{"stdout": out.String(), "stderr": errOut.String()} {
		rest := styling.ReplaceAllString(s, "")
		if i := strings.IndexAny(rest, "\x1b\x07\u009b\u202e\r\x00"); i >= 0 {
			t.Errorf("%s has a raw control character: %q", name, rest[max(0, i-30):min(len(rest), i+30)])
		}
	}
	if !strings.Contains(out.String(), `\x1b]0;title\a`) {
		t.Error("control characters are not shown")
	}
}

// TestOutputUnchanged writes the output of a command byte for byte.
func TestOutputUnchanged(t *testing.T) {
	var out bytes.Buffer
	text := New(Options{Out: &out, Err: io.Discard, Plain: true})
	const raw = "\x1b[31mred\x1b[0m\r\n\x00\xff"
	io.WriteString(text.Output(), raw)
	if out.String() != raw {
		t.Errorf("got %q, want %q", out.String(), raw)
	}
}

// TestTyping stops in the middle of a command when the context ends.
func TestTyping(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	text := New(Options{Out: io.MultiWriter(&out, cancelAfter{&out, 5, cancel}), Err: io.Discard, Plain: true, Delay: time.Microsecond})
	err := text.Command(ctx, "kubectl get pods "+strings.Repeat("x", 1000))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if got := out.String(); !strings.HasPrefix(got, "$ kub") || !strings.HasSuffix(got, "\n") || len(got) > 100 {
		t.Errorf("typed %q", got)
	}
}

// cancelAfter cancels when that many bytes are in the buffer.
type cancelAfter struct {
	b      *bytes.Buffer
	n      int
	cancel func()
}

func (c cancelAfter) Write(p []byte) (int, error) {
	if c.b.Len() >= c.n {
		c.cancel()
	}
	return len(p), nil
}

// TestTyped types the whole command.
func TestTyped(t *testing.T) {
	var out bytes.Buffer
	text := New(Options{Out: &out, Err: io.Discard, Plain: true, Delay: time.Microsecond})
	if err := text.Command(context.Background(), "kubectl get pods"); err != nil {
		t.Error(err)
	}
	if out.String() != "$ kubectl get pods\n" {
		t.Errorf("typed %q", out.String())
	}
}

// TestBrokenPipe keeps the first error and goes on.
func TestBrokenPipe(t *testing.T) {
	text := New(Options{Out: broken{}, Err: broken{}})
	text.Markdown("a")
	text.Markdown("b")
	text.Progress("cluster").Done("ready")
	if !errors.Is(text.Err(), io.ErrClosedPipe) {
		t.Errorf("error %v, want io.ErrClosedPipe", text.Err())
	}
	if n, err := io.WriteString(text.Output(), "c"); n != 1 || err != nil {
		t.Errorf("output of a command: %d, %v", n, err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestSpinner leaves one line per phase on a terminal.
func TestSpinner(t *testing.T) {
	var err bytes.Buffer
	text := New(Options{Out: io.Discard, Err: &err, Plain: true, Spinner: true})
	p := text.Progress("cluster")
	p.Phase("starting the API server")
	text.Markdown("Text in between.")
	p.Phase("starting nodes")
	p.Abort()
	p.Abort()
	var lines []string
	for _, l := range strings.Split(err.String(), "\n") {
		rewritten := strings.Split(l, eraseLine)
		lines = append(lines, rewritten[len(rewritten)-1])
	}
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "cluster: starting the API server… 0.") || !strings.HasPrefix(lines[1], "cluster: starting nodes… 0.") || lines[2] != "" {
		t.Errorf("lines %q", lines)
	}
}

func TestDetect(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	tests := []struct {
		name  string
		env   map[string]string
		ascii bool
	}{
		{"no locale", nil, false},
		{"UTF-8", map[string]string{"LANG": "en_US.UTF-8"}, false},
		{"utf8", map[string]string{"LC_CTYPE": "C.utf8", "LANG": "C"}, false},
		{"C", map[string]string{"LANG": "C"}, true},
		{"LC_ALL wins", map[string]string{"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, true},
		{"dumb", map[string]string{"TERM": "dumb", "LANG": "en_US.UTF-8"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Detect(w, w, func(k string) string { return tt.env[k] })
			if !o.Plain || o.Delay != 0 || o.Spinner || o.Width != 0 || o.ASCII != tt.ascii {
				t.Errorf("in a pipe: %+v, want plain text and ASCII %v", o, tt.ascii)
			}
		})
	}
}
