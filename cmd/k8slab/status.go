package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

// labStatus is a lab as `status` tells it.
type labStatus struct {
	Lab     string      `json:"lab"`
	Running bool        `json:"running"`
	Ended   string      `json:"ended,omitempty"` // why
	At      time.Time   `json:"at,omitzero"`     // when it ended
	Started time.Time   `json:"started"`
	State   *live.State `json:"state,omitempty"`

	remedy string
	idle   time.Duration // without use, after which it ends
}

func newStatusCommand(s streams) *cobra.Command {
	var output outputFormat
	c := &cobra.Command{
		Use:   "status",
		Short: "Say how your labs are, and where you are in their lessons",
		Example: `  k8slab status
  k8slab status -o json | jq '.[] | select(.running) | .state.current'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			all, err := statusOfLabs(c.Context())
			if err != nil {
				return err
			}
			return output.write(s.out, all,
				func() error { return printStatus(s, all) },
				func() error { return printRunning(s.out, all) })
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML, formatName)
	return c
}

func statusOfLabs(ctx context.Context) ([]labStatus, error) {
	labs, err := knownLabs()
	if err != nil {
		return nil, err
	}
	all := []labStatus{}
	for _, l := range labs {
		st := labStatus{Lab: l.Name, Running: l.Running, Started: l.record.Started, idle: l.record.Idle}
		if l.Running {
			st.State = stateOf(ctx, l)
		} else {
			why := l.record.Why()
			st.Ended, st.At, st.remedy = why.Reason, why.At, why.Remedy
		}
		all = append(all, st)
	}
	runningFirst(all)
	return all, nil
}

func runningFirst(all []labStatus) {
	slices.SortStableFunc(all, func(a, b labStatus) int {
		switch {
		case a.Running == b.Running:
			return 0
		case a.Running:
			return -1
		default:
			return 1
		}
	})
}

// stateOf returns nil for a lab that does not answer.
func stateOf(ctx context.Context, l knownLab) *live.State {
	session, err := live.Connect(ctx, l.Path)
	if err != nil {
		return nil
	}
	defer session.Close()
	state, err := session.State(ctx)
	if err != nil {
		return nil
	}
	return &state
}

func printRunning(w io.Writer, all []labStatus) error {
	for _, l := range all {
		if l.Running {
			if _, err := fmt.Fprintln(w, l.Lab); err != nil {
				return err
			}
		}
	}
	return nil
}

func printStatus(s streams, all []labStatus) error {
	if len(all) == 0 {
		fmt.Fprintln(s.err, "No lab was started yet. `k8slab start` starts the first lesson, `k8slab list` lists them.")
		return nil
	}
	for i, l := range all {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := l.print(s.out); err != nil {
			return err
		}
	}
	return nil
}

func (l labStatus) print(w io.Writer) error {
	switch {
	case !l.Running && l.At.IsZero():
		_, err := fmt.Fprintf(w, "%s has ended: %s\n  %s\n", l.Lab, l.Ended, l.remedy)
		return err
	case !l.Running:
		_, err := fmt.Fprintf(w, "%s has ended %s: %s\n  %s\n", l.Lab, ago(l.At), l.Ended, l.remedy)
		return err
	case l.State == nil:
		_, err := fmt.Fprintf(w, "%s does not answer; `k8slab stop %s` ends it\n", l.Lab, l.Lab)
		return err
	}
	return l.printState(w, *l.State)
}

func (l labStatus) printState(w io.Writer, state live.State) error {
	doing := "ready"
	if state.Phase != "" {
		doing = state.Phase
	}
	fmt.Fprintf(w, "%s is running: %s\n", l.Lab, doing)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  cluster\t%s, Kubernetes %s\n", state.Provider, state.Kubernetes)
	fmt.Fprintf(table, "  points\t%d of %d\n", state.Points, state.Possible)
	fmt.Fprintf(table, "  files\t%s\n", state.Workspace)
	fmt.Fprintf(table, "  recording\t%s\n", state.Timeline)
	fmt.Fprintf(table, "  process\t%d, started %s\n", state.Process, ago(l.Started))
	fmt.Fprintf(table, "  ends\t%s\n", l.ends())
	for _, step := range state.Steps {
		fmt.Fprintf(table, "  %s %s\t%s\n", stepMark(step, state.Current), step.ID, stepWords(step))
	}
	for _, n := range state.Notices {
		fmt.Fprintf(table, "  note\t%s: %s\n", ago(n.At), n.Message)
	}
	return table.Flush()
}

// ends says what ends a lab that runs.
func (l labStatus) ends() string {
	stop := "with `k8slab stop " + l.Lab + "`"
	if l.idle <= 0 {
		return stop
	}
	return stop + ", or when nobody has used it for " + live.Spell(l.idle)
}

func stepMark(step live.Step, current string) string {
	switch {
	case step.ID == current:
		return ">"
	case step.Done:
		return "+"
	default:
		return " "
	}
}

// stepWords says what came of a step.
func stepWords(step live.Step) string {
	words := "open"
	if step.Done {
		words = "done"
	}
	if step.Possible > 0 {
		words += fmt.Sprintf(", %d of %d points", step.Points, step.Possible)
	}
	if step.Solution {
		words += ", solution seen"
	}
	return words
}
