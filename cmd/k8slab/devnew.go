package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
)

// template is a lesson that passes dev check, with comments for who writes another.
//
//go:embed all:template
var template embed.FS

const (
	templateDir   = "template"
	templateTitle = "TITLE" // stands for the title in lesson.md
)

func newDevNewCommand(s streams) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a lesson to begin with, which passes dev check",
		Long: `Make a directory NAME with a small lesson that is complete: two steps, their
checks, a solution and two near misses. Comments say what is what. Change it
piece by piece, and prove it with dev check after each.`,
		Example: `  k8slab dev new quotas
  k8slab dev check --lessons . quotas`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return newLesson(s, dir, args[0]) },
	}
	c.ValidArgsFunction = cobra.NoFileCompletions
	c.Flags().StringVar(&dir, "dir", ".", "directory in which the lesson is made")
	_ = c.MarkFlagDirname("dir")
	return c
}

func newLesson(s streams, dir, name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return &usageError{fmt.Errorf("%q is no name for a lesson", name), "Use lower-case letters, digits and dashes, at most 63 of them, no dash at either end."}
	}
	target := filepath.Join(dir, name)
	switch err := os.Mkdir(target, 0o755); {
	case errors.Is(err, fs.ErrExist):
		return &usageError{fmt.Errorf("%s is there already", target), "Choose another name, or remove it."}
	case errors.Is(err, fs.ErrNotExist):
		return &usageError{fmt.Errorf("there is no directory %s", dir), "--dir takes a directory that exists."}
	case err != nil:
		return fmt.Errorf("make lesson %s: %w", name, err)
	}
	if err := writeTemplate(target, titleOf(name)); err != nil {
		return fmt.Errorf("make lesson %s: %w", name, err)
	}
	_, err := fmt.Fprintln(s.out, target)
	fmt.Fprintf(s.err, "Read %s first. To prove it: k8slab dev check --lessons %s %s\n", filepath.Join(target, "lesson.md"), dir, name)
	return err
}

// titleOf makes a title of a name: job-backoff becomes Job backoff.
func titleOf(name string) string {
	return strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "-", " ")
}

func writeTemplate(target, title string) error {
	return fs.WalkDir(template, templateDir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(target, filepath.FromSlash(strings.TrimPrefix(path, templateDir)))
		if e.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		content, err := template.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, bytes.Replace(content, []byte(templateTitle), []byte(title), 1), 0o644)
	})
}
