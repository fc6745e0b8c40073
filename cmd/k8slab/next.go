package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newNextCommand(s streams) *cobra.Command {
	var skip bool
	c := &cobra.Command{
		Use:   "next",
		Short: "Go on to the next step",
		Long: `Go on to the next step, and show it. A step that has checks is left when they
have passed; --skip leaves it without its points. Steps build on each other, so a
step that was skipped is done for you, on a new cluster.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withRecord(c.Context(), func(session *live.Client) error { return next(c.Context(), s, session, skip) })
		},
	}
	c.Flags().BoolVar(&skip, "skip", false, "go on although the step is not done")
	return c
}

func next(ctx context.Context, s streams, session live.Session, skip bool) error {
	before, err := session.State(ctx)
	if err != nil {
		return err
	}
	after, err := session.Next(ctx, skip)
	if err != nil {
		return err
	}
	if after.Current == before.Current {
		fmt.Fprintf(s.err, "The lesson is done: %d of %d points. `k8slab list` shows what is next, `k8slab stop` ends the lab.\n", after.Points, after.Possible)
		return nil
	}
	for _, n := range after.Notices {
		if !slices.ContainsFunc(before.Notices, func(b live.Notice) bool { return b.At.Equal(n.At) }) {
			fmt.Fprintln(s.err, n.Message)
		}
	}
	return enterAndShow(ctx, s, session)
}

// enterAndShow waits until the step has been entered, and shows it.
func enterAndShow(ctx context.Context, s streams, session live.Session) error {
	state, err := waitReady(ctx, session, talk(s))
	if err != nil {
		return err
	}
	l, err := lessonOf(state)
	if err != nil {
		return err
	}
	return showStep(s, l, state, "")
}
