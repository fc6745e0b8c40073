package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/live"
)

type checkOptions struct {
	watch  bool
	wait   time.Duration
	output outputFormat
}

// defaultWait is enough for a cluster to come to rest after a command that has ended.
const defaultWait = 10 * time.Second

func newCheckCommand(s streams) *cobra.Command {
	o := checkOptions{}
	c := &cobra.Command{
		Use:   "check",
		Short: "Judge the step that you are in",
		Long: `Run the checks of the step that you are in, on all that has happened in it, and say
what they found:

  passed    it has been shown
  not yet   nothing contradicts it, and something is missing
  failed    what happened contradicts it; ` + "`k8slab reset`" + ` does the step again
  error     our side broke, and nobody is marked down for it

As long as something moves in the cluster, it waits a little for it to come to
rest: then "never" can be believed. The exit code is 0 if all passed, 1 if one
has failed or is not yet there, and 3 if our side broke.`,
		Example: `  k8slab check
  k8slab check --watch
  k8slab check -o json | jq -r '.checks[] | select(.outcome != "passed") | .message'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withRecord(c.Context(), func(session *live.Client) error { return o.run(c.Context(), s, session) })
		},
	}
	o.output.addTo(c, formatText, formatJSON, formatYAML)
	f := c.Flags()
	f.BoolVar(&o.watch, "watch", false, "go on, and say each time that something changes, until all have passed; with -o json, a line each time")
	f.DurationVar(&o.wait, "wait", defaultWait, "how long to wait for the cluster to come to rest")
	return c
}

// judged is what -o json prints.
type judged struct {
	Lesson   string         `json:"lesson"`
	Step     string         `json:"step"`
	Done     bool           `json:"done"`
	Settled  bool           `json:"settled"`
	Moving   string         `json:"moving,omitempty"`
	Checks   []live.Check   `json:"checks"`
	Problems []live.Problem `json:"problems,omitempty"`
}

func (o *checkOptions) run(ctx context.Context, s streams, session live.Session) error {
	if o.watch {
		return o.follow(ctx, s, session)
	}
	state, err := session.Check(ctx)
	if err != nil {
		return err
	}
	if !decided(state) {
		if state, err = o.await(ctx, session, state); err != nil {
			return err
		}
	}
	if err := o.tell(s, state); err != nil {
		return err
	}
	return checkVerdict(state)
}

// decided reports that waiting changes nothing.
func decided(state live.State) bool {
	return len(state.Checks) == 0 || state.Step().Done && all(state, checks.Passed) || some(state, checks.Failed) || some(state, checks.Error) || state.Settled && !all(state, checks.Passed)
}

func all(state live.State, o checks.Outcome) bool {
	return !slices.ContainsFunc(state.Checks, func(c live.Check) bool { return c.Outcome != o })
}

func some(state live.State, o checks.Outcome) bool {
	return slices.ContainsFunc(state.Checks, func(c live.Check) bool { return c.Outcome == o })
}

// await returns the State in which the step is decided, or the last one when time is over.
func (o *checkOptions) await(ctx context.Context, session live.Session, state live.State) (live.State, error) {
	limited, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	states, err := session.Watch(limited)
	if limited.Err() != nil {
		return state, ctx.Err()
	}
	if err != nil {
		return state, err
	}
	for s := range states {
		if s.Current != state.Current || s.Phase != "" {
			break // somebody else has left the step
		}
		state = s
		if s.Manual && s.Settled {
			return session.Check(ctx)
		}
		if decided(s) {
			break
		}
	}
	return state, ctx.Err()
}

func (o *checkOptions) tell(s streams, state live.State) error {
	v := judged{Lesson: state.Lesson, Step: state.Current, Done: state.Step().Done, Settled: state.Settled, Moving: state.Moving, Checks: state.Checks, Problems: state.Problems}
	return o.output.write(s.out, v, func() error {
		tell := talk(s)
		tell.Verdicts(verdictsOf(state))
		for _, p := range state.Problems {
			fmt.Fprintln(s.out, problemLine(p))
		}
		adviseNext(s, state)
		return tell.Err()
	}, nil)
}

// problemLine is a problem as compilers write one.
func problemLine(p live.Problem) string {
	line := p.File
	for _, n := range []int{p.Line, p.Column} {
		if n > 0 {
			line += fmt.Sprintf(":%d", n)
		}
	}
	line += ": " + p.Message + "."
	if p.Remedy != "" {
		line += " " + p.Remedy
	}
	return line
}

// adviseNext says what to do next.
func adviseNext(s streams, state live.State) {
	switch {
	case len(state.Checks) == 0:
		fmt.Fprintln(s.err, "Nothing is judged in this step. `k8slab next` goes on.")
	case state.Finished:
		fmt.Fprintf(s.err, "The lesson is done: %d of %d points.\n", state.Points, state.Possible)
	case state.Step().Done:
		fmt.Fprintln(s.err, "The step is done. `k8slab next` goes on.")
	case some(state, checks.Failed):
		fmt.Fprintln(s.err, "`k8slab reset` does the step again, with --files on the files as they were. `k8slab hint` helps.")
	case state.Moving != "":
		fmt.Fprintf(s.err, "The cluster is still at work: %s.\n", state.Moving)
	case all(state, checks.Passed):
		fmt.Fprintln(s.err, "All checks pass. The step is done when the cluster has come to rest.")
	case state.MoreHints > 0:
		fmt.Fprintln(s.err, "`k8slab hint` helps.")
	}
}

// checkVerdict is the exit code.
func checkVerdict(state live.State) error {
	switch {
	case some(state, checks.Error):
		return verdict(exitBroken)
	case all(state, checks.Passed) || state.Step().Done:
		return nil
	default:
		return verdict(exitFailed)
	}
}

// follow tells each change until the step is done or left.
func (o *checkOptions) follow(ctx context.Context, s streams, session live.Session) error {
	states, err := session.Watch(ctx)
	if err != nil {
		return err
	}
	var last live.State
	for state := range states {
		if state.Failure != "" {
			return brokenSession(state)
		}
		if last.Current != "" && state.Current != last.Current {
			break
		}
		if state.Phase != "" || last.Current != "" && !changed(last, state) {
			continue
		}
		last = state
		if err := o.tellChange(s, state); err != nil {
			return err
		}
		if len(state.Checks) == 0 || state.Step().Done && all(state, checks.Passed) {
			return checkVerdict(state)
		}
	}
	if ctx.Err() != nil {
		return &stillGoing{last.Lab}
	}
	if _, err := session.State(ctx); err != nil {
		return err
	}
	return checkVerdict(last)
}

// changed reports that there is something new to say.
func changed(a, b live.State) bool {
	return a.Step().Done != b.Step().Done || !reflect.DeepEqual(a.Problems, b.Problems) ||
		!slices.EqualFunc(a.Checks, b.Checks, func(c, d live.Check) bool { return c.Outcome == d.Outcome && c.Message == d.Message })
}

func (o *checkOptions) tellChange(s streams, state live.State) error {
	if o.output.value != formatJSON {
		return o.tell(s, state)
	}
	return json.NewEncoder(s.out).Encode(judged{Lesson: state.Lesson, Step: state.Current, Done: state.Step().Done, Settled: state.Settled, Moving: state.Moving, Checks: state.Checks, Problems: state.Problems})
}
