package main

import "github.com/spf13/cobra"

func newDevCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "dev",
		Short: "Write lessons, and prove that they are right",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDevCheckCommand(s), newDevNewCommand(s))
	return c
}
