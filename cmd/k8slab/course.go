package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/lessons"
)

// course is where lessons come from: the built-in ones, or a directory of
// somebody else's.
type course struct{ dir string }

func (c *course) addTo(command *cobra.Command) {
	command.Flags().StringVar(&c.dir, "lessons", os.Getenv("K8SLAB_LESSONS"),
		"directory with lessons instead of the built-in ones (env K8SLAB_LESSONS)")
	_ = command.MarkFlagDirname("lessons")
}

// open returns the lessons. No link in a directory of lessons leads out of it.
func (c *course) open() (fs.FS, error) {
	if c.dir == "" {
		return lessons.FS(), nil
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, &usageError{fmt.Errorf("open the lessons: %w", err), "--lessons and K8SLAB_LESSONS take a directory that holds lessons, one directory each."}
	}
	return root.FS(), nil
}

// completeAll offers the names of the lessons that have not been typed yet.
func (c *course) completeAll(command *cobra.Command, typed []string, word string) ([]string, cobra.ShellCompDirective) {
	names, directive := c.complete(command, nil, word)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(typed, name) }), directive
}

// complete offers the names of the lessons.
func (c *course) complete(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := c.open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names, err := lesson.List(all)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
