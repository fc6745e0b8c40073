package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/cast"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/report"
)

const defaultLesson = "replicaset-updates"

type playOptions struct {
	lesson   string
	from     course
	clusters clusterChoice
	lab      string
	fast     bool
	record   string
	timeout  time.Duration
}

func newPlayCommand(s streams) *cobra.Command {
	o := playOptions{}
	c := &cobra.Command{
		Use:   "play [LESSON]",
		Short: "Show a lesson by itself, on a cluster of its own",
		Long: `Play a lesson by itself: its text, its commands typed and run on a cluster that
is started for it, and the verdicts of its checks. Nothing is asked and nothing
has to be typed. Without LESSON it plays ` + defaultLesson + `.

Everything that happens is recorded to a timeline file, which the last line names.`,
		Example: `  k8slab play
  k8slab play replicaset-updates --fast
  k8slab play --record demo.cast    and show it later with asciinema
  k8slab play --cluster kind        on real containers, which needs Docker`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.lesson = defaultLesson
			if len(args) == 1 {
				o.lesson = args[0]
			}
			return o.run(c.Context(), s)
		},
	}
	c.ValidArgsFunction = o.from.complete
	o.from.addTo(c)
	o.clusters.addTo(c)
	f := c.Flags()
	f.StringVar(&o.lab, "lab", "", "name of the lab, to play a lesson twice at the same time (default: play-LESSON)")
	f.BoolVar(&o.fast, "fast", false, "show commands at once instead of typing them; the cluster's pace stays the same")
	f.StringVar(&o.record, "record", "", "write what is shown to this file, as an asciicast (v3) that asciinema plays")
	_ = c.MarkFlagFilename("record", "cast")
	f.DurationVar(&o.timeout, "timeout", 0, "end the run after this time with exit code 124, such as 5m (default: never)")
	return c
}

func (o playOptions) run(ctx context.Context, s streams) error {
	all, err := o.from.open()
	if err != nil {
		return err
	}
	l, err := lesson.Parse(all, o.lesson)
	if err != nil {
		return err
	}
	provider, err := o.clusters.provider(l)
	if err != nil {
		return err
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, errTimeout)
		defer cancel()
	}
	presentation := o.presentation(s)
	if o.record == "" {
		return o.play(ctx, l, provider, &textPresenter{tell: report.New(presentation)})
	}
	recorded, err := recordTo(ctx, o.record, s.out, cast.Header{Title: l.Title, Command: "k8slab play " + l.Name})
	if err != nil {
		return err
	}
	recorded.addTo(&presentation)
	err = o.play(ctx, l, provider, &markingPresenter{&textPresenter{tell: report.New(presentation)}, recorded})
	return errors.Join(err, recorded.end(codeOf(err)))
}

// play plays a lesson for a presenter.
func (o playOptions) play(ctx context.Context, l *lesson.Lesson, provider cluster.Provider, presenter runner.Presenter) error {
	labs, err := labsDir()
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	result, err := runner.Play(ctx, runner.PlayParams{
		Lesson:    l,
		Lab:       o.labName(),
		LabsDir:   labs,
		Provider:  provider,
		Kubectl:   executable,
		Checks:    checks.WorkerOptions{Argv: []string{executable, checksArg}},
		Presenter: presenter,
	})
	if err != nil {
		return err
	}
	return playVerdict(result)
}

// presentation suits what the output is: typing is for a person who looks on.
func (o playOptions) presentation(s streams) report.Options {
	options := report.Detect(s.out, s.err, os.Getenv)
	if o.fast {
		options.Delay = 0
	}
	return options
}

func playVerdict(r runner.Result) error {
	switch r.Outcome() {
	case checks.Passed:
		return nil
	case checks.Error:
		return verdict(exitBroken)
	default:
		return verdict(exitFailed)
	}
}

func (o playOptions) labName() string {
	if o.lab != "" {
		return o.lab
	}
	return "play-" + o.lesson
}
