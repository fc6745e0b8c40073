package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// labVariable names the lab that commands are about when there are several: that of the shell, in one
// that `env` or `shell` has made.
const labVariable = "K8SLAB_LAB"

// knownLab is a learner's lab, running or not.
type knownLab struct {
	runner.LabState
	record live.Record
}

// knownLabs returns the learner's labs by name. Those of `play` and `dev check` are none.
func knownLabs() ([]knownLab, error) {
	root, err := labsDir()
	if err != nil {
		return nil, err
	}
	labs, err := runner.Labs(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var known []knownLab
	for _, l := range labs {
		if r, err := live.LoadRecord(l.Path); err == nil {
			known = append(known, knownLab{l, r})
		}
	}
	return known, nil
}

// currentLab returns the lab that a command is about: the one that is named, else the one
// that the shell is in, else the latest one.
func currentLab(name string) (knownLab, error) { return findLab(cmp.Or(name, os.Getenv(labVariable))) }

// latestLab returns, of the labs that run, the one that was started last, else of all.
func latestLab() (knownLab, error) { return findLab("") }

// findLab returns the lab of that name, the latest one if it is empty.
func findLab(name string) (knownLab, error) {
	labs, err := knownLabs()
	if err != nil {
		return knownLab{}, err
	}
	var best *knownLab
	for i, l := range labs {
		if name != "" && l.Name != name {
			continue
		}
		if best == nil || l.Running && !best.Running || l.Running == best.Running && l.record.Started.After(best.record.Started) {
			best = &labs[i]
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case name != "":
		return knownLab{}, &usageError{fmt.Errorf("there is no lab %q", name), fmt.Sprintf("`k8slab start %s` starts it, if there is a lesson of that name; `k8slab list` lists them.", name)}
	default:
		return knownLab{}, &usageError{errors.New("no lab was started yet"), "`k8slab start` starts the first lesson; `k8slab list` lists them all."}
	}
}

// withSession does something with the session of the lab that a command is about.
func withSession(ctx context.Context, do func(*live.Client) error) error {
	lab, err := currentLab("")
	if err != nil {
		return err
	}
	return lab.withSession(ctx, do)
}

func (l knownLab) withSession(ctx context.Context, do func(*live.Client) error) error {
	session, err := l.connect(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	return goesOn(ctx, l.Name, do(session))
}

// connect returns the session of a lab. If the lab has ended and another one runs, the error
// says how a shell comes there.
func (l knownLab) connect(ctx context.Context) (*live.Client, error) {
	session, err := live.Connect(ctx, l.Path)
	var ended *live.EndedError
	if l.Running || !errors.As(err, &ended) || os.Getenv(labVariable) != l.Name {
		return session, err
	}
	if other, none := latestLab(); none == nil && other.Running {
		ended.Remedy = fmt.Sprintf("%s takes this shell to lab %s, which is running.", evalEnv(), other.Name)
	}
	return nil, ended
}

// withRecord is withSession for a command after which the learner relies on what was done: it ends
// with an error if that is not on the disk.
func withRecord(ctx context.Context, do func(*live.Client) error) error {
	return withSession(ctx, func(session *live.Client) error {
		err := do(session)
		var v verdict
		if err != nil && !errors.As(err, &v) {
			return err
		}
		state, gone := session.State(ctx)
		if gone != nil {
			return err // what came of the lab is not what was asked for
		}
		if unsaved := state.Saved(); unsaved != nil {
			return unsaved
		}
		return err
	})
}

// goesOn is the error of a command about a lab, which Ctrl-C has ended and not the lab.
func goesOn(ctx context.Context, lab string, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return &stillGoing{lab}
	}
	return err
}

// lessonOf reads the lesson of a session.
func lessonOf(state live.State) (*lesson.Lesson, error) {
	from := course{dir: state.Lessons}
	all, err := from.open()
	if err != nil {
		return nil, err
	}
	return lesson.Parse(all, state.Lesson)
}

// stillGoing is the error of a command that was interrupted and has left the lab as it is.
type stillGoing struct{ lab string }

func (e *stillGoing) Error() string { return "interrupted; lab " + e.lab + " goes on" }
func (e *stillGoing) Unwrap() error { return context.Canceled }

// waitReady waits until the learner can work, and tells what is waited for.
func waitReady(ctx context.Context, session live.Session, tell *report.Text) (live.State, error) {
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	states, err := session.Watch(watching)
	if err != nil {
		return live.State{}, err
	}
	var last live.State
	var progress *report.Progress
	defer func() {
		if progress != nil {
			progress.Abort()
		}
	}()
	for state := range states {
		switch {
		case state.Failure != "":
			return state, brokenSession(state)
		case state.Phase == "":
			return judgedState(ctx, session, state)
		case progress == nil:
			progress = tell.Progress("lab")
			fallthrough
		case state.Phase != last.Phase:
			progress.Phase(state.Phase)
		}
		last = state
	}
	if ctx.Err() != nil {
		return last, &stillGoing{last.Lab}
	}
	_, err = session.State(ctx) // says how it ended
	return last, err
}

// judgedState is the State once the checks have been run, which they have not been when
// a step has just been entered.
func judgedState(ctx context.Context, session live.Session, state live.State) (live.State, error) {
	if len(state.Checks) == 0 || state.Checks[0].Outcome != "" {
		return state, nil
	}
	return session.Check(ctx)
}

func brokenSession(s live.State) error {
	return &live.EndedError{Lab: s.Lab, Reason: s.Failure, Remedy: s.Remedy, Broken: true}
}

// talk returns what presents text to the person.
func talk(s streams) *report.Text {
	options := report.Detect(s.out, s.err, os.Getenv)
	options.Delay = 0
	return report.New(options)
}

// completeLabSteps offers the steps of the lesson that is being done.
func completeLabSteps(c *cobra.Command, typed []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(typed) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	_ = withSession(c.Context(), func(session *live.Client) error {
		state, err := session.State(c.Context())
		for _, s := range state.Steps {
			names = append(names, s.ID+"\t"+s.Title)
		}
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeLabs offers the labs that run.
func completeLabs(_ *cobra.Command, typed []string, _ string) ([]string, cobra.ShellCompDirective) {
	labs, _ := knownLabs()
	var names []string
	for _, l := range labs {
		if l.Running && len(typed) == 0 {
			names = append(names, l.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// quote is a word for any POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// progressDir is where it is kept what a learner has done.
func progressDir() (string, error) {
	dir, err := xdgDir("XDG_STATE_HOME", ".local", "state")
	return filepath.Join(dir, "progress"), err
}

// ago says how long ago something was.
func ago(t time.Time) string {
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return "a moment ago"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return t.Local().Format("on 2 Jan 2006")
	}
}
