package tui

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/picture"
	"github.com/k8slab/k8slab/internal/runner/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Arg(0) == "demo" {
		os.Exit(demo())
	}
	os.Exit(m.Run())
}

// A player is a model with a scripted session. Commands are carried out at once;
// those that wait for something (states, recordings, beats) are not.
type player struct {
	*testing.T
	*Model
	session *scripted
}

func newPlayer(t *testing.T, columns, rows int, look report.Options) *player {
	t.Helper()
	l, err := lesson.Parse(os.DirFS("testdata/lessons"), "demo")
	if err != nil {
		t.Fatal(err)
	}
	session := newScripted(l)
	m := newModel(context.Background(), Options{Lesson: l, Session: session, Look: look, Now: func() time.Time { return epoch }})
	p := &player{t, m, session}
	p.Update(tea.WindowSizeMsg{Width: columns, Height: rows})
	return p
}

// begin takes the first state.
func (p *player) begin() *player {
	p.Helper()
	p.touched = epoch // not worth a request
	p.take(p.session.state)
	p.layout()
	return p
}

// state changes the session's state and shows it.
func (p *player) change(f func(*live.State)) {
	f(&p.session.state)
	p.session.state.Revision++
	p.take(p.session.state)
	p.layout()
}

// press presses keys, one after the other.
func (p *player) press(keys ...string) {
	p.Helper()
	for _, k := range keys {
		_, cmd := p.Update(keyMsg(k))
		p.carryOut(cmd)
		p.frame()
	}
}

func keyMsg(k string) tea.KeyMsg {
	for _, t := range []tea.KeyType{tea.KeyEnter, tea.KeyEsc, tea.KeyTab, tea.KeyShiftTab, tea.KeyUp, tea.KeyDown, tea.KeyPgDown, tea.KeyPgUp, tea.KeyBackspace, tea.KeyCtrlC} {
		if (tea.KeyMsg{Type: t}).String() == k {
			return tea.KeyMsg{Type: t}
		}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
}

func (p *player) carryOut(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			p.carryOut(c)
		}
	case replyMsg, resumedMsg, closedMsg, pictureMsg, watchMsg, whyMsg:
		if w, ok := msg.(watchMsg); ok {
			p.states = w.states
			return
		}
		_, cmd := p.Update(msg)
		p.carryOut(cmd)
	}
}

// frame draws, and looks whether the frame fits the terminal.
func (p *player) frame() string {
	p.Helper()
	frame := p.View()
	lines := strings.Split(frame, "\n")
	if len(lines) != p.rows && !p.small() {
		p.Errorf("%d lines on %d rows:\n%s", len(lines), p.rows, frame)
	}
	for _, line := range lines {
		if width(line) > p.columns {
			p.Errorf("%d columns on %d: %q", width(line), p.columns, line)
		}
	}
	return frame
}

// sees fails unless the frame has each of these.
func (p *player) sees(texts ...string) {
	p.Helper()
	frame := p.frame()
	for _, text := range texts {
		if !strings.Contains(frame, text) {
			p.Errorf("%q is not there:\n%s", text, frame)
		}
	}
}

func (p *player) seesNo(text string) {
	p.Helper()
	if frame := p.frame(); strings.Contains(frame, text) {
		p.Errorf("%q is there:\n%s", text, frame)
	}
}

func (p *player) asked(want ...string) {
	p.Helper()
	if got := p.session.asked; !slices.Equal(got, want) {
		p.Errorf("asked %q, want %q", got, want)
	}
	p.session.asked = nil
}

// film shows a recording.
func (p *player) film() {
	p.Helper()
	t := recording(p)
	p.recording, p.timeline = 0, t
	p.picture = picture.Of(t.Step("adopt"), picture.Select{})
	p.layout()
}

func recording(t testing.TB) *timeline.Timeline {
	t.Helper()
	f, err := os.Open("../../checks/testdata/replicaset-updates/made-reference/timeline.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := timeline.Read(z)
	if err != nil {
		t.Fatal(err)
	}
	return recorded
}

// TestGolden draws every screen.
func TestGolden(t *testing.T) {
	screens := map[string]func(*player){
		"starting": func(p *player) {
			p.change(func(s *live.State) { s.Phase, s.Checks, s.Kubernetes = "starting the API server", nil, "" })
		},
		"step":     func(*player) {},
		"checks":   func(p *player) { p.change(mixed); p.press("tab") },
		"picture":  func(p *player) { p.change(mixed); p.film(); p.press("tab", "tab") },
		"timeline": func(p *player) { p.film(); p.press("t") },
		"question": func(p *player) { p.press("a", "down") },
		"wrong":    func(p *player) { p.press("a", "a") },
		"hint":     func(p *player) { p.press("h", "h") },
		"reset":    func(p *player) { p.press("x") },
		"list":     func(p *player) { p.press("n", "y", "l", "up") },
		"keys":     func(p *player) { p.press("?") },
		"solution": func(p *player) { p.press("o", "y") },
		"ended": func(p *player) {
			why := live.Record{Ended: &live.End{Reason: "nobody used it for an hour"}}.Why()
			p.opts.Resume = func(context.Context) (live.Session, error) { return p.session, nil }
			p.end(&live.EndedError{Reason: why.Reason, Remedy: why.Remedy})
			p.layout()
		},
	}
	looks := map[string]report.Options{
		"plain":  {Plain: true},
		"ascii":  {Plain: true, ASCII: true},
		"colour": {Profile: termenv.ANSI256},
	}
	for screen, act := range screens {
		for _, size := range [][2]int{{80, 24}, {160, 48}} {
			for name, look := range looks {
				if name == "ascii" && size[0] != 80 {
					continue
				}
				t.Run(fmt.Sprintf("%s-%dx%d-%s", screen, size[0], size[1], name), func(t *testing.T) {
					p := newPlayer(t, size[0], size[1], look).begin()
					act(p)
					golden(t, p.frame())
				})
			}
		}
	}
}

// mixed has one of each outcome.
func mixed(s *live.State) {
	s.Checks = []live.Check{
		{Title: "Three Pods run the first version", Outcome: checks.Passed, Points: 1},
		{Title: "The apply replaced no Pod", Outcome: checks.Failed, Points: 2, Message: "Pod web-x7k2p was deleted 3.2s into the step, and nobody should have deleted it", Remedy: "Do the step again, and apply the file only."},
		{Title: "The replacement runs the new version", Outcome: checks.Waiting, Points: 1, Message: "no Pod was deleted yet", Remedy: "Type kubectl delete pod and one of the names."},
		{Title: "A check that broke", Outcome: checks.Error, Message: "index out of range", Position: "checks.go:25", Remedy: "Nothing that you did; try c."},
	}
	s.Settled, s.Moving = false, "Pod web-x7k2p is terminating"
	s.Problems = []live.Problem{{File: "web.yaml", Line: 7, Message: "unknown field \"replica\"", Remedy: "Did you mean replicas?"}}
}

func golden(t *testing.T, got string) {
	t.Helper()
	var lines []string
	for _, line := range strings.Split(got, "\n") {
		lines = append(lines, strings.TrimRight(line, " ")+"\n")
	}
	got = strings.ReplaceAll(strings.Join(lines, ""), "\x1b", "<ESC>")
	file := filepath.Join("testdata", strings.TrimPrefix(t.Name(), "TestGolden/")+".golden")
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
		t.Errorf("%s differs; got:\n%s\nIf that is right: go test ./internal/runner/tui -update", file, got)
	}
}

// TestLesson goes through a lesson.
func TestLesson(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	p.sees("Step 1 of 3: Three Pods", "0 of 4 points", "[text]", "checks 0/2", "a answer")

	p.press("a", "c")
	p.sees("c) is not what happens.", "makes up a new ending")
	p.press("up", "enter")
	p.sees("b) is right.")
	p.press("enter")
	p.asked("answer names: web, all three of them", "answer names: web- and some letters and digits, others for each")
	p.seesNo("a answer")

	p.press("an") // typed fast; there is no question left
	p.sees("2 checks of this step have not passed")
	p.press("esc")
	p.asked()
	p.press("c")
	p.asked("check")
	p.sees("Checked: 2 of 2 passed.", "[checks 2/2 ✓]")
	p.press("n")
	p.asked("next")
	p.sees("Step 2 of 3")

	p.press("a", "n", "o", "n", "e", "enter")
	p.asked("answer why: none")
	p.sees("none is right.")
	p.press("enter", "n", "y")
	p.asked("skip")
	p.sees("Step 3 of 3", "n goes on")
	p.press("n")
	p.asked("next")
	p.sees("You have finished the lesson")
}

// TestFailed: what has failed for good offers to do the step again, with a question open or
// not, on every width.
func TestFailed(t *testing.T) {
	failed := func(s *live.State) { s.Checks[1].Outcome = checks.Failed }
	for _, columns := range []int{40, 80, 160} {
		p := newPlayer(t, columns, 24, report.Options{Plain: true}).begin()
		p.sees("There is a question to answer")
		p.change(failed)
		p.sees("A check has failed. x does the step", "x reset")
		p.press("a", "b", "enter")
		p.sees("A check has failed. x does the step", "x reset")
	}
}

// TestOnce: what several checks say is said once, and what is over is not said any more.
func TestOnce(t *testing.T) {
	p := newPlayer(t, 160, 48, report.Options{Plain: true}).begin()
	p.sees("no Pod was created yet")
	count := func(what string, want int) {
		t.Helper()
		if frame := p.frame(); strings.Count(frame, what) != want {
			t.Errorf("%q is not there %d times:\n%s", what, want, frame)
		}
	}
	count("no Pod was created yet", 1)
	count("apply -f web.yaml`.", 0) // until somebody asks
	situation := live.Hint{Check: p.session.state.Checks[0].Name, Markdown: "Type `kubectl apply -f web.yaml`."}
	p.change(func(s *live.State) { s.Hints = []live.Hint{situation} })
	count("Hint: where you are now", 1)
	count("apply -f web.yaml`.", 1)
	p.change(func(s *live.State) {
		s.Checks = slices.Clone(s.Checks)
		for i := range s.Checks {
			s.Checks[i].Outcome, s.Checks[i].Message, s.Checks[i].Remedy = checks.Failed, fmt.Sprint("message ", i), "Begin again."
		}
	})
	p.seesNo("Hint: where you are now")
	count("failed: message", 2)
	count("Begin again.", 1)

	died := live.Notice{At: epoch, Message: "The cluster died."}
	p.change(func(s *live.State) { s.Notices = []live.Notice{died} })
	count("The cluster died.", 1)
	p.press("tab")
	p.change(func(s *live.State) { s.Settled = false })
	p.seesNo("The cluster died.")
}

// TestManual: with checks that run on request only, the screen says so.
func TestManual(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	p.seesNo("Checks run only on c.")
	p.change(func(s *live.State) { s.Manual = true })
	p.sees("There is a question to answer: a. Checks run only on c.")
	p.press("a", "b", "enter")
	p.sees("0 of 2 checks passed. Checks run only on c.")
	p.press("?")
	p.sees("check now; checks run only then")
}

// TestLookingBack looks at a step that is over, and does it again.
func TestLookingBack(t *testing.T) {
	p := newPlayer(t, 160, 48, report.Options{Plain: true}).begin()
	p.press("p")
	p.sees("This is the first step.")
	p.press("n", "y", "p")
	p.sees("Step 1 of 3", "looking back")
	p.press("h")
	p.sees("That is for the step that you are at.")
	p.press("n")
	p.sees("Step 2 of 3")
	p.press("l", "up", "enter")
	p.sees("Step 1 of 3", "looking back")
	p.press("x")
	p.sees("Do step 1 again?")
	p.session.asked = nil
	p.press("f")
	p.asked("reset create with files")
	p.sees("starting the API server")
	p.press("l", "down", "down", "enter")
	p.sees("You get there with n")
}

// TestRefused says what the session says, with the next step.
func TestRefused(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	p.session.refuse = &live.RequestError{Message: "the cluster is starting", Remedy: "Wait until it is ready."}
	p.press("c")
	p.sees("The cluster is starting. Wait until it is ready.")
	p.session.refuse = errors.New("connection refused")
	p.press("c")
	p.sees("Connection refused.")
	p.session.refuse = &live.EndedError{Lab: "demo", Reason: "nobody used it for an hour"}
	p.press("c")
	p.sees("The lab has ended", "Nobody used it for an hour.")
}

// TestEnded resumes a lab that has ended under the player.
func TestEnded(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	p.opts.Resume = func(context.Context) (live.Session, error) { return p.session, nil }
	p.session.refuse = &live.EndedError{Reason: "it was killed"}
	_, cmd := p.Update(stateMsg{states: p.states, ok: false})
	p.carryOut(cmd)
	p.sees("The lab has ended", "It was killed.", "r resume  q quit")
	p.press("r")
	p.Update(stateMsg{states: p.states, state: p.session.state, ok: true})
	p.sees("Step 1 of 3: Three Pods")
	p.press("q")
	if !p.left {
		t.Error("q did not leave")
	}
}

// TestSaid shows what there was to say before the player.
func TestSaid(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true})
	p.opts.Said = "One.\nTwo."
	p.Model = newModel(p.ctx, p.opts)
	p.begin().sees("One.", "Two.", "enter begin")
	p.press("enter")
	p.sees("Step 1 of 3")
	p.opts.Said = "Lab demo had ended."
	p.Model = newModel(p.ctx, p.opts)
	p.begin().sees("Step 1 of 3", "Lab demo had ended.")
}

// TestLate: a state that is older than the one that is shown changes nothing.
func TestLate(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	old := p.session.state
	p.press("n", "y")
	p.sees("Step 2 of 3")
	p.take(old)
	p.sees("Step 2 of 3")
}

// TestSizes draws every size that a terminal may have.
func TestSizes(t *testing.T) {
	p := newPlayer(t, 80, 24, report.Options{Plain: true}).begin()
	p.film()
	p.change(mixed)
	for columns := 1; columns < 200; columns += 29 {
		for rows := 1; rows < 60; rows += 11 {
			p.Update(tea.WindowSizeMsg{Width: columns, Height: rows})
			p.press("tab", "t", "tab", "?", "esc", "l", "esc", "x", "esc", "a", "esc")
		}
	}
}

// busy is the picture of 10,000 events: 2000 Pods of a Deployment that is updated again and
// again, each of which is created, starts, is ready and goes.
func busy() *picture.Picture {
	panel := picture.Panel{Kind: "Deployment", Namespace: "default", Name: "web", Revisions: []picture.Revision{{Letter: "A"}, {Letter: "B"}}}
	for i := range 2000 {
		at := func(n int) picture.Time { return picture.Time(time.Duration(i*5+n*20) * 100 * time.Millisecond) }
		var bars []picture.Bar
		for n, state := range []picture.State{picture.Pending, picture.Starting, picture.Ready, picture.Terminating} {
			bars = append(bars, picture.Bar{From: at(n), To: at(n + 1), State: state, Revision: i % 2})
		}
		panel.Rows = append(panel.Rows, picture.Row{Name: fmt.Sprint("web-", i), Bars: bars})
		for n := range 5 {
			panel.Counts = append(panel.Counts, picture.Count{At: at(n), Wanted: 20, Pods: 20 + n, Available: 20 - n, Limited: true, Most: 25, Fewest: 15})
		}
	}
	return &picture.Picture{Recorded: epoch, Open: true, End: panel.Counts[len(panel.Counts)-1].At, Panels: []picture.Panel{panel}}
}

// BenchmarkView draws a frame after everything that can change it: one second, and a
// state. A frame must not take longer than 50 ms.
func BenchmarkView(b *testing.B) {
	pictures := map[string]*picture.Picture{
		"lesson":        picture.Of(recording(b).Whole(), picture.Select{}),
		"10,000 events": busy(),
	}
	for name, p := range pictures {
		for _, size := range [][2]int{{80, 24}, {160, 48}} {
			for _, whole := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%dx%d/alone=%t", name, size[0], size[1], whole), func(b *testing.B) { benchmarkView(b, p, size, whole) })
			}
		}
	}
}

func benchmarkView(b *testing.B, p *picture.Picture, size [2]int, whole bool) {
	l, err := lesson.Parse(os.DirFS("testdata/lessons"), "demo")
	if err != nil {
		b.Fatal(err)
	}
	session := newScripted(l)
	now := epoch
	m := newModel(context.Background(), Options{Lesson: l, Session: session, Look: report.Options{Profile: termenv.ANSI256}, Now: func() time.Time { return now }})
	m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
	m.take(session.state)
	m.recording, m.picture, m.view = 0, p, viewPicture
	if whole {
		m.screen = screenPicture
	}
	for b.Loop() {
		now = now.Add(time.Second)
		session.state.Revision++
		m.Update(stateMsg{state: session.state, ok: true})
		if m.View() == "" {
			b.Fatal("nothing")
		}
	}
}
