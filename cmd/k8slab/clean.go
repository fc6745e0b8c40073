package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/cluster/claim"
	"github.com/k8slab/k8slab/internal/cluster/existing"
	"github.com/k8slab/k8slab/internal/cluster/kind"
)

func newCleanCommand(s streams) *cobra.Command {
	dryRun := false
	c := &cobra.Command{
		Use:   "clean",
		Short: "Remove containers and namespaces that killed runs have left",
		Long: `Remove what runs have left that were killed: the containers of kind clusters, and
namespaces in clusters of yours (--cluster existing). k8slab notes what it makes
before it does, in XDG_STATE_HOME/k8slab/claims; what no note is about is not
touched, nor is what belongs to a lab that is running.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			claims, err := claimsDir()
			if err != nil {
				return err
			}
			return cleaner{streams: s, claims: claims, dryRun: dryRun}.clean(c.Context())
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be removed")
	return c
}

// cleaner removes leftovers.
type cleaner struct {
	streams
	claims string
	dryRun bool
}

// clean goes on after an error, so that what can be removed is.
func (c cleaner) clean(ctx context.Context) error {
	left, err := claim.Leftovers(c.claims)
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range left {
		errs = append(errs, c.cleanOne(ctx, n))
	}
	if len(left) == 0 {
		fmt.Fprintln(c.err, "Nothing is left of runs that were killed.")
	}
	c.tellStrangers(ctx)
	return errors.Join(errs...)
}

func (c cleaner) cleanOne(ctx context.Context, n claim.Note) error {
	what := fmt.Sprintf("%s, of lab %s, begun %s", n.Name, n.Lab, n.Made.Local().Format("2006-01-02 15:04"))
	if c.dryRun {
		_, err := fmt.Fprintf(c.out, "would be removed: %s\n", what)
		return err
	}
	held, err := claim.Take(c.claims, n)
	if _, ok := errors.AsType[*claim.HeldError](err); ok {
		return nil // somebody was faster
	}
	if err != nil {
		return err
	}
	removed, err := remove(ctx, n)
	if err != nil {
		return errors.Join(err, held.Leave())
	}
	if len(removed) == 0 {
		removed = []string{"nothing was there any more"}
	}
	fmt.Fprintf(c.out, "removed: %s: %s\n", what, strings.Join(removed, ", "))
	return held.Done()
}

func remove(ctx context.Context, n claim.Note) ([]string, error) {
	if n.Provider == clusterExisting {
		return existing.Clean(ctx, n)
	}
	return kind.Clean(ctx, n)
}

// tellStrangers names what looks like ours and may not be. Without an engine there
// is nothing to tell.
func (c cleaner) tellStrangers(ctx context.Context) {
	known, err := claim.All(c.claims)
	if err != nil {
		return
	}
	strangers, err := kind.Strangers(ctx, known)
	if err != nil {
		return
	}
	for _, name := range strangers {
		fmt.Fprintf(c.err, "Left alone: the kind cluster %s, of which k8slab knows nothing here. If nobody needs it: %s\n", name, kind.Removal(name))
	}
}
