package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newResetCommand(s streams) *cobra.Command {
	var files bool
	c := &cobra.Command{
		Use:   "reset [STEP]",
		Short: "Do a step again from its beginning",
		Long: `Do a step again, the one that you are in if none is named. The lab gets a new
cluster, in which the steps before it are done for you as the solution does
them, and the recording starts afresh. Points that you have are kept.

Your files stay as they are, unless you ask for those that the step began with.`,
		Example: `  k8slab reset
  k8slab reset --files
  k8slab reset create`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLabSteps,
		RunE: func(c *cobra.Command, args []string) error {
			step := ""
			if len(args) == 1 {
				step = args[0]
			}
			return withRecord(c.Context(), func(session *live.Client) error {
				state, err := session.Reset(c.Context(), step, files)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.err, "Step %s begins again.\n", state.Current)
				return enterAndShow(c.Context(), s, session)
			})
		},
	}
	c.Flags().BoolVar(&files, "files", false, "also give the workspace the files back that the step began with")
	return c
}
