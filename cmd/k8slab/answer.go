package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
says what to look at. Questions give no points, and can be answered again.
Without an ANSWER, the open questions are listed.

The exit code is 0 if the answer is right, and 1 if it is not.`,
		Example: `  k8slab answer b
  k8slab answer how-many-change 0`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 2 {
				return &usageError{errors.New("these are too many words"), "Put an answer of several words between quotes: `k8slab answer \"it stays\"`."}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return withSession(c.Context(), func(session *live.Client) error { return openQuestions(c.Context(), s, session) })
			}
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
	q := state.Questions[answered(before, id)]
	err = output.write(s.out, q, func() error {
		tell := talk(s)
		showAnswer(tell, q)
		if !q.Right {
			fmt.Fprintf(s.err, "`k8slab answer %s ANSWER` answers it again.\n", q.ID)
		}
		return tell.Err()
	}, nil)
	if err == nil && !q.Right {
		return verdict(exitFailed)
	}
	return err
}

// openQuestions says what can be answered, to who has given no answer.
func openQuestions(ctx context.Context, s streams, session live.Session) error {
	state, err := session.State(ctx)
	if err != nil {
		return err
	}
	open := slices.DeleteFunc(state.Questions, func(q live.Question) bool { return q.Right })
	if len(open) == 0 {
		return &usageError{errors.New("this step has no question that is open"), "`k8slab show` shows the step."}
	}
	tell := talk(streams{s.in, s.err, s.err})
	var how []string
	for _, q := range open {
		tell.Question(lesson.Question{Prompt: q.Prompt, Choices: q.Choices})
		what := `"YOUR WORDS"`
		if len(q.Choices) > 0 {
			what = lesson.Letter(0)
		}
		how = append(how, fmt.Sprintf("`k8slab answer %s %s`", q.ID, what))
	}
	return &usageError{errors.New("there is no answer"), "Write it after the question: " + strings.Join(how, ", or ") + "."}
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
