package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/lessons"
)

// patience is how long a screen is waited for. It is generous: the machine may be busy.
const patience = 3 * time.Minute

// terminal is a terminal that a test looks at and types into, as a person would: tmux,
// with a shell in it.
type terminal struct {
	*testing.T
	socket string
}

// person is somebody with a home directory of their own.
type person struct {
	*testing.T
	home string
	env  []string
}

func newPerson(t *testing.T, env ...string) *person {
	t.Helper()
	if testing.Short() {
		t.Skip("starts clusters")
	}
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("K8SLAB_REQUIRE_TMUX") == "1" {
			t.Fatal("tmux is required: ", err)
		}
		t.Skip("there is no tmux")
	}
	home := t.TempDir()
	l := &person{T: t, home: home, env: append([]string{
		"HOME=" + home, "XDG_STATE_HOME=" + filepath.Join(home, "state"), "XDG_CACHE_HOME=" + filepath.Join(home, "cache"), "XDG_RUNTIME_DIR=" + shortDir(t),
		"PATH=" + os.Getenv("PATH"), "SHELL=/bin/bash", "LC_ALL=C.UTF-8", "TERM=screen-256color", "K8SLAB_KIND_IMAGE=",
	}, env...)}
	t.Cleanup(l.stop)
	return l
}

// shortDir is a directory for sockets, whose paths must not be long.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "k8s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stop ends the labs that are left, and waits until they are gone.
func (l *person) stop() {
	if out, err := l.command("stop", "--all").CombinedOutput(); err != nil {
		l.Errorf("stop: %v\n%s", err, out)
	}
}

// command is k8slab without a terminal.
func (l *person) command(args ...string) *exec.Cmd {
	c := exec.Command("k8slab", args...)
	c.Env = l.env
	return c
}

// terminal opens a terminal of that size.
func (l *person) terminal(columns, rows int) *terminal {
	l.Helper()
	term := &terminal{l.T, filepath.Join(shortDir(l.T), "tmux")}
	c := exec.Command("tmux", "-S", term.socket, "-f", "/dev/null", "new-session", "-d",
		"-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "exec env 'PS1=shell> ' bash --norc --noprofile -i")
	c.Env = l.env
	if out, err := c.CombinedOutput(); err != nil {
		l.Fatalf("tmux: %v\n%s", err, out)
	}
	l.Cleanup(func() { _, _ = term.tmux("kill-server") })
	term.see("shell>")
	return term
}

func (t *terminal) tmux(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-S", t.socket}, args...)...).CombinedOutput()
	return string(out), err
}

// press presses keys, by tmux's names.
func (t *terminal) press(keys ...string) {
	t.Helper()
	if out, err := t.tmux(append([]string{"send-keys"}, keys...)...); err != nil {
		t.Fatalf("press %q: %v\n%s", keys, err, out)
	}
}

// enter types a line.
func (t *terminal) enter(line string) {
	t.Helper()
	if out, err := t.tmux("send-keys", "-l", line+"\n"); err != nil {
		t.Fatalf("type %q: %v\n%s", line, err, out)
	}
}

func (t *terminal) screen(options ...string) string {
	out, _ := t.tmux(append([]string{"capture-pane", "-p"}, options...)...)
	return out
}

// see waits until the screen shows each of these.
func (t *terminal) see(texts ...string) {
	t.Helper()
	t.until("see "+strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// until waits for a screen.
func (t *terminal) until(what string, ok func(screen string) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		screen := t.screen()
		if ok(screen) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s; the screen:\n%s", what, patience, screen)
		}
		time.Sleep(30 * time.Millisecond)
	}
}

func (t *terminal) resize(columns, rows int) {
	t.Helper()
	if out, err := t.tmux("resize-window", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows)); err != nil {
		t.Fatalf("resize: %v\n%s", err, out)
	}
}

// inShell opens the player's shell, types lines, and comes back.
func (t *terminal) inShell(lines ...string) {
	t.Helper()
	t.see("s shell")
	t.press("s")
	t.until("the shell's prompt", prompted)
	for _, line := range lines {
		t.enter(line)
	}
	t.enter("echo all-$((20+22))-typed")
	t.see("all-42-typed")
	t.enter("exit")
	t.see("q quit")
}

// prompted reports whether the last line is a prompt.
func prompted(screen string) bool {
	lines := strings.Split(strings.TrimRight(screen, " \n"), "\n")
	return regexp.MustCompile(`[$#>]$`).MatchString(strings.TrimRight(lines[len(lines)-1], " "))
}

// parsed returns a lesson of the course.
func parsed(t *testing.T, name string) *lesson.Lesson {
	t.Helper()
	l, err := lesson.Parse(lessons.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts somebody's first lesson.
func (t *terminal) start(name string) {
	t.Helper()
	t.enter("k8slab start " + name)
	t.see("Welcome.", "enter begin")
	t.press("Enter")
	t.see("Step 1 of")
}

// solve does a step by its reference: answers, files and commands.
func (t *terminal) solve(l *lesson.Lesson, s lesson.Step, number int) {
	t.Helper()
	t.see(fmt.Sprintf("Step %d of %d", number, len(l.Steps)), "s shell") // which is not there while the step is prepared
	for _, b := range s.Blocks {
		if q, ok := b.(lesson.Question); ok {
			t.answerRightly(q)
		}
	}
	var lines []string
	for _, f := range s.SolutionFiles() {
		lines = append(lines, "cat > "+f.Path+" <<'END OF FILE'\n"+strings.TrimSuffix(string(f.Data), "\n")+"\nEND OF FILE")
	}
	for _, c := range s.Commands() {
		lines = append(lines, c.Text)
	}
	if len(lines) > 0 {
		t.inShell(lines...)
	}
	if n := len(s.Checks); n > 0 {
		t.see(fmt.Sprintf("checks %d/%d ✓", n, n))
	}
	t.until("see that the step is done", func(screen string) bool {
		return strings.Contains(screen, "n goes on") || strings.Contains(screen, finished)
	})
	t.press("n") // after the last step that changes nothing
}

// finished is what the player says at the end of a lesson.
const finished = "You have finished the lesson"

func (t *terminal) answerRightly(q lesson.Question) {
	t.Helper()
	t.see("a answer  ")
	t.press("a")
	t.see("enter answer")
	for i, c := range q.Choices {
		if q.Right(c) {
			t.press(lesson.Letter(i))
			t.see(lesson.Letter(i)+") is right.", "enter back")
			t.press("Enter")
			t.see("q quit")
			return
		}
	}
	t.Fatalf("no choice of question %s is right", q.ID)
}

// TestPlayerLessons: a learner completes each lesson by typing the reference path.
func TestPlayerLessons(t *testing.T) {
	names, err := lesson.List(lessons.FS())
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := parsed(t, name)
			size := [][2]int{{80, 24}, {160, 48}}[i%2]
			term := newPerson(t).terminal(size[0], size[1])
			term.start(name)
			for n, s := range l.Steps {
				term.solve(l, s, n+1)
			}
			term.see(finished, fmt.Sprintf("%d of %d points", l.Points, l.Points))
			if kib := term.ownMemory(); kib > mostMemory {
				t.Errorf("the player takes %d KiB of memory of its own, %d are enough", kib, mostMemory)
			}
			term.press("q")
			term.see("shell>", "k8slab stop")
		})
	}
}

// mostMemory is what a player may take of its own (RssAnon), in KiB. What else ps shows is the
// program file, which all processes of k8slab share.
const mostMemory = 60 << 10

// ownMemory returns RssAnon of the player that runs in the terminal's shell, in KiB.
func (t *terminal) ownMemory() int {
	t.Helper()
	shell, err := t.tmux("display-message", "-p", "#{pane_pid}")
	if err != nil {
		t.Fatalf("the shell's process: %v\n%s", err, shell)
	}
	shell = strings.TrimSpace(shell)
	player, err := os.ReadFile(filepath.Join("/proc", shell, "task", shell, "children"))
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(player)), "status"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`(?m)^Name:\s*k8slab$`)
	m := regexp.MustCompile(`(?m)^RssAnon:\s*(\d+) kB$`).FindSubmatch(status)
	if m == nil || !name.Match(status) {
		t.Fatalf("no player in\n%s", status)
	}
	kib, _ := strconv.Atoi(string(m[1]))
	return kib
}

// TestPlayerWrongTurns: a wrong answer, an unfinished step, a check that fails, and the step
// done again; and all that with the terminal changing its size.
func TestPlayerWrongTurns(t *testing.T) {
	l := parsed(t, "replicaset-updates")
	term := newPerson(t).terminal(80, 24)
	term.start(l.Name)
	term.see("Step 1 of 8", "There is a question to answer")
	term.press("a")
	term.see("enter answer")
	term.press("a")
	term.see("a) is not what happens.", "makes up a new")
	term.press("Escape")
	term.see("There is a question to answer")
	term.press("n")
	term.see("has not passed")
	term.press("Escape")
	term.resize(160, 48)
	term.see("o solution", "picture")
	term.inShell("kubectl apply -f web.yaml", "kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=120s")
	term.see("checks 1/1 ✓", "n goes on")
	term.press("n")
	term.see("Step 2 of 8")
	term.inShell("sed -i s/1.25/1.26/ web.yaml", "kubectl delete rs web", "kubectl apply -f web.yaml")
	term.see("A check has failed.", "failed:")
	term.resize(80, 24)
	term.see("✗")
	term.press("x")
	term.see("Do step 2 again?")
	term.press("f")
	term.see("checks 0/2")
	term.see("There is a question to answer")
	term.solve(l, l.Steps[1], 2)
	term.see("Step 3 of 8")
	term.press("q")
	term.see("k8slab stop")
}

// TestPlayerKilled: the player is killed, and the next one finds the lab and what was done.
func TestPlayerKilled(t *testing.T) {
	l := parsed(t, "replicaset-updates")
	somebody := newPerson(t)
	term := somebody.terminal(80, 24)
	pidFile := filepath.Join(somebody.home, "pid")
	term.enter("(echo $BASHPID >" + pidFile + "; exec k8slab start " + l.Name + ")")
	term.see("Welcome.", "enter begin")
	term.press("Enter")
	term.see("Step 1 of 8")
	for _, b := range l.Steps[0].Blocks {
		if q, ok := b.(lesson.Question); ok {
			term.answerRightly(q)
		}
	}
	content, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if out, err := somebody.command("show", "-o", "json").CombinedOutput(); err != nil || !strings.Contains(string(out), `"right": true`) {
		t.Errorf("after the kill: %v\n%s", err, out)
	}
	term.enter(`printf '\033c'`) // as `reset` does
	term.until("see an empty terminal", func(screen string) bool { return !strings.Contains(screen, "Step 1") && prompted(screen) })
	term.enter("k8slab start " + l.Name)
	term.see("Step 1 of 8", "q quit")
	term.press("q")
	term.see("shell>", "k8slab stop")
}

// TestPlayerRecords: a recording has what the player showed and what was typed in its
// shell, and the terminal is as it was afterwards.
func TestPlayerRecords(t *testing.T) {
	somebody := newPerson(t)
	file := filepath.Join(somebody.home, "mine.cast")
	term := somebody.terminal(100, 30)
	term.enter("k8slab start replicaset-updates --record " + file)
	term.see("Welcome.", "enter begin")
	term.press("Enter")
	term.see("Step 1 of", "s shell")
	term.resize(80, 24)
	term.inShell("echo seen-in-the-$((40+2))-recording")
	term.press("q")
	term.see("shell>", "k8slab stop", "Recorded in")
	term.enter("echo the-terminal-is-$((40+2))-again")
	term.see("the-terminal-is-42-again")

	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if !strings.Contains(lines[0], `"version":3`) || !strings.Contains(lines[0], `"cols":100`) {
		t.Errorf("the header is %s", lines[0])
	}
	if last := lines[len(lines)-1]; !strings.Contains(last, `"x","0"`) {
		t.Errorf("the last line is %s, not the exit code 0", last)
	}
	for _, want := range []string{"Welcome.", "Step 1 of", "seen-in-the-42-recording", `"r","80x24"`} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the recording has no %q", want)
		}
	}
}

// TestPlayerTogether: two players show one lab, and both survive its end.
func TestPlayerTogether(t *testing.T) {
	somebody := newPerson(t)
	one, two := somebody.terminal(80, 24), somebody.terminal(160, 48)
	one.start("replicaset-updates")
	one.see("There is a question to answer")
	two.enter("k8slab start replicaset-updates")
	two.see("There is a question to answer")
	one.press("a")
	one.see("enter answer")
	one.press("b")
	one.see("b) is right.")
	two.see("b) is right.")
	two.press("h")
	two.see("Hint: where you are now")
	one.press("Enter")
	one.press("h")
	one.see("Hint 1")
	two.see("Hint 1")

	somebody.killLab("replicaset-updates")
	for _, term := range []*terminal{one, two} {
		term.see("The lab has ended", "r resume")
	}
	one.press("r")
	one.see("Step 1 of 8", "checks 0/1")
	two.press("r")
	two.see("Step 1 of 8", "checks 0/1", "b) is right.")
	one.press("C-c")
	one.see("shell>")
	one.enter("echo code-$?")
	one.see("code-130")
	two.press("q")
	two.see("k8slab stop")
}

// killLab kills the background process of a lab, with no time to clean up.
func (l *person) killLab(name string) {
	l.Helper()
	out, err := l.command("status", "-o", "json").Output()
	if err != nil {
		l.Fatal(err)
	}
	m := regexp.MustCompile(`"process": *(\d+)`).FindSubmatch(out)
	if m == nil {
		l.Fatalf("no process of lab %s in %s", name, out)
	}
	pid, _ := strconv.Atoi(string(m[1]))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		l.Fatal(err)
	}
}

// TestPlayerWelcome: what somebody sees first, of 80x24, on both ways in, and what is said
// when they leave.
func TestPlayerWelcome(t *testing.T) {
	somebody := newPerson(t)
	term := somebody.terminal(80, 24)
	term.enter("clear; k8slab")
	term.see("enter start")
	term.golden(`k8slab: Kubernetes workloads, learned on a real cluster

Choose a lesson. It gets a lab: a Kubernetes cluster of its own, in seconds,
on this machine only, in the background, with no root and no Docker.
You type kubectl commands; what they do to each Pod is recorded and judged.
Your own kubeconfig is not touched. What you have done is kept.
`+"`k8slab stop`"+` ends the lab. It ends when nobody has used it for 2 hours.

`, 0)
	term.press("q")
	term.see("shell>")
	term.enter("clear; k8slab start")
	term.see("enter begin")
	term.golden(`Welcome. This starts a lab: a Kubernetes cluster of its own, in seconds,
on this machine only, in the background, with no root and no Docker.
You type kubectl commands; what they do to each Pod is recorded and judged.
Your own kubeconfig is not touched. What you have done is kept.
`+"`k8slab stop`"+` ends the lab. It ends when nobody has used it for 2 hours.

The lab starts while you read this.

`, 3)
	term.press("Enter")
	term.see("Step 1 of")
	term.press("q")
	term.see("shell>", "`k8slab stop` ends it.", "It ends when nobody has used it for 2 hours.")
}

// golden waits until lines of the screen, from one of them on, are these.
func (t *terminal) golden(want string, from int) {
	t.Helper()
	t.until("see, from line "+strconv.Itoa(from)+" on,\n"+want, func(screen string) bool {
		lines := strings.SplitAfter(screen, "\n")
		return len(lines) > from && strings.HasPrefix(strings.Join(lines[from:], ""), want)
	})
}

// TestPlayerPlain: no colours where they are not wanted, an editor and a shell of one's own,
// and no full screen on a terminal that cannot show one.
func TestPlayerPlain(t *testing.T) {
	somebody := newPerson(t, "NO_COLOR=1", "EDITOR=sed -i 's/1.25/1.26/'", "SHELL=/bin/sh")
	term := somebody.terminal(80, 24)
	term.enter("k8slab")
	term.see("Choose a lesson", "enter start")
	term.press("Enter")
	term.see("Step 1 of 8", "There is a question to answer")
	if screen := term.screen("-e"); strings.Contains(screen, "\x1b[3") || strings.Contains(screen, "\x1b[4") {
		t.Errorf("colours in %q", screen)
	}
	term.press("e")
	term.see("Which file?", "web.yaml")
	term.press("3")
	term.see("q quit")
	term.press("s") // a shell that has no prompt of ours says where it is
	term.see("This shell is in lab replicaset-updates, at step 1 of 8: create.")
	term.until("the shell's prompt", prompted)
	term.enter("exit")
	term.see("q quit")
	term.press("q")
	term.see("k8slab stop")
	term.enter("clear; TERM=dumb k8slab 2>&1 | head -1")
	term.see("k8slab teaches") // help for a pipe
	term.enter("clear; TERM=dumb k8slab >/dev/tty")
	term.see("k8slab [command] --help")
	term.enter("clear; TERM=dumb k8slab start")
	term.see("k8slab check", "k8slab hint")
}
