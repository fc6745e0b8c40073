package tui

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// scripted is a session that does at once what a real one does after a while. Each
// request is noted.
type scripted struct {
	lesson *lesson.Lesson

	mu      sync.Mutex
	state   live.State
	asked   []string
	watched []chan live.State
	refuse  error // the next request
}

func newScripted(l *lesson.Lesson) *scripted {
	s := &scripted{lesson: l, state: live.State{Revision: 1, Lab: l.Name, Lesson: l.Name, Provider: "embedded", Kubernetes: "v1.36.3", Possible: l.Points, Settled: true}}
	for _, step := range l.Steps {
		s.state.Steps = append(s.state.Steps, live.Step{ID: step.ID, Title: step.Title, Possible: step.Points()})
	}
	s.enter(0)
	return s
}

// enter begins a step.
func (s *scripted) enter(i int) {
	step := s.lesson.Steps[i]
	s.state.Current, s.state.Checks, s.state.Questions, s.state.Hints, s.state.Solution = step.ID, nil, nil, nil, nil
	s.state.MoreHints = len(step.Hints)
	for _, c := range step.Checks {
		s.state.Checks = append(s.state.Checks, live.Check{
			Name: c.Name, Title: "Check " + c.Name + " is about three Pods", Points: c.Points, Outcome: checks.Waiting,
			Message: "no Pod was created yet", Remedy: "Type `kubectl apply -f web.yaml`.",
		})
	}
	for _, b := range step.Blocks {
		if q, ok := b.(lesson.Question); ok {
			s.state.Questions = append(s.state.Questions, live.Question{ID: q.ID, Prompt: q.Prompt, Choices: q.Choices})
		}
	}
}

func (s *scripted) did(what string, do func()) (live.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
	if err := s.refuse; err != nil {
		s.refuse = nil
		return live.State{}, err
	}
	if do != nil {
		do()
	}
	s.state.Revision++
	return s.state, nil
}

func (s *scripted) Watch(context.Context) (<-chan live.State, error) {
	c := make(chan live.State, 100)
	s.watched = append(s.watched, c)
	c <- s.state
	return c, nil
}

func (s *scripted) State(context.Context) (live.State, error) { return s.did("state", nil) }

func (s *scripted) Next(_ context.Context, skip bool) (live.State, error) {
	return s.did(map[bool]string{false: "next", true: "skip"}[skip], func() {
		i := slices.IndexFunc(s.lesson.Steps, func(step lesson.Step) bool { return step.ID == s.state.Current })
		s.state.Steps = slices.Clone(s.state.Steps)
		s.state.Steps[i].Done = !skip
		if i+1 == len(s.lesson.Steps) {
			s.state.Finished = true
			return
		}
		s.enter(i + 1)
	})
}

func (s *scripted) Reset(_ context.Context, step string, files bool) (live.State, error) {
	return s.did("reset "+step+map[bool]string{true: " with files"}[files], func() { s.state.Phase = "starting the API server" })
}

func (s *scripted) Check(context.Context) (live.State, error) {
	return s.did("check", func() { s.pass() })
}

// pass makes all checks passed.
func (s *scripted) pass() {
	s.state.Checks = slices.Clone(s.state.Checks)
	for i := range s.state.Checks {
		s.state.Checks[i].Outcome, s.state.Checks[i].Message = checks.Passed, ""
	}
	s.state.Steps = slices.Clone(s.state.Steps)
	for i := range s.state.Steps {
		s.state.Steps[i].Done = s.state.Steps[i].Done || s.state.Steps[i].ID == s.state.Current
	}
}

func (s *scripted) Hint(context.Context) (live.State, error) {
	return s.did("hint", func() {
		step, _ := s.lesson.Step(s.state.Current)
		n := len(s.state.Hints)
		s.state.Hints = append(slices.Clone(s.state.Hints), live.Hint{Tier: n + 1, Markdown: step.Hints[n].Markdown})
		s.state.MoreHints--
	})
}

func (s *scripted) Answer(_ context.Context, id, answer string) (live.State, error) {
	return s.did("answer "+id+": "+answer, func() {
		step, _ := s.lesson.Step(s.state.Current)
		q, _ := lessonQuestion(step, id)
		s.state.Questions = slices.Clone(s.state.Questions)
		for i := range s.state.Questions {
			if given := &s.state.Questions[i]; given.ID == id {
				given.Answer, given.Right, given.Explain = answer, q.Right(answer), q.Explain
			}
		}
	})
}

func (s *scripted) Solution(context.Context) (live.State, error) {
	return s.did("solution", func() {
		s.state.Solution = &live.Solution{Files: []live.File{{Path: "web.yaml", Text: "kind: ReplicaSet\n"}}, Commands: []string{"kubectl apply -f web.yaml"}}
	})
}

func (s *scripted) Touch(context.Context) error { _, err := s.did("touch", nil); return err }

func (s *scripted) Stop(context.Context) error { _, err := s.did("stop", nil); return err }

// epoch is when the players of tests run.
var epoch = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// demo is a player of the scripted session, for tests on a real terminal.
func demo() int {
	l, err := lesson.Parse(os.DirFS("testdata/lessons"), "demo")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	workspace, _ := filepath.Abs("testdata/lessons/demo/start")
	session := newScripted(l)
	session.state.Workspace = workspace
	if os.Getenv("K8SLAB_TUI_FILM") != "" {
		session.state.Timeline = os.Getenv("K8SLAB_TUI_FILM")
	}
	left, err := Run(context.Background(), Options{
		Lesson: l, Session: session, In: os.Stdin, Look: report.Detect(os.Stdout, os.Stderr, os.Getenv),
		Shell:  func(live.State) (Shell, error) { return Shell{Cmd: exec.Command("/bin/sh")}, nil },
		Editor: func(path string) (*exec.Cmd, error) { return exec.Command("cat", path), nil },
	})
	fmt.Println("left:", left.State.Lab, left.Interrupted, err)
	return 0
}
