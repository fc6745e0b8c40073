package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
)

// Exit codes. A grader relies on failed and broken being different: nobody is
// marked down because our side broke.
const (
	exitPassed      = 0
	exitFailed      = 1   // at least one check failed, or still waited at its deadline
	exitUsage       = 2   // the command line is wrong
	exitBroken      = 3   // the cluster, the lesson or a check script broke
	exitTimeout     = 124 // --timeout ended the run without a verdict
	exitInterrupted = 130 // Ctrl-C
)

// errTimeout is the cause of a run that --timeout ended.
var errTimeout = errors.New("the run took longer than --timeout allows")

// usageError is a command line that cannot be carried out as it is.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// verdict is a run that came to its end: an exit code, and nothing left to print.
type verdict int

func (v verdict) Error() string { return fmt.Sprintf("exit code %d", int(v)) }

func newRootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "k8slab",
		Short: "Learn Kubernetes in the terminal, on a real cluster",
		Long: `k8slab teaches Kubernetes workloads by letting you do things to a real cluster
and then judging what really happened there, over time.

The cluster is started inside this program: the real API server, controllers,
scheduler and kubelets, with simulated containers. It needs no Docker and no
root, and starts in a few seconds. Your own kubeconfig is neither read nor
written.`,
		Example: `  k8slab start                     do the first lesson, or go on with yours
  k8slab list                      see the lessons, and how far you are
  k8slab play replicaset-updates   watch a lesson play by itself
  k8slab doctor                    is everything there that k8slab needs?`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if interactive(s) {
				return runHome(c.Context(), s)
			}
			if isTerminal(s.out) && os.Getenv("TERM") == "dumb" {
				fmt.Fprint(s.err, "This terminal cannot show the player (TERM=dumb). `k8slab start` starts a lesson without it.\n\n")
			}
			return c.Help()
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{err, fmt.Sprintf("`%s --help` lists the flags.", c.CommandPath())}
	})
	root.AddGroup(&cobra.Group{ID: groupLearn, Title: "Do a lesson:"}, &cobra.Group{ID: groupStep, Title: "In a lesson:"})
	inGroup(root, groupLearn, newListCommand(s), newStartCommand(s), newStatusCommand(s), newStopCommand(s), newPlayCommand(s))
	inGroup(root, groupStep, newShowCommand(s), newCheckCommand(s), newHintCommand(s), newAnswerCommand(s), newSolutionCommand(s),
		newNextCommand(s), newPreviousCommand(s), newResetCommand(s), newTimelineCommand(s), newShellCommand(s), newEnvCommand(s), newKubectlCommand(s))
	root.AddCommand(newDevCommand(s), newDoctorCommand(s), newImagesCommand(s), newCleanCommand(s), newVersionCommand(s))
	root.InitDefaultCompletionCmd()
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// Groups of commands in the help.
const (
	groupLearn = "learn"
	groupStep  = "step"
)

func inGroup(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		root.AddCommand(c)
	}
}

// endingSignals end a command, which cleans up first.
func endingSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// runCommand carries out the command line and says what became of it.
func runCommand(ctx context.Context, args []string, s streams) int {
	ctx, stop := signal.NotifyContext(ctx, endingSignals()...)
	defer stop()
	root := newRootCommand(s)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var v verdict
	switch {
	case err == nil:
		return exitPassed
	case errors.As(err, &v):
		return int(v)
	case !understood && !isUsage(err):
		err = &usageError{err, "`k8slab --help` lists the commands."}
	}
	code := exitCode(err)
	printError(s, err, code)
	return code
}

func isUsage(err error) bool {
	var usage *usageError
	var unknown *lesson.UnknownError
	var request *live.RequestError
	var ended *live.EndedError
	if errors.As(err, &ended) {
		return !ended.Broken
	}
	return errors.As(err, &usage) || errors.As(err, &request) || errors.As(err, &unknown) || errors.Is(err, runner.ErrLabName)
}

// exitCode maps an error to the exit code that scripts rely on. What is not known
// to be the person's doing is ours.
func exitCode(err error) int {
	switch {
	case errors.Is(err, errTimeout):
		return exitTimeout
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case isUsage(err):
		return exitUsage
	default:
		return exitBroken
	}
}

// printError prints an error once: what happened, where the evidence is, and
// what to do next.
func printError(s streams, err error, code int) {
	if code == exitInterrupted {
		printInterrupted(s, err)
		return
	}
	fmt.Fprintf(s.err, "k8slab: error: %v\n", err)
	var broken *cluster.Error
	if errors.As(err, &broken) && broken.Log != "" {
		fmt.Fprintf(s.err, "k8slab: log: %s\n", broken.Log)
	}
	if errors.As(err, &broken) {
		for _, line := range broken.Diagnosis {
			fmt.Fprintf(s.err, "k8slab: found: %s\n", line)
		}
	}
	printHint(s, hint(err))
}

// printInterrupted also says what could not be cleaned up.
func printInterrupted(s streams, err error) {
	left := withoutCancellation(err)
	var going *stillGoing
	if errors.As(err, &going) {
		fmt.Fprintf(s.err, "k8slab: %v; `k8slab status` says how it is\n", going)
		return
	}
	if left == nil {
		fmt.Fprintln(s.err, "k8slab: interrupted; the lab is gone")
		return
	}
	fmt.Fprintf(s.err, "k8slab: interrupted\nk8slab: error: %v\n", left)
	printHint(s, hint(left))
}

// withoutCancellation returns what is joined with the error of a context that
// was cancelled.
func withoutCancellation(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, e := range joined.Unwrap() {
			rest = append(rest, withoutCancellation(e))
		}
		return errors.Join(rest...)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// hint is the next step, where one is known.
func hint(err error) string {
	var usage *usageError
	var broken *cluster.Error
	var hinted *hintedError
	var request *live.RequestError
	var ended *live.EndedError
	var unsaved *live.UnsavedError
	switch {
	case errors.As(err, &unsaved):
		return unsaved.Remedy
	case errors.As(err, &usage):
		return usage.hint
	case errors.As(err, &hinted):
		return hinted.hint
	case errors.As(err, &request):
		return request.Remedy
	case errors.As(err, &ended):
		return ended.Remedy
	case errors.As(err, &broken):
		return broken.Hint
	case errors.Is(err, runner.ErrLabRunning):
		return "End that one first, or give this one another name with --lab NAME."
	case errors.Is(err, syscall.ENOSPC):
		return "Free some space, or set XDG_STATE_HOME to a directory on another disk."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return "Set XDG_STATE_HOME to a directory that you can write to."
	case errors.Is(err, errTimeout):
		return "Give it more time with --timeout."
	default:
		return ""
	}
}

func printHint(s streams, hint string) {
	if hint != "" {
		fmt.Fprintf(s.err, "k8slab: hint: %s\n", hint)
	}
}
