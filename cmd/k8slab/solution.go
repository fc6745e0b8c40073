package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newSolutionCommand(s streams) *cobra.Command {
	var yes bool
	var output outputFormat
	c := &cobra.Command{
		Use:   "solution",
		Short: "Show the solution of the step that you are in",
		Long: `Show the solution of the step that you are in: what changes in your files, and what
to type. It does nothing for you. That you have looked is noted in your record,
unless the step is done already; in a terminal you are asked first.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withRecord(c.Context(), func(session *live.Client) error { return solution(c.Context(), s, session, &output, yes) })
		},
	}
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	output.addTo(c, formatText, formatJSON, formatYAML)
	return c
}

func solution(ctx context.Context, s streams, session live.Session, output *outputFormat, yes bool) error {
	state, err := session.State(ctx)
	if err != nil {
		return err
	}
	if !yes && state.Solution == nil && !state.Step().Done && isTerminal(s.in) && isTerminal(s.err) {
		if agreed, err := agree(s, "Look at the solution? It is noted in your record. [y/N] "); err != nil || !agreed {
			return err
		}
	}
	if state, err = session.Solution(ctx); err != nil {
		return err
	}
	return output.write(s.out, state.Solution, func() error { return showSolution(s, state) }, nil)
}

// agree asks a person.
func agree(s streams, question string) (bool, error) {
	fmt.Fprint(s.err, question)
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && line == "" {
		fmt.Fprintln(s.err)
		return false, nil //nolint:nilerr // the end of the input is no answer
	}
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "y"), nil
}

func showSolution(s streams, state live.State) error {
	tell := talk(s)
	for _, f := range state.Solution.Files {
		before, err := os.ReadFile(filepath.Join(state.Workspace, filepath.FromSlash(f.Path)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if string(before) != f.Text {
			tell.Changed(f.Path, before, []byte(f.Text))
		}
	}
	if len(state.Solution.Commands) > 0 {
		tell.Markdown("Type:\n\n```sh\n" + strings.Join(state.Solution.Commands, "\n") + "\n```")
	}
	return tell.Err()
}
