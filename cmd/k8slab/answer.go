package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
)

func newAnswerCommand(s streams) *cobra.Command {
	var output outputFormat
	c := &cobra.Command{
		Use:   "answer [QUESTION] ANSWER",
		Short: "Answer a question of the step that you are in",
		Long: `Answer a question of the step that you are in: with the letter of a choice, its text,
or in your own words where there are no choices. Without QUESTION it is the first
one that has no right answer yet. After an answer, right or wrong, the lesson
says what to look at. Questions give no points, and can be answered again.`,
		Example: `  k8slab answer b
  k8slab answer how-many-change 0`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			id := ""
			if len(args) == 2 {
				id = args[0]
			}
			return withRecord(c.Context(), func(session *live.Client) error {
				return answer(c.Context(), s, session, &output, id, args[len(args)-1])
			})
		},
	}
	c.ValidArgsFunction = completeQuestions
	output.addTo(c, formatText, formatJSON, formatYAML)
	return c
}

func answer(ctx context.Context, s streams, session live.Session, output *outputFormat, id, text string) error {
	before, err := session.State(ctx)
	if err != nil {
		return err
	}
	state, err := session.Answer(ctx, id, text)
	if err != nil {
		return err
	}
	i := answered(before, id)
	return output.write(s.out, state.Questions[i], func() error {
		l, err := lessonOf(state)
		if err != nil {
			return err
		}
		tell := talk(s)
		step, _ := l.Step(state.Current)
		for _, b := range step.Blocks {
			if q, ok := b.(lesson.Question); ok && q.ID == state.Questions[i].ID {
				showAnswer(tell, q, state.Questions)
			}
		}
		return tell.Err()
	}, nil)
}

// answered returns the question that was meant, before it was answered.
func answered(before live.State, id string) int {
	return max(0, slices.IndexFunc(before.Questions, func(q live.Question) bool { return q.ID == id || id == "" && !q.Right }))
}

// completeQuestions offers the questions of the step.
func completeQuestions(c *cobra.Command, typed []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	_ = withSession(c.Context(), func(session *live.Client) error {
		state, err := session.State(c.Context())
		for _, q := range state.Questions {
			if len(typed) == 0 {
				names = append(names, q.ID)
			}
			if len(typed) == 1 && q.ID == typed[0] {
				names = append(names, q.Choices...)
			}
		}
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
