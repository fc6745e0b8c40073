package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/progress"
)

// kills is how many processes TestKill kills.
const kills = 50

// learner is somebody at work whose processes are killed.
type learner struct {
	*testing.T
	state  string
	random *rand.Rand

	tries int // answers that were acknowledged
}

// Any process of a lab is killed at any time. What was acknowledged is on the disk, and
// the next command goes on or says what to do.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts clusters")
	}
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("K8SLAB_KILL_SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Logf("K8SLAB_KILL_SEED=%d", seed)
	l := &learner{T: t, state: t.TempDir(), random: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(func() { endLabs(l.labs()) })
	l.goOn()
	for killed, i := 0, 0; killed < kills; i++ {
		switch {
		case l.kill(i):
			killed++
		case i == 4*kills:
			t.Fatalf("only %d of %d processes were there to be killed", killed, i)
		default:
			l.goOn()
		}
	}
	l.goOn()
	l.must("shell", "--", "sh", "-c", "kill -0 $$")
	l.must("stop")
}

func (l *learner) labs() string { return filepath.Join(l.state, "k8slab", "labs") }
func (l *learner) lab() string  { return filepath.Join(l.labs(), "replicaset-updates") }

func (l *learner) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "k8slab", args...) // of TestMain, as are those that it starts
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+l.state, "XDG_CACHE_HOME="+filepath.Join(l.state, "cache"), "XDG_RUNTIME_DIR=", "SHELL=/bin/sh")
	c.WaitDelay = time.Second
	return c
}

// try runs a command and returns what it wrote.
func (l *learner) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(l.Context(), 5*time.Minute)
	defer cancel()
	out, err := l.command(ctx, args...).CombinedOutput()
	if ctx.Err() != nil {
		l.Fatalf("k8slab %s does not end:\n%s", strings.Join(args, " "), out)
	}
	return string(out), err
}

func (l *learner) must(args ...string) {
	if out, err := l.try(args...); err != nil {
		l.Fatalf("k8slab %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// goOn starts the lab, or goes on with it. A lab that was killed while a command waited for it
// is there with the next one.
func (l *learner) goOn() {
	var said []string
	for range 4 {
		out, err := l.try("start", "replicaset-updates", "--detach")
		if err == nil {
			return
		}
		if !strings.Contains(out, "k8slab: error: ") || !strings.Contains(out, "k8slab: hint: ") {
			l.Fatalf("the command does not say what is wrong and what to do: %v\n%s", err, out)
		}
		said = append(said, out)
	}
	log, _ := os.ReadFile(filepath.Join(l.lab(), labLog))
	l.Fatalf("the lab does not go on:\n%s\n%s", strings.Join(said, "\n"), log)
}

// kill kills a process while the learner does something. It reports whether there was
// one to be killed.
func (l *learner) kill(i int) (killed bool) {
	victim := []string{"lab", "cluster", "checks", "client"}[i%4]
	doing := [][]string{
		{"answer", "names-of-pods", []string{"a", "b"}[l.random.IntN(2)]},
		{"check", "--wait", "2s"},
		{"hint"},
		{"show"},
		{"start", "--detach"},
		{"reset"},
	}[l.random.IntN(6)]
	client := l.command(l.Context(), doing...)
	var out bytes.Buffer
	client.Stdout, client.Stderr = &out, &out
	if err := client.Start(); err != nil {
		l.Fatal(err)
	}
	time.Sleep(time.Duration(l.random.IntN(int(900 * time.Millisecond))))
	pid := client.Process.Pid
	if victim != "client" {
		pid = l.find(victim)
	}
	if pid != 0 {
		killed = syscall.Kill(pid, syscall.SIGKILL) == nil // it may have ended by itself
	}
	err := client.Wait()
	if doing[0] == "answer" && (err == nil || failed(err)) {
		l.tries++
	}
	l.explained(i, victim, doing, err, out.String())
	l.kept(fmt.Sprintf("%d: %s killed during %v", i, victim, doing))
	if victim == "lab" || l.random.IntN(4) == 0 {
		l.goOn()
	}
	return killed
}

// find returns a process of the lab, 0 if there is none now.
func (l *learner) find(what string) int {
	record, err := live.LoadRecord(l.lab())
	if err != nil || record.Ended != nil {
		return 0
	}
	if what == "lab" {
		return record.Process
	}
	argument := map[string]string{"cluster": "__cluster", "checks": checksArg}[what]
	children, _ := os.ReadDir("/proc")
	for _, c := range children {
		pid, err := strconv.Atoi(c.Name())
		if err != nil {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", c.Name(), "stat"))
		line, _ := os.ReadFile(filepath.Join("/proc", c.Name(), "cmdline"))
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 1 && fields[1] == strconv.Itoa(record.Process) && bytes.Contains(line, []byte(argument)) {
			return pid
		}
	}
	return 0
}

// failed reports that a command ended with a verdict that is not good.
func failed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == exitFailed
}

// explained wants a command that was not killed itself to succeed, to say not yet or not right, or to
// say what is wrong and what to do.
func (l *learner) explained(i int, victim string, doing []string, err error, out string) {
	switch {
	case err == nil || victim == "client":
		return
	case failed(err) && (doing[0] == "check" || doing[0] == "answer"):
		return
	case strings.Contains(out, "k8slab: error: ") && strings.Contains(out, "k8slab: hint: "):
		return
	}
	l.Errorf("%d: %s was killed during k8slab %s, which said: %v\n%s", i, victim, strings.Join(doing, " "), err, out)
}

// kept wants what was acknowledged to be on the disk.
func (l *learner) kept(when string) {
	content, err := os.ReadFile(filepath.Join(l.state, "k8slab", "progress", "replicaset-updates.json"))
	if errors.Is(err, os.ErrNotExist) && l.tries == 0 {
		return
	}
	var p progress.Lesson
	if err == nil {
		err = json.Unmarshal(content, &p)
	}
	if err != nil {
		l.Fatalf("%s: %v\n%s", when, err, content)
	}
	if got := p.Known("create").Answers["names-of-pods"].Tries; got < l.tries {
		l.Fatalf("%s: %d answers were acknowledged and %d kept", when, l.tries, got)
	}
}
