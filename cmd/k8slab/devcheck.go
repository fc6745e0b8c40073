package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

type devCheckOptions struct {
	lessons   []string
	from      course
	clusters  clusterChoice
	paces     []float64
	jobs      int
	jobsGiven bool
	record    string
	timeout   time.Duration
	output    outputFormat
}

func newDevCheckCommand(s streams) *cobra.Command {
	o := devCheckOptions{}
	c := &cobra.Command{
		Use:   "check [LESSON...]",
		Short: "Prove lessons: nothing earns nothing, the solution all, each near miss fails as it says",
		Long: `Prove lessons, all of them if none is named. First what can be read: the
format, the links, that the checks in lesson.md and in checks.go are the same,
and that the points add up. Then what has to be played, on a real cluster:

  start      who does nothing earns nothing
  solution   the solution passes every check
  wrong/…    each near miss fails every check that its case.yaml lists, with the
             message there, and passes all others

Cases are played at the same time, each in a namespace of one cluster; those of
a lesson with "isolation: cluster" have a cluster each.`,
		Example: `  k8slab dev check
  k8slab dev check replicaset-updates --jobs 2
  k8slab dev check --lessons . -o json | jq '.lessons[].cases[] | select(.proven | not)'`,
		RunE: func(c *cobra.Command, args []string) error {
			o.lessons, o.jobsGiven = args, c.Flags().Changed("jobs")
			return o.run(c.Context(), s)
		},
	}
	c.ValidArgsFunction = o.from.completeAll
	o.from.addTo(c)
	o.clusters.addTo(c)
	o.output.addTo(c, formatText, formatJSON, formatYAML)
	f := c.Flags()
	f.Float64SliceVar(&o.paces, "pace", []float64{1}, "the paces to prove at, such as 1,5: how many times faster than real time what docs/pace.md lists passes")
	f.IntVar(&o.jobs, "jobs", 0, "how many cases to play at a time (default: as many as suit the processors and the cluster)")
	f.StringVar(&o.record, "record", "", "directory that each case's timeline and manifests are written to, for tests of checks")
	f.DurationVar(&o.timeout, "timeout", 0, "end the run after this time with exit code 124, such as 10m (default: never)")
	return c
}

// checkedLesson is what came of a lesson.
type checkedLesson struct {
	Lesson   string        `json:"lesson"`
	Problems []string      `json:"problems,omitempty"` // that reading it found
	Warnings []string      `json:"warnings,omitempty"`
	Cases    []checkedCase `json:"cases,omitempty"`
}

// checkedCase is what came of a case.
type checkedCase struct {
	Case       string   `json:"case"`
	Pace       float64  `json:"pace"`
	Proven     bool     `json:"proven"`
	Seconds    float64  `json:"seconds"`
	Problems   []string `json:"problems,omitempty"`
	Error      string   `json:"error,omitempty"`
	Cluster    string   `json:"cluster"`
	Kubernetes string   `json:"kubernetes"`
	Timeline   string   `json:"timeline"`
	Transcript string   `json:"transcript"`
}

// devCheckResult is what -o json prints.
type devCheckResult struct {
	Proven  bool            `json:"proven"`
	Seconds float64         `json:"seconds"`
	Lessons []checkedLesson `json:"lessons"`
}

func (o devCheckOptions) run(ctx context.Context, s streams) error {
	if err := o.validate(); err != nil {
		return err
	}
	began := time.Now()
	all, err := o.from.open()
	if err != nil {
		return err
	}
	names, err := o.names(all)
	if err != nil {
		return err
	}
	result, sound, err := readLessons(all, names)
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, errTimeout)
		defer cancel()
	}
	proofs, err := o.prove(ctx, s, sound)
	if err != nil {
		return err
	}
	result.add(proofs)
	result.Seconds = time.Since(began).Round(time.Millisecond).Seconds()
	if err := o.output.write(s.out, result, func() error { return result.print(s) }, nil); err != nil {
		return err
	}
	return devCheckVerdict(result, proofs)
}

func (o devCheckOptions) validate() error {
	if o.jobsGiven && o.jobs < 1 {
		return &usageError{errors.New("--jobs is less than 1"), "Leave it out, or write how many cases to play at a time."}
	}
	for _, pace := range o.paces {
		if pace < 1 || pace > cluster.MaxPace {
			return &usageError{
				fmt.Errorf("no cluster has the pace %v", pace),
				fmt.Sprintf("Write paces of 1 to %d, or leave out --pace: grades are given at pace 1.", cluster.MaxPace),
			}
		}
	}
	return nil
}

// names returns the lessons that are meant.
func (o devCheckOptions) names(all fs.FS) ([]string, error) {
	if len(o.lessons) == 0 {
		return lesson.List(all)
	}
	var names []string
	for _, name := range o.lessons {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// readLessons reads lessons and returns those that can be played, too.
func readLessons(all fs.FS, names []string) (devCheckResult, []*lesson.Lesson, error) {
	var result devCheckResult
	var sound []*lesson.Lesson
	for _, name := range names {
		l, read, err := readLesson(all, name)
		if err != nil {
			return result, nil, err
		}
		result.Lessons = append(result.Lessons, read)
		if len(read.Problems) == 0 {
			sound = append(sound, l)
		}
	}
	return result, sound, nil
}

// readLesson reads a lesson and says what is wrong with it. The error is for one
// that is not there.
func readLesson(all fs.FS, name string) (*lesson.Lesson, checkedLesson, error) {
	read := checkedLesson{Lesson: name}
	l, err := lesson.Parse(all, name)
	var invalid *lesson.InvalidError
	var problems []lesson.Problem
	switch {
	case errors.As(err, &invalid):
		problems = invalid.Problems
	case err != nil:
		return nil, read, err
	default:
		problems = slices.Concat(l.Warnings, runner.Lint(l))
	}
	for _, p := range problems {
		if p.Severity == lesson.Error {
			read.Problems = append(read.Problems, p.String())
		} else {
			read.Warnings = append(read.Warnings, p.String())
		}
	}
	return l, read, nil
}

func (o devCheckOptions) prove(ctx context.Context, s streams, lessons []*lesson.Lesson) ([]runner.Proof, error) {
	if len(lessons) == 0 {
		return nil, nil
	}
	labs, err := labsDir()
	if err != nil {
		return nil, err
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	total, ended := 0, 0
	for _, l := range lessons {
		total += len(o.paces) * (2 + len(l.Wrong))
	}
	return runner.Prove(ctx, runner.ProveParams{
		Lessons:  lessons,
		LabsDir:  labs,
		Provider: func(l *lesson.Lesson) (cluster.Provider, error) { return o.clusters.provider(l) },
		Kubectl:  executable,
		Checks:   checks.WorkerOptions{Argv: []string{executable, checksArg}},
		Jobs:     o.jobs,
		Paces:    o.paces,
		Record:   o.record,
		Tell: func(p runner.Proof) {
			ended++
			fmt.Fprintf(s.err, "%d/%d %s %s%s: %s (%.1fs)\n", ended, total, p.Lesson, p.Case, paceWords(p.Pace), proofWord(p.Proven()), p.Took.Seconds())
			for _, problem := range p.Problems {
				fmt.Fprintf(s.err, "  %s\n", problem)
			}
			if p.Err != nil {
				fmt.Fprintf(s.err, "  error: %v\n", p.Err)
			}
		},
		Phase: func(what string) {
			if what != "" {
				fmt.Fprintf(s.err, "cluster: %s\n", what)
			}
		},
	})
}

func proofWord(proven bool) string {
	if proven {
		return "proven"
	}
	return "NOT PROVEN"
}

// paceWords names a pace that is not the usual one.
func paceWords(pace float64) string {
	if pace == 1 {
		return ""
	}
	return fmt.Sprintf(" at pace %v", pace)
}

func (r *devCheckResult) add(proofs []runner.Proof) {
	r.Proven = true
	for i := range r.Lessons {
		l := &r.Lessons[i]
		r.Proven = r.Proven && len(l.Problems) == 0
		for _, p := range proofs {
			if p.Lesson != l.Lesson {
				continue
			}
			c := checkedCase{
				Case: p.Case, Pace: p.Pace, Proven: p.Proven(), Seconds: p.Took.Round(time.Millisecond).Seconds(),
				Cluster: p.Cluster, Kubernetes: p.Kubernetes, Problems: p.Problems, Timeline: p.Timeline, Transcript: p.Transcript,
			}
			if p.Err != nil {
				c.Error = p.Err.Error()
			}
			r.Proven = r.Proven && c.Proven
			l.Cases = append(l.Cases, c)
		}
	}
}

// print prints a table, and below it what is wrong.
func (r *devCheckResult) print(s streams) error {
	table := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "LESSON\tCASE\tRESULT\tSECONDS")
	var below strings.Builder
	for _, l := range r.Lessons {
		fmt.Fprintf(table, "%s\tformat\t%s\t\n", l.Lesson, proofWord(len(l.Problems) == 0))
		for _, p := range slices.Concat(l.Problems, l.Warnings) {
			fmt.Fprintf(&below, "%s\n", p)
		}
		for _, c := range l.Cases {
			fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\n", l.Lesson, c.Case+paceWords(c.Pace), proofWord(c.Proven), c.Seconds)
			c.explain(&below, l.Lesson)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if below.Len() > 0 {
		fmt.Fprintf(s.out, "\n%s", below.String())
	}
	for _, line := range r.clusters() {
		fmt.Fprintf(s.out, "\nCluster: %s\n", line)
	}
	return nil
}

// clusters are what the cases were played on.
func (r *devCheckResult) clusters() []string {
	var lines []string
	for _, l := range r.Lessons {
		for _, c := range l.Cases {
			if line := clusterLine(c.Cluster, c.Kubernetes); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func (c checkedCase) explain(b *strings.Builder, name string) {
	if c.Proven {
		return
	}
	for _, p := range c.Problems {
		fmt.Fprintf(b, "%s %s: %s\n", name, c.Case, p)
	}
	if c.Error != "" {
		fmt.Fprintf(b, "%s %s: error: %s\n", name, c.Case, c.Error)
	}
	fmt.Fprintf(b, "  what was typed: %s\n  what happened:  %s\n", c.Transcript, c.Timeline)
}

// devCheckVerdict is the exit code: a lesson that is wrong is what this command
// looks for; a cluster or a worker that broke is our side.
func devCheckVerdict(r devCheckResult, proofs []runner.Proof) error {
	if r.Proven {
		return nil
	}
	var refused *runner.RefusedError
	for _, p := range proofs {
		if p.Err != nil && !errors.As(p.Err, &refused) {
			return verdict(exitBroken)
		}
	}
	return verdict(exitFailed)
}
