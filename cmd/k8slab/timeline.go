package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/picture"
	"github.com/k8slab/k8slab/internal/runner/report"
)

const (
	formatSVG  = "svg"
	formatHTML = "html"
)

type timelineOptions struct {
	output   outputFormat
	width    int
	step     string
	whole    bool
	selected picture.Select
}

func newTimelineCommand(s streams) *cobra.Command {
	o := timelineOptions{}
	c := &cobra.Command{
		Use:   "timeline [LAB|FILE]",
		Short: "Show what happened in a lab: Pods over time, against the limits",
		Long: `Show what happened in a lab, from its recording: each Pod as a row over time, how
many there were against the limits of an update, the ordinals and the partition
of a StatefulSet, and a Job's attempts with the gaps between them.

Without LAB it is the lab that was recorded last; the lab may still run. FILE is any
timeline file, also one from another machine, and - reads it from standard input.

Text has a picture of each step in which something happened. An SVG image is of
everything on one axis, or of the step that --step names. An HTML page has all steps,
each with a table, in one file that needs nothing else.`,
		Example: `  k8slab timeline
  k8slab timeline --step percent --object deployment/web
  k8slab timeline play-job-backoff -o svg > jobs.svg
  k8slab timeline lab.ndjson -o html > lab.html`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeRecordings,
		RunE: func(_ *cobra.Command, args []string) error {
			return o.run(s, strings.Join(args, ""))
		},
	}
	o.output.addTo(c, formatText, formatSVG, formatHTML, formatJSON)
	f := c.Flags()
	f.IntVar(&o.width, "width", 0, "columns of text, or pixels of an image (default: the terminal's, or 80; 960)")
	f.StringVar(&o.step, "step", "", "only this step")
	f.StringSliceVar(&o.selected.Objects, "object", nil, "only these controllers, such as deployment/web (may be given several times)")
	f.BoolVar(&o.whole, "whole", false, "everything on one axis, not step by step")
	_ = c.RegisterFlagCompletionFunc("step", completeSteps)
	_ = c.RegisterFlagCompletionFunc("object", completeObjects)
	return c
}

func (o *timelineOptions) run(s streams, arg string) error {
	if o.whole && o.step != "" {
		return &usageError{errors.New("--whole is everything, --step a part of it"), "Leave one of them out."}
	}
	t, path, err := readRecording(s, arg)
	if err != nil {
		return err
	}
	pictures, err := o.pictures(t)
	if err != nil {
		return err
	}
	verdicts, err := runner.VerdictsBeside(path)
	if err != nil {
		return err
	}
	for _, p := range pictures {
		addEvidence(p, verdicts)
	}
	if t.Torn() {
		fmt.Fprintln(s.err, "k8slab: the recording ends in the middle of a line: it was cut off there")
	}
	switch o.output.value {
	case formatSVG:
		return pictures[0].SVG(s.out, picture.SVGOptions{Width: o.width})
	case formatHTML:
		return picture.HTML(s.out, pictures, picture.HTMLOptions{Width: o.width})
	case formatJSON:
		encoder := json.NewEncoder(s.out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(pictures)
	default:
		return o.print(s, pictures)
	}
}

// pictures returns what was asked for: one picture, or one of each step.
func (o *timelineOptions) pictures(t *timeline.Timeline) ([]*picture.Picture, error) {
	var pictures []*picture.Picture
	switch {
	case o.step != "":
		if names := picture.StepNames(t); !slices.Contains(names, o.step) {
			return nil, &usageError{fmt.Errorf("the recording has no step %q", o.step), stepsHint(names)}
		}
		pictures = []*picture.Picture{picture.Of(t.Step(o.step), o.selected)}
	case o.whole || o.output.value == formatSVG:
		pictures = []*picture.Picture{picture.Of(t.Whole(), o.selected)}
	default:
		pictures = picture.Steps(t, o.selected)
	}
	if len(o.selected.Objects) > 0 && !slices.ContainsFunc(pictures, func(p *picture.Picture) bool { return len(p.Panels) > 0 }) {
		return nil, &usageError{fmt.Errorf("the recording has no Pods of %s", strings.Join(o.selected.Objects, ", ")), objectsHint(t)}
	}
	return pictures, nil
}

func stepsHint(names []string) string {
	if len(names) == 0 {
		return "It has no steps: leave --step out."
	}
	return "Its steps are " + strings.Join(names, ", ") + "."
}

func objectsHint(t *timeline.Timeline) string {
	names := objectNames(t)
	if len(names) == 0 {
		return "It has no Pods at all."
	}
	return "It has those of " + strings.Join(names, ", ") + "."
}

// objectNames returns what --object takes.
func objectNames(t *timeline.Timeline) []string {
	var names []string
	for _, p := range picture.Of(t.Whole(), picture.Select{}).Panels {
		if p.Kind != "" {
			names = append(names, strings.ToLower(p.Kind)+"/"+p.Name)
		}
	}
	return names
}

// print writes pictures as text.
func (o *timelineOptions) print(s streams, pictures []*picture.Picture) error {
	detected := report.Detect(s.out, s.err, os.Getenv)
	options := picture.TextOptions{
		Width: detected.Width, Colour: !detected.Plain, ASCII: detected.ASCII, Legend: true, List: true,
	}
	if o.width > 0 {
		options.Width = o.width
	}
	for i, p := range pictures {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		fmt.Fprintln(s.out, p.Heading())
		for _, line := range p.Text(options) {
			if _, err := fmt.Fprintln(s.out, line); err != nil {
				return err
			}
		}
	}
	if len(pictures) == 0 {
		fmt.Fprintln(s.err, "k8slab: nothing happened to Pods in this recording")
	}
	return nil
}

// addEvidence marks in a picture what the checks of its step judged.
func addEvidence(p *picture.Picture, verdicts []runner.Verdict) {
	for _, v := range verdicts {
		if p.Step != "" && v.Step != p.Step {
			continue
		}
		for _, e := range v.Evidence {
			p.Evidence = append(p.Evidence, picture.Evidence{
				At: picture.Time(e.At * float64(time.Second)), Step: v.Step, Object: e.Object,
				Check: v.Title, Outcome: string(v.Outcome), Message: v.Message,
			})
		}
	}
}

// readRecording reads the timeline that an argument names: a file, a lab, or nothing,
// which is the newest lab. It also returns the file's path, if there is one.
func readRecording(s streams, arg string) (*timeline.Timeline, string, error) {
	if arg == "-" {
		t, err := timeline.Read(s.in)
		return t, "", err
	}
	path, err := findRecording(arg)
	if err != nil {
		return nil, "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, "", &usageError{fmt.Errorf("open the timeline: %w", err), "`k8slab timeline` without a name shows the newest lab's."}
	}
	defer file.Close()
	t, err := timeline.Read(file)
	var damaged *timeline.SyntaxError
	if errors.As(err, &damaged) {
		return nil, "", &usageError{err, ""} // it says itself what to do
	}
	return t, path, err
}

func findRecording(arg string) (string, error) {
	if strings.ContainsRune(arg, os.PathSeparator) || strings.HasSuffix(arg, ".ndjson") || arg != "" && isFile(arg) {
		return arg, nil
	}
	root, err := labsDir()
	if err != nil {
		return "", err
	}
	all, err := runner.Recordings(root)
	if err != nil {
		return "", err
	}
	if arg == "" && len(all) > 0 {
		return all[0].Path, nil
	}
	var names []string
	for _, r := range all {
		if r.Lab == arg {
			return r.Path, nil
		}
		names = append(names, r.Lab)
	}
	if len(all) == 0 {
		return "", &usageError{errors.New("no lab has been recorded yet"), "`k8slab play` plays a lesson and records it."}
	}
	return "", &usageError{fmt.Errorf("there is no recording of a lab %q, and no file of that name", arg), "There are recordings of " + strings.Join(names, ", ") + "."}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeDir == 0
}

func completeRecordings(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	root, err := labsDir()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := runner.Recordings(root)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Lab)
	}
	return names, cobra.ShellCompDirectiveDefault // files, too
}

func completeSteps(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	t, _, err := readRecording(streams{err: io.Discard}, strings.Join(args, ""))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return picture.StepNames(t), cobra.ShellCompDirectiveNoFileComp
}

func completeObjects(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	t, _, err := readRecording(streams{err: io.Discard}, strings.Join(args, ""))
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return objectNames(t), cobra.ShellCompDirectiveNoFileComp
}
