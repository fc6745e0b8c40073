package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/runner/live"
)

func newStopCommand(s streams) *cobra.Command {
	var every bool
	c := &cobra.Command{
		Use:   "stop [LAB]",
		Short: "End the lab; what you have done is kept",
		Long: `End the lab that is running: its cluster and its process. What you have done, your
files and the recording are kept, and ` + "`k8slab start`" + ` goes on where you were.`,
		Example: `  k8slab stop
  k8slab stop --all`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return stop(c.Context(), s, name, every)
		},
	}
	c.ValidArgsFunction = completeLabs
	c.Flags().BoolVar(&every, "all", false, "end all labs that you have started")
	return c
}

func stop(ctx context.Context, s streams, name string, every bool) error {
	var labs []knownLab
	if every {
		known, err := knownLabs()
		if err != nil {
			return err
		}
		labs = known
	} else {
		lab, err := currentLab(name)
		if err != nil {
			return err
		}
		labs = []knownLab{lab}
	}
	stopped := 0
	var failed []error
	for _, l := range labs {
		if !l.Running {
			continue
		}
		stopped++
		said, err := stopLab(ctx, l)
		if said != "" {
			fmt.Fprintf(s.err, "Lab %s %s.\n", l.Name, said)
		}
		failed = append(failed, err)
	}
	if stopped == 0 {
		fmt.Fprintln(s.err, noneStopped(labs))
	}
	return errors.Join(failed...)
}

// noneStopped says that there was nothing to do, and what the shell's own lab has to do with that.
func noneStopped(labs []knownLab) string {
	if other, err := latestLab(); err == nil && other.Running {
		return fmt.Sprintf("Lab %s has ended already. Lab %s is running; `k8slab stop %s` ends that one.", labs[0].Name, other.Name, other.Name)
	}
	return "No lab is running."
}

// stopPatience is how long a lab may take to end before its process is killed, which
// ends all that belongs to an embedded cluster too.
const stopPatience = 45 * time.Second

// stopLab returns what is to be said of a lab that has ended.
func stopLab(ctx context.Context, l knownLab) (said string, err error) {
	asking, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	session, err := live.Connect(asking, l.Path)
	if err == nil {
		defer session.Close()
		err = session.Stop(asking)
	}
	var unsaved *live.UnsavedError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return "has ended. What you have done is kept", nil
	case errors.As(err, &unsaved):
		return "has ended", err
	}
	process, err := os.FindProcess(l.record.Process)
	if err != nil {
		return "", err
	}
	if err := process.Signal(syscall.SIGKILL); err != nil {
		return "", fmt.Errorf("kill the process %d of lab %s: %w", l.record.Process, l.Name, err)
	}
	end := live.End{At: time.Now().UTC(), Reason: "it was stopped", Wanted: true}
	l.record.Ended = &end
	return "did not answer and was killed. What was saved is kept", l.record.Save(l.Path)
}
