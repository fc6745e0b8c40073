package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/progress"
)

// listedLesson is a line of `list`.
type listedLesson struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Summary string `json:"summary"`
	Minutes int    `json:"minutes"`
	Steps   int    `json:"steps"`
	Points  int    `json:"points"`

	Done    int    `json:"done"`              // steps
	Earned  int    `json:"earned"`            // points
	Current string `json:"current,omitempty"` // the step that is being done
}

func newListCommand(s streams) *cobra.Command {
	var output outputFormat
	var from course
	c := &cobra.Command{
		Use:   "list",
		Short: "List the lessons in the order of the course, and how far you are",
		Example: `  k8slab list
  k8slab list -o json | jq '.[].title'
  k8slab list -o name`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := from.open()
			if err != nil {
				return err
			}
			listed, err := listLessons(s, all)
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

func listLessons(s streams, all fs.FS) ([]listedLesson, error) {
	dir, err := progressDir()
	if err != nil {
		return nil, err
	}
	store := progress.Store{Dir: dir}
	names, err := lesson.List(all)
	if err != nil {
		return nil, err
	}
	lessons, errs := make([]*lesson.Lesson, len(names)), make([]error, len(names))
	var reading sync.WaitGroup
	for i, name := range names {
		reading.Go(func() { lessons[i], errs[i] = lesson.Parse(all, name) })
	}
	reading.Wait()
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	var listed []listedLesson
	for _, l := range lessons {
		known, err := store.Load(l.Name)
		if err != nil {
			fmt.Fprintf(s.err, "k8slab: %v\n", err)
		}
		listed = append(listed, withProgress(l, known))
	}
	return listed, nil
}

// withProgress counts what is in the lesson now: steps that are gone do not count.
func withProgress(l *lesson.Lesson, known progress.Lesson) listedLesson {
	listed := listedLesson{Name: l.Name, Title: l.Title, Summary: l.Summary, Minutes: l.Minutes, Steps: len(l.Steps), Points: l.Points, Current: known.Current}
	for _, s := range l.Steps {
		k := known.Known(s.ID)
		listed.Earned += min(k.Points, s.Points())
		if !k.Done.IsZero() {
			listed.Done++
		}
	}
	return listed
}

func printLessons(w io.Writer, listed []listedLesson) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "LESSON\tTITLE\tSTEPS\tPOINTS\tMINUTES")
	for _, l := range listed {
		fmt.Fprintf(table, "%s\t%s\t%d/%d\t%d/%d\t%d\n", l.Name, l.Title, l.Done, l.Steps, l.Earned, l.Points, l.Minutes)
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
