package timeline

import (
	"cmp"
	"slices"
	"time"
	"unique"

	corev1 "k8s.io/api/core/v1"
)

// Run is one time that a container of a Pod ran.
type Run struct {
	Container string
	Number    int    // 0 for the first, then the container's restartCount
	Began     Moment // the first version that shows it
	Ended     Moment // the first version that shows its end; never while it runs

	Started, Finished time.Time // as the kubelet says, in whole seconds; zero when not known
	ExitCode          int       // 0 while it runs
	Reason            string    // of its end, as in "Error", "Completed", "OOMKilled"

	// Pause is from the end of the run before to the start of this one: with
	// restarts it is the kubelet's crash-loop back-off.
	Pause Pause
}

// Pause is the time that a controller or the kubelet waited between two attempts. The
// zero value is none.
type Pause struct{ From, To time.Time } // whole seconds, as objects have them

// What a Pause may differ by from the back-off that made it: both ends are cut to whole
// seconds, and who waited acts a moment after the back-off is over.
const (
	PauseEarly = 1 * time.Second
	PauseLate  = 2 * time.Second
)

// Happened reports that the pause is not the zero value.
func (p Pause) Happened() bool { return !p.From.IsZero() && !p.To.IsZero() }

// Length returns how long it was, in whole seconds.
func (p Pause) Length() time.Duration {
	if !p.Happened() {
		return 0
	}
	return p.To.Sub(p.From)
}

// Near reports that the pause can have been a back-off of the length: it is not more
// than PauseEarly shorter and not more than PauseLate longer.
func (p Pause) Near(backoff time.Duration) bool {
	return p.Happened() && p.Length() >= backoff-PauseEarly && p.Length() <= backoff+PauseLate
}

// runFacts are what one version of a Pod says about a run.
type runFacts struct {
	container, reason unique.Handle[string]
	number, exit      int32
	started, finished int64 // Unix seconds; finished is 0 while it runs
	ended             bool
}

// runFactsOf returns what the statuses of all containers say: of the run that is or
// was last, and of the one before.
func runFactsOf(pod *corev1.Pod) []runFacts {
	var runs []runFacts
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			runs = appendRuns(runs, &statuses[i])
		}
	}
	return runs
}

// appendRuns appends the runs of a container. The kubelet counts a restart when the
// container has started again: while it waits, restartCount is the number of the run
// that ended last (pkg/kubelet: convertToAPIContainerStatuses).
func appendRuns(runs []runFacts, c *corev1.ContainerStatus) []runFacts {
	last := c.RestartCount
	if c.State.Waiting == nil {
		last--
	}
	if t := c.LastTerminationState.Terminated; t != nil && last >= 0 {
		runs = append(runs, endedRun(c.Name, last, t))
	}
	switch {
	case c.State.Terminated != nil:
		runs = append(runs, endedRun(c.Name, c.RestartCount, c.State.Terminated))
	case c.State.Running != nil:
		runs = append(runs, runFacts{container: unique.Make(c.Name), number: c.RestartCount, started: c.State.Running.StartedAt.Unix()})
	}
	return runs
}

func endedRun(container string, number int32, t *corev1.ContainerStateTerminated) runFacts {
	return runFacts{
		container: unique.Make(container), reason: unique.Make(t.Reason), number: number, exit: t.ExitCode,
		started: t.StartedAt.Unix(), finished: t.FinishedAt.Unix(), ended: true,
	}
}

// runsOf puts together what all versions of a Pod say about its runs.
func runsOf(versions []Entry) []Run {
	var runs []Run
	for _, v := range versions {
		for _, f := range v.Event.podFacts().runs {
			runs = f.addTo(runs, v.Moment())
		}
	}
	for i := range runs {
		if before := findRun(runs, runs[i].Container, runs[i].Number-1); before >= 0 && !runs[before].Finished.IsZero() && !runs[i].Started.IsZero() {
			runs[i].Pause = Pause{runs[before].Finished, runs[i].Started}
		}
	}
	slices.SortStableFunc(runs, func(a, b Run) int {
		return cmp.Or(compareVersions(a.Began.ResourceVersion, b.Began.ResourceVersion), cmp.Compare(a.Number, b.Number))
	})
	return runs
}

func findRun(runs []Run, container string, number int) int {
	return slices.IndexFunc(runs, func(r Run) bool { return r.Container == container && r.Number == number })
}

// addTo adds what a version says about a run.
func (f runFacts) addTo(runs []Run, m Moment) []Run {
	i := findRun(runs, f.container.Value(), int(f.number))
	if i < 0 {
		runs = append(runs, Run{Container: f.container.Value(), Number: int(f.number), Began: m, Started: wholeSecond(f.started)})
		i = len(runs) - 1
	}
	if r := &runs[i]; f.ended && !r.Ended.Happened() {
		r.Ended, r.Finished, r.ExitCode, r.Reason = m, wholeSecond(f.finished), int(f.exit), f.reason.Value()
	}
	return runs
}

// wholeSecond returns the time of Unix seconds; what an object leaves out is before
// them all.
func wholeSecond(unix int64) time.Time {
	if unix <= 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}
