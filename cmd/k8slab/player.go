package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/progress"
	"github.com/k8slab/k8slab/internal/runner/report"
	"github.com/k8slab/k8slab/internal/runner/tui"
)

// playerMemory is what the player's heap is kept below, if it can be. Drawing makes
// much garbage, and none of it lives long.
const playerMemory = 24 << 20

// play opens the player on the lesson's lab, which is started if it is not there. What
// there is to say about that is shown in the player.
func (o startOptions) play(ctx context.Context, s streams, l *lesson.Lesson) error {
	o.inPlayer = true
	var said bytes.Buffer
	open := func(ctx context.Context) (live.Session, error) {
		return o.open(ctx, streams{s.in, io.Discard, &said}, l)
	}
	session, err := open(ctx)
	if err != nil {
		return err
	}
	return runPlayer(ctx, s, tui.Options{Lesson: l, Session: session, Said: said.String(), Resume: open})
}

// runPlayer shows a session on the whole screen until the learner leaves.
func runPlayer(ctx context.Context, s streams, o tui.Options) error {
	debug.SetMemoryLimit(playerMemory)
	// Ctrl-C is a key of the player, and belongs to what runs in its shell.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGHUP)
	defer stop()
	o.In, o.Look = s.in, screen(s)
	o.Shell = func(state live.State) (tui.Shell, error) {
		c, cleanUp, err := shellCommand(state, nil)
		return tui.Shell{Cmd: c, Greeting: shellGreeting(state), Done: cleanUp}, err
	}
	o.Editor = editorCommand
	left, err := tui.Run(ctx, o)
	if err != nil {
		return err
	}
	return farewell(s, left)
}

// farewell says how things stand after the player.
func farewell(s streams, left tui.Result) error {
	switch state := left.State; {
	case state.Lab == "":
	case left.Ended:
		fmt.Fprintf(s.err, "Lab %s has ended. `k8slab start %s` goes on with the step that you were at.\n", state.Lab, state.Lesson)
	default:
		fmt.Fprintf(s.err, "Lab %s goes on, and `k8slab` comes back to it.\n`k8slab stop` ends it.", state.Lab)
		if lab, err := currentLab(state.Lab); err == nil {
			fmt.Fprint(s.err, " "+ending(lab.record.Idle))
		}
		fmt.Fprintln(s.err)
	}
	if left.Interrupted {
		return verdict(exitInterrupted)
	}
	return nil
}

// screen is what the terminal can show.
func screen(s streams) report.Options {
	look := report.Detect(s.out, s.err, os.Getenv)
	look.Delay = 0
	return look
}

// editors are tried if nobody says which one to use.
var editors = []string{"nano", "vim", "vi"}

// editorCommand opens a file with the editor of VISUAL or EDITOR, which may have
// arguments, as git has it.
func editorCommand(path string) (*exec.Cmd, error) {
	for _, variable := range []string{"VISUAL", "EDITOR"} {
		if editor := os.Getenv(variable); editor != "" {
			c := exec.Command("/bin/sh", "-c", editor+` "$@"`, editor, path)
			c.Dir = filepath.Dir(path)
			return c, nil
		}
	}
	for _, editor := range editors {
		if found, err := exec.LookPath(editor); err == nil {
			c := exec.Command(found, path)
			c.Dir = filepath.Dir(path)
			return c, nil
		}
	}
	return nil, errors.New("no editor was found: set EDITOR to yours, or edit " + path + " in another terminal")
}

// runHome is k8slab without arguments: a course to choose from, which begins with the
// lesson of last time.
func runHome(ctx context.Context, s streams) error {
	o := startOptions{idle: defaultIdle, from: course{dir: os.Getenv("K8SLAB_LESSONS")}}
	choices, at, err := o.choices()
	if err != nil {
		return err
	}
	said := ""
	if at < 0 {
		said, o.welcomed = welcome(welcomeToCourse, o.idle), true
	}
	name, err := tui.Choose(context.WithoutCancel(ctx), tui.ChooseOptions{Lessons: choices, At: at, Welcome: said, In: s.in, Look: screen(s)})
	if err != nil || name == "" {
		return err
	}
	o.lesson = name
	l, err := o.choose()
	if err != nil {
		return err
	}
	return o.play(ctx, s, l)
}

// choices returns the course, and the index of the lesson that was done last: -1 if none was.
func (o startOptions) choices() ([]tui.Choice, int, error) {
	all, err := o.from.open()
	if err != nil {
		return nil, 0, err
	}
	names, err := lesson.List(all)
	if err != nil {
		return nil, 0, err
	}
	current, at := "", -1
	if lab, err := latestLab(); err == nil && lab.record.Lessons == o.from.dir {
		current = lab.record.Lesson
	}
	dir, err := progressDir()
	if err != nil {
		return nil, 0, err
	}
	var choices []tui.Choice
	for i, name := range names {
		l, err := lesson.Parse(all, name)
		if err != nil {
			return nil, 0, err
		}
		if name == current {
			at = i
		}
		choices = append(choices, choice(l, progress.Store{Dir: dir}))
	}
	return choices, at, nil
}

// choice is a lesson and what was done of it.
func choice(l *lesson.Lesson, store progress.Store) tui.Choice {
	c := tui.Choice{Name: l.Name, Title: l.Title, Summary: l.Summary, Minutes: l.Minutes, Possible: l.Points, Steps: len(l.Steps)}
	done, err := store.Load(l.Name)
	if err != nil {
		c.Note = "What was done of it cannot be read: " + err.Error()
		return c
	}
	for i, s := range l.Steps {
		known := done.Known(s.ID)
		c.Points += known.Points
		if !known.Done.IsZero() {
			c.Done++
		}
		if s.ID == done.Current && c.Done < len(l.Steps) {
			c.Note = fmt.Sprintf("You are at step %d of %d.", i+1, len(l.Steps))
		}
	}
	return c
}
