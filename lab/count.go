package lab

import (
	"strconv"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Count is the highest or the lowest number of Pods of a workload, with the moment
// at which there were so many for the first time, and with these Pods.
type Count struct {
	counted bool // something was
	low     bool // it is the lowest
	value   int
	at      Moment
	pods    Pods
	missing string // why nothing was counted
}

// Value returns the number.
func (c Count) Value() int { return c.value }

// At returns when there were so many; never if that was when the step began.
func (c Count) At() Moment { return c.at }

// Pods returns the Pods that were counted.
func (c Count) Pods() Pods { return c.pods }

// String returns the number as messages have it, as in "6 (web-1, web-2 and 4 more)
// 3.2s into the step".
func (c Count) String() string {
	if !c.counted {
		return "nothing"
	}
	text := strconv.Itoa(c.value)
	if len(c.pods) > 0 {
		text += " (" + c.pods.String() + ")"
	}
	return text + " " + since(c.at)
}

// PeakAsked returns the most Pods that a Deployment asked its ReplicaSets for at once:
// this is what maxSurge limits. Of other workloads it is the largest number wanted.
func (w *Workload) PeakAsked() Count { return w.peak(timeline.AskedPods) }

// PeakPods returns the most Pods that there were at once, those that were
// terminating or finished left out. A Deployment's ReplicaSets follow it on their
// own, so for a moment there may be a Pod or two more than maxSurge allows, most of all
// on a busy machine: judge maxSurge by [Workload.PeakAsked].
func (w *Workload) PeakPods() Count { return w.peak(timeline.ActivePods) }

// PeakWithTerminating returns the most Pods that there were at once, those that were
// terminating included.
func (w *Workload) PeakWithTerminating() Count { return w.peak(timeline.AllPods) }

// LowAvailable returns the fewest Pods that were available at once: ready for
// minReadySeconds, and not terminating. Of a workload that was created in the step
// it is counted from when it was complete.
func (w *Workload) LowAvailable() Count { return w.lowest(timeline.AvailablePods) }

// LowReady returns the fewest Pods that were ready at once and not terminating. Of a
// workload that was created in the step it is counted from when it was complete.
func (w *Workload) LowReady() Count { return w.lowest(timeline.ReadyPods) }

func (w *Workload) peak(c timeline.Count) Count {
	w.needRecord()
	return w.count(w.of.Peak(c), false)
}

func (w *Workload) lowest(c timeline.Count) Count {
	w.needRecord()
	of := w.of
	if !w.began.Happened() && !w.Existed() {
		complete := w.complete()
		if !complete.Happened() {
			return Count{low: true, missing: w.String() + " was not complete in this step so far"}
		}
		of = of.Since(complete)
	}
	return w.count(of.Low(c), true)
}

func (w *Workload) count(x timeline.Extreme, low bool) Count {
	if !x.Happened() {
		return Count{low: low, missing: w.String() + " had no Pods to count so far"}
	}
	return Count{
		counted: true, low: low, value: x.Value,
		at: w.t.moment(x.Moment, w.String(), "was so"), pods: w.t.histories(x.Pods),
	}
}

// Sample is how many Pods a workload had at a moment.
type Sample struct {
	At          Moment // never for the first, when the step began
	Wanted      int    // spec.replicas
	Old, New    int    // not terminating or finished, and made from another template than the one that spec has, or from that
	Ready       int    // not terminating or finished, and ready
	Available   int    // ready for minReadySeconds
	Terminating int
	Finished    int
	Pods        int // Old and New
	All         int // Pods and Terminating
	Asked       int // what a Deployment asks its ReplicaSets for together; Wanted for other workloads
}

// Samples returns how many Pods there were at first and after every change.
func (w *Workload) Samples() []Sample {
	w.needRecord()
	samples := make([]Sample, len(w.of.Samples))
	for i, s := range w.of.Samples {
		samples[i] = Sample{
			At: w.t.moment(s.Moment, w.String(), "was so"), Wanted: s.Wanted, Old: s.Old, New: s.New, Ready: s.Ready,
			Available: s.Available, Terminating: s.Terminating, Finished: s.Finished, Pods: s.Active, All: s.All, Asked: s.Asked,
		}
	}
	return samples
}
