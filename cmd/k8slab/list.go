package main

import (
	"fmt"
	"io"
	"io/fs"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// listedLesson is a line of `list`.
type listedLesson struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Summary string `json:"summary"`
	Minutes int    `json:"minutes"`
	Steps   int    `json:"steps"`
	Points  int    `json:"points"`
}

func newListCommand(s streams) *cobra.Command {
	var output outputFormat
	var from course
	c := &cobra.Command{
		Use:   "list",
		Short: "List the lessons in the order of the course",
		Example: `  k8slab list
  k8slab list -o json | jq '.[].title'
  k8slab list -o name`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := from.open()
			if err != nil {
				return err
			}
			listed, err := listLessons(all)
			if err != nil {
				return err
			}
			return output.write(s.out, listed,
				func() error { return printLessons(s.out, listed) },
				func() error { return printNames(s.out, listed) })
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML, formatName)
	from.addTo(c)
	return c
}

func listLessons(all fs.FS) ([]listedLesson, error) {
	names, err := lesson.List(all)
	if err != nil {
		return nil, err
	}
	var listed []listedLesson
	for _, name := range names {
		l, err := lesson.Parse(all, name)
		if err != nil {
			return nil, err
		}
		listed = append(listed, listedLesson{l.Name, l.Title, l.Summary, l.Minutes, len(l.Steps), l.Points})
	}
	return listed, nil
}

func printLessons(w io.Writer, listed []listedLesson) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "LESSON\tTITLE\tSTEPS\tPOINTS\tMINUTES")
	for _, l := range listed {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\n", l.Name, l.Title, l.Steps, l.Points, l.Minutes)
	}
	return table.Flush()
}

func printNames(w io.Writer, listed []listedLesson) error {
	for _, l := range listed {
		if _, err := fmt.Fprintln(w, l.Name); err != nil {
			return err
		}
	}
	return nil
}
