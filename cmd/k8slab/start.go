package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/k8slab/k8slab/internal/runner/cast"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
)

type startOptions struct {
	lesson   string // empty: the one that was done last, else the first
	from     course
	clusters clusterChoice
	idle     time.Duration
	manual   bool
	again    bool
	detach   bool
	record   string   // file for a recording of the terminal
	rest     []string // the command line without that

	inPlayer bool // which shows by itself what there is
	welcomed bool // it was said before what will happen
}

// defaultIdle is how long a lab waits for somebody to come back. It takes as much
// memory as a browser tab.
const defaultIdle = 2 * time.Hour

func newStartCommand(s streams) *cobra.Command {
	o := startOptions{}
	c := &cobra.Command{
		Use:   "start [LESSON]",
		Short: "Do a lesson: start its lab, or go on with it",
		Long: `Start a lesson, or go on where you were. Without LESSON it is the one that you did
last, or the first of the course.

The lesson gets a lab: a cluster, a recording of what happens in it, and a
directory with the lesson's files. They live in the background, until you type
` + "`k8slab stop`" + ` or nobody has used them for a while; what you have done is kept.
A lab that was away gets a new cluster, which is brought to where your step begins.

In a terminal this opens the full-screen player. Without one, and with --detach,
these do the same: show, check, hint, answer, solution, next, reset.`,
		Example: `  k8slab start replicaset-updates
  k8slab start                        go on with the lesson of last time
  k8slab start --record mine.cast     and look at it later with asciinema
  eval "$(k8slab env)"                and use kubectl in this shell`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.lesson = args[0]
			}
			o.rest = commandLine(c, "record")
			return o.run(c.Context(), s)
		},
	}
	c.ValidArgsFunction = o.from.completeAll
	o.addTo(c)
	return c
}

func (o *startOptions) addTo(c *cobra.Command) {
	o.from.addTo(c)
	o.clusters.addTo(c)
	f := c.Flags()
	f.DurationVar(&o.idle, "idle", defaultIdle, "end the lab after it was not used for this time; 0 never does")
	f.BoolVar(&o.manual, "manual", false, "run checks only when `k8slab check` asks for it")
	f.BoolVar(&o.again, "again", false, "begin the lesson from its first step, with new files; points stay, and so do the old files, beside the new ones")
	f.BoolVar(&o.detach, "detach", false, "do not open the player")
	f.StringVar(&o.record, "record", "", "write all that the terminal shows, in the player's shell too, to this file, as an asciicast (v3)")
	_ = c.MarkFlagFilename("record", "cast")
}

func (o startOptions) run(ctx context.Context, s streams) error {
	l, err := o.choose()
	if err != nil {
		return err
	}
	if o.record != "" {
		if o.detach || !interactive(s) {
			return &usageError{errors.New("--record is for the player"), "Leave it out, or start the lesson in a terminal, without --detach."}
		}
		return recordSession(ctx, s, o.record, cast.Header{Title: l.Title, Command: "k8slab start " + l.Name}, o.rest)
	}
	if !o.detach && interactive(s) {
		return o.play(ctx, s, l)
	}
	session, err := o.open(ctx, s, l)
	if err != nil {
		return err
	}
	defer session.Close()
	state, err := waitReady(ctx, session, talk(s))
	if err != nil {
		return goesOn(ctx, l.Name, err)
	}
	if o.detach {
		fmt.Fprintf(s.err, "Lab %s is ready. %s`k8slab show` shows the step.\n", state.Lab, comeOver(state.Lab))
		return nil
	}
	return present(s, l, state)
}

// choose returns the lesson that is meant. It sets where it is from, too.
func (o *startOptions) choose() (*lesson.Lesson, error) {
	if o.lesson == "" {
		if lab, err := latestLab(); err == nil && (o.from.dir == "" || o.from.dir == lab.record.Lessons) {
			o.lesson, o.from.dir = lab.record.Lesson, lab.record.Lessons
		}
	}
	if o.from.dir != "" {
		abs, err := filepath.Abs(o.from.dir)
		if err != nil {
			return nil, err
		}
		o.from.dir = abs
	}
	all, err := o.from.open()
	if err != nil {
		return nil, err
	}
	if o.lesson == "" {
		names, err := lesson.List(all)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, &usageError{errors.New("there is no lesson"), "--lessons takes a directory that holds lessons, one directory each."}
		}
		o.lesson = names[0]
	}
	o.clusters.likeBefore(o.lesson)
	return lesson.Parse(all, o.lesson)
}

// likeBefore chooses the cluster that a lab had, for who goes on with it and says nothing else.
func (c *clusterChoice) likeBefore(lab string) {
	known, err := currentLab(lab)
	if err != nil || c.name != "" {
		return
	}
	c.name, c.context = known.record.Provider, cmp.Or(c.context, known.record.Context)
	c.kindImage = cmp.Or(c.kindImage, known.record.Image)
}

// open returns the session of the lesson's lab, which is started if it is not there.
func (o startOptions) open(ctx context.Context, s streams, l *lesson.Lesson) (*live.Client, error) {
	labs, err := labsDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(labs, l.Name)
	if session, err := live.Connect(ctx, dir); err == nil {
		return session, o.unlike(s, l)
	}
	known, err := knownLabs()
	if err != nil {
		return nil, err
	}
	if _, err := o.clusters.provider(l); err != nil { // asks here, where somebody can answer
		return nil, err
	}
	o.introduce(s, l, known)
	progress, err := progressDir()
	if err != nil {
		return nil, err
	}
	err = spawnLab(labProcess{
		Lesson: l.Name, Lessons: o.from.dir, Labs: labs, Progress: progress, Cluster: o.clusters.name, KindImage: o.clusters.kindImage, Context: o.clusters.context,
		Idle: o.idle, Manual: o.manual, Again: o.again,
	})
	if err != nil {
		return nil, err
	}
	return live.Connect(ctx, dir)
}

// unlike refuses what a lab that runs already cannot become.
func (o startOptions) unlike(s streams, l *lesson.Lesson) error {
	if o.again {
		return &usageError{fmt.Errorf("lab %s is running", l.Name), "`k8slab stop` ends it; then --again begins anew."}
	}
	if !o.inPlayer {
		fmt.Fprintf(s.err, "Lab %s is running already.\n", l.Name)
	}
	return nil
}

// introduce says what is going to happen: all of it to who is here for the first time, and
// why the lab is gone to who comes back.
func (o startOptions) introduce(s streams, l *lesson.Lesson, known []knownLab) {
	i := slices.IndexFunc(known, func(k knownLab) bool { return k.Name == l.Name })
	if len(known) == 0 {
		if !o.welcomed {
			fmt.Fprint(s.err, welcome(welcomeToLesson, o.idle))
		}
		return
	}
	if i >= 0 && !known[i].Running {
		why := known[i].record.Why()
		if !why.Wanted || why.Reason != "it was stopped" {
			fmt.Fprintf(s.err, "Lab %s had ended: %s. It goes on with the step that you were in, on a new cluster.\n", l.Name, why.Reason)
		}
	}
	for _, k := range known {
		if k.Running && k.Name != l.Name {
			fmt.Fprintf(s.err, "Lab %s is running too; `k8slab stop %s` ends it.\n", k.Name, k.Name)
		}
	}
}

// present says how things stand.
func present(s streams, l *lesson.Lesson, state live.State) error {
	if err := showStep(s, l, state, ""); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Your files are in %s\n", state.Workspace)
	if first := comeOver(state.Lab); first != "" {
		fmt.Fprintf(s.err, "%s`k8slab check` judges, and `k8slab hint` helps.\n", first)
		return nil
	}
	fmt.Fprintf(s.err, "%s gives this shell the lab's kubectl. `k8slab check` judges, `k8slab hint` helps.\n", evalEnv())
	return nil
}

// comeOver tells who is in the shell of another lab what has to be done first.
func comeOver(lab string) string {
	other := os.Getenv(labVariable)
	if other == "" || other == lab {
		return ""
	}
	return fmt.Sprintf("But this shell uses lab %s: type %s first. Then ", other, evalEnv())
}

// interactive reports that a person can be shown a full screen.
func interactive(s streams) bool {
	return isTerminal(s.in) && isTerminal(s.out) && os.Getenv("TERM") != "dumb"
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
