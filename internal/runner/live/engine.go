package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/progress"
)

// Params says what a session is about.
type Params struct {
	Lesson   *lesson.Lesson
	Lessons  string // as in State
	Dir      *runner.LabDir
	Bin      string // as in State
	Provider cluster.Provider
	Kubectl  string // see runner.PlayParams
	Checks   checks.WorkerOptions
	Progress progress.Store
	Process  int           // ID of this process
	Idle     time.Duration // after which a lab that nobody uses ends; never if 0
	Manual   bool          // as in State
	Again    bool          // begin with the first step, whatever was done
	Log      io.Writer     // gets what the runner types by itself, and what comes of it
}

// Engine is a session that goes on in this process.
type Engine struct {
	Params
	hub   hub
	moves chan move          // to another step
	asked chan chan struct{} // checks to be run now; closed when they have been
	files chan struct{}      // the workspace has changed
	gone  chan struct{}      // closed when Run has come to its end

	mu     sync.Mutex // guards what follows, and publishing
	stop   context.CancelCauseFunc
	state  State
	left   <-chan struct{} // closed when the step that was entered is left
	record progress.Lesson
	saved  []byte           // the record as it was written last
	judged []runner.Verdict // of the steps in this recording
	used   time.Time
}

// move is a step that is to be entered.
type move struct {
	step  int
	again bool // it was entered before
	fresh bool // on a new cluster
}

// New returns a session that Run starts, where what was done of the lesson ends. If the
// lab has no workspace, it gets one.
func New(p Params) (*Engine, error) {
	e := &Engine{
		Params: p, moves: make(chan move, 1), asked: make(chan chan struct{}), files: make(chan struct{}, 1),
		stop: func(error) {}, gone: make(chan struct{}), used: time.Now(),
	}
	var damaged *progress.DamagedError
	var err error
	if e.record, err = p.Progress.Load(p.Lesson.Name); err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	p.Progress.Reserve()
	e.begin()
	if _, err := os.Stat(p.Dir.Workspace()); errors.Is(err, os.ErrNotExist) {
		if err := p.Dir.Fill(p.Lesson.FilesBefore(e.state.Current)); err != nil {
			return nil, err
		}
	}
	if damaged != nil {
		e.note("%s", upper(damaged.Error())+".")
	}
	e.publish()
	return e, nil
}

// begin makes the first State.
func (e *Engine) begin() {
	e.state = State{
		Lab: e.Dir.Name, Lesson: e.Lesson.Name, Lessons: e.Lessons, Provider: e.Provider.Name(), Process: e.Process,
		Phase: "starting", Manual: e.Manual, Bin: e.Bin, Workspace: e.Dir.Workspace(), Timeline: e.Dir.Timeline(),
		Prompt: filepath.Join(e.Dir.Path, "prompt"),
	}
	current, ok := e.Lesson.Step(e.record.Current)
	if !ok || e.Again {
		current = e.Lesson.Steps[0]
	}
	e.enter(current)
}

// enter makes a step the current one. The caller holds the lock, or nobody else is there.
func (e *Engine) enter(s lesson.Step) {
	e.record.Current = s.ID
	e.state.Current, e.state.Entered = s.ID, time.Time{}
	e.state.Settled, e.state.Moving = false, ""
	e.state.Checks = nil
	for _, c := range s.Checks {
		e.state.Checks = append(e.state.Checks, Check{Name: c.Name, Title: e.title(c.Name), Points: c.Points})
	}
	e.state.Solution = nil
	if !e.record.Known(s.ID).Solution.IsZero() {
		e.state.Solution = solutionOf(s)
	}
	e.state.Hints = nil
	for i := range min(e.record.Known(s.ID).Hints, len(s.Hints)) {
		e.state.Hints = append(e.state.Hints, tier(s, i))
	}
	e.refresh(s)
	prompt := fmt.Sprintf("%s %d/%d %s\n", e.Lesson.Name, e.index()+1, len(e.Lesson.Steps), s.ID)
	_ = os.WriteFile(e.state.Prompt, []byte(prompt), fileMode) // a prompt that is not right is no reason to stop
}

// title is a check's, from its script.
func (e *Engine) title(name string) string {
	path, source := e.Lesson.ChecksSource()
	found, _ := checks.Discover(path, source) // a script that cannot be read says so when it is run
	for _, c := range found {
		if c.Name == name {
			return c.Title
		}
	}
	return name
}

// refresh works out again what follows from the record. The caller holds the lock.
func (e *Engine) refresh(s lesson.Step) {
	e.state.Steps, e.state.Points, e.state.Possible = nil, 0, e.Lesson.Points
	e.state.Finished = true
	for _, step := range e.Lesson.Steps {
		k := e.record.Known(step.ID)
		e.state.Steps = append(e.state.Steps, Step{
			ID: step.ID, Title: step.Title, Done: !k.Done.IsZero(), Points: k.Points, Possible: step.Points(),
			Hints: k.Asked, Solution: !k.Solution.IsZero(),
		})
		e.state.Points += k.Points
		e.state.Finished = e.state.Finished && !k.Done.IsZero()
	}
	e.state.Questions = questionsOf(s, e.record.Known(s.ID))
	e.state.MoreHints = len(e.situational()) + len(s.Hints) - min(e.record.Known(s.ID).Hints, len(s.Hints))
}

// current is the step that is being done.
func (e *Engine) current() lesson.Step {
	s, _ := e.Lesson.Step(e.state.Current)
	return s
}

func (e *Engine) index() int {
	return slices.IndexFunc(e.Lesson.Steps, func(s lesson.Step) bool { return s.ID == e.state.Current })
}

// publish shows the State as it is now. The caller holds the lock.
func (e *Engine) publish() State { return e.hub.publish(e.state) }

// change changes the State and shows it.
func (e *Engine) change(do func(s *State)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do(&e.state)
	e.publish()
}

// maxNotices is how many are worth keeping.
const maxNotices = 20

// note adds a notice. The caller holds the lock.
func (e *Engine) note(format string, args ...any) {
	notices := append(slices.Clone(e.state.Notices), Notice{At: time.Now(), Message: fmt.Sprintf(format, args...)})
	e.state.Notices = notices[max(0, len(notices)-maxNotices):]
}

// save writes the record. What cannot be written is tried again later. The caller
// holds the lock.
func (e *Engine) save() {
	record, _ := json.Marshal(e.record) // strings, numbers and times
	if bytes.Equal(record, e.saved) {
		return
	}
	err := e.Progress.Save(e.record)
	before := e.state.Unsaved
	switch {
	case err != nil:
		e.state.Unsaved = err.Error()
	default:
		e.saved, e.state.Unsaved = record, ""
	}
	switch {
	case err != nil && before == "":
		e.note("What you have done could not be saved: %v. It is tried again as long as this lab runs.", err)
	case err == nil && before != "":
		e.note("What you have done is saved now.")
	}
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
