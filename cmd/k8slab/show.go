package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

func newShowCommand(s streams) *cobra.Command {
	var output outputFormat
	c := &cobra.Command{
		Use:   "show [STEP]",
		Short: "Show the step that you are in, or another one",
		Long: `Show the text of the step that you are in: what to do, its questions, and what
its checks say. With STEP it shows another step of the lesson; that changes nothing.`,
		Example: `  k8slab show
  k8slab show create
  k8slab show -o json | jq '.checks[] | {title, outcome}'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLabSteps,
		RunE: func(c *cobra.Command, args []string) error {
			step := ""
			if len(args) == 1 {
				step = args[0]
			}
			return show(c.Context(), s, &output, step)
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML, formatName)
	return c
}

func newPreviousCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "previous",
		Short: "Show the step before the one that you are in",
		Long:  "Show the text of the step before the one that you are in. That changes nothing;\n`k8slab reset STEP` goes back.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withSession(c.Context(), func(session *live.Client) error {
				state, err := session.State(c.Context())
				if err != nil {
					return err
				}
				i := stepIndex(state, state.Current)
				if i == 0 {
					return &usageError{errors.New("this is the first step"), "`k8slab show` shows it."}
				}
				return show(c.Context(), s, &outputFormat{value: formatText}, state.Steps[i-1].ID)
			})
		},
	}
}

func stepIndex(state live.State, id string) int {
	return slices.IndexFunc(state.Steps, func(s live.Step) bool { return s.ID == id })
}

func show(ctx context.Context, s streams, output *outputFormat, step string) error {
	return withSession(ctx, func(session *live.Client) error {
		state, err := session.State(ctx)
		if err != nil {
			return err
		}
		l, err := lessonOf(state)
		if err != nil {
			return err
		}
		if step != "" && stepIndex(state, step) < 0 {
			return &usageError{fmt.Errorf("lesson %s has no step %q", l.Name, step), "`k8slab status` lists its steps."}
		}
		return output.write(s.out, state,
			func() error { return showStep(s, l, state, step) },
			func() error {
				_, err := fmt.Fprintln(s.out, state.Current)
				return err
			})
	})
}

// showStep shows a step, the current one if id is empty, and what is known of it.
func showStep(s streams, l *lesson.Lesson, state live.State, id string) error {
	tell := talk(s)
	current := id == "" || id == state.Current
	if id == "" {
		id = state.Current
	}
	i := stepIndex(state, id)
	if i == 0 {
		tell.Lesson(l)
		showBlocks(tell, l.Intro, nil)
	}
	tell.Step(i+1, len(l.Steps), l.Steps[i])
	if !current {
		showBlocks(tell, l.Steps[i].Blocks, nil)
		return tell.Err()
	}
	showBlocks(tell, l.Steps[i].Blocks, state.Questions)
	for _, h := range state.StandingHints() {
		tell.Markdown("**Hint.** " + h.Markdown)
	}
	tell.Verdicts(verdictsOf(state))
	return tell.Err()
}

// showBlocks shows the blocks of a step for who types the commands.
func showBlocks(tell *report.Text, blocks []lesson.Block, answered []live.Question) {
	for _, b := range blocks {
		switch b := b.(type) {
		case lesson.Text:
			tell.Markdown(b.Markdown)
		case lesson.Run:
			for _, c := range b.Commands {
				_ = tell.Command(context.Background(), c.Text) // without a delay, it does not end early
			}
		case lesson.Question:
			tell.Question(b)
			if i := slices.IndexFunc(answered, func(q live.Question) bool { return q.ID == b.ID }); i >= 0 {
				showAnswer(tell, answered[i])
			}
		}
	}
}

// showAnswer says what was answered, if it was, and what to observe. The right choice is
// said to nobody who has not found it.
func showAnswer(tell *report.Text, q live.Question) {
	if q.Answer == "" {
		return
	}
	is := "right"
	if !q.Right {
		is = "not right"
	}
	tell.Markdown(fmt.Sprintf("You answered %q, which is %s.", q.Answer, is))
	tell.Markdown(q.Explain)
}

// verdictsOf are the checks of the current step as they are told.
func verdictsOf(state live.State) []report.Verdict {
	var all []report.Verdict
	for _, c := range state.Checks {
		v := report.Verdict{Title: c.Title, Outcome: outcome(c.Outcome), Message: c.Message, Hint: c.Shown(), Points: c.Points, Position: c.Position}
		if c.Outcome == "" {
			v.Outcome, v.Message = report.Waiting, "it has not been judged"
		}
		all = append(all, v)
	}
	return all
}
