package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newHintCommand(s streams) *cobra.Command {
	var output outputFormat
	c := &cobra.Command{
		Use:   "hint",
		Short: "Get one more hint for the step that you are in",
		Long: `Get one more hint for the step that you are in: first what the checks make of your
situation, then the hints of the lesson, which say a little more each time.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withRecord(c.Context(), func(session *live.Client) error {
				state, err := session.Hint(c.Context())
				if err != nil {
					return err
				}
				h := state.Hints[len(state.Hints)-1]
				return output.write(s.out, h, func() error {
					tell := talk(s)
					tell.Markdown(h.Markdown)
					fmt.Fprintln(s.err, moreHints(state))
					return tell.Err()
				}, nil)
			})
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML)
	return c
}

func moreHints(state live.State) string {
	switch state.MoreHints {
	case 0:
		return "That was the last hint; `k8slab solution` shows the solution."
	case 1:
		return "There is one more hint."
	default:
		return fmt.Sprintf("There are %d more hints.", state.MoreHints)
	}
}
