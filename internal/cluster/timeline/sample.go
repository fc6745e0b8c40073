package timeline

import "slices"

// Count is what a [Sample] counts.
type Count int

// The counts of a sample. The functions named are those of upstream's
// pkg/controller and pkg/api/v1/pod.
const (
	OldPods         Count = iota // active Pods of another template than the controller's
	NewPods                      // active Pods of the controller's template
	ReadyPods                    // active Pods whose condition Ready is true (IsPodReady)
	AvailablePods                // active Pods that have been Ready for minReadySeconds (IsPodAvailable)
	TerminatingPods              // Pods with a deletionTimestamp that have not finished (IsPodTerminating)
	FinishedPods                 // Pods in phase Succeeded or Failed (IsPodTerminal)
	ActivePods                   // Pods that neither have finished nor terminate (IsPodActive): OldPods and NewPods
	AllPods                      // ActivePods and TerminatingPods
	AskedPods                    // spec.replicas of a Deployment's ReplicaSets together (GetReplicaCountForReplicaSets)
	numCounts
)

// String returns the count as messages have it, as in "available".
func (c Count) String() string {
	return [...]string{"old", "new", "Ready", "available", "terminating", "finished", "active", "existing", "asked for"}[c]
}

// Sample is how many Pods a controller had at a moment.
//
// Available needs the time, which objects have in whole seconds: a sample stands at the
// moment when lastTransitionTime of the condition Ready is minReadySeconds ago, with the
// clocks of cluster and recorder taken as one. Without minReadySeconds no clock matters.
//
// Asked is what maxSurge limits. A Deployment changes the numbers of its ReplicaSets,
// and they follow on their own: while one has not yet deleted what the other has in
// its place, there are more active Pods than were asked for.
type Sample struct {
	Moment
	Wanted                                                         int // see ScaleChange
	Old, New, Ready, Available, Terminating, Finished, Active, All int
	Asked                                                          int // Wanted, but for Deployments

	Limits // of the controller; zero when there is none
}

// Of returns one of the counts.
func (s Sample) Of(c Count) int { return s.counts()[c] }

// same reports that two samples differ in nothing but their moment.
func (s Sample) same(t Sample) bool { return s.counts() == t.counts() && s.Limits == t.Limits }

// counts returns all counts and, at last, Wanted.
func (s Sample) counts() [numCounts + 1]int {
	return [...]int{s.Old, s.New, s.Ready, s.Available, s.Terminating, s.Finished, s.Active, s.All, s.Asked, s.Wanted}
}

func sampleOf(m Moment, counts [numCounts]int, wanted int, limits Limits) Sample {
	return Sample{
		Moment: m, Wanted: wanted,
		Old: counts[OldPods], New: counts[NewPods], Ready: counts[ReadyPods], Available: counts[AvailablePods],
		Terminating: counts[TerminatingPods], Finished: counts[FinishedPods], Active: counts[ActivePods], All: counts[AllPods],
		Asked: counts[AskedPods], Limits: limits,
	}
}

// Extreme is a sample in which a count was the highest or the lowest, and the Pods that
// were counted, in order of creation.
type Extreme struct {
	Sample
	Count Count
	Value int
	Pods  []*PodHistory
}

// Peak returns the first sample in which a count was the highest. Without samples it is
// the zero value, whose moment has not happened.
func (r *Rollout) Peak(c Count) Extreme {
	return r.extreme(c, func(a, b int) bool { return a > b })
}

// Low returns the first sample in which a count was the lowest. A controller that was
// created in the window begins with none: see [Rollout.Since].
func (r *Rollout) Low(c Count) Extreme {
	return r.extreme(c, func(a, b int) bool { return a < b })
}

func (r *Rollout) extreme(c Count, better func(a, b int) bool) Extreme {
	if len(r.Samples) == 0 {
		return Extreme{Count: c}
	}
	best := r.Samples[0]
	for _, s := range r.Samples[1:] {
		if better(s.Of(c), best.Of(c)) {
			best = s
		}
	}
	return Extreme{Sample: best, Count: c, Value: best.Of(c), Pods: r.PodsAt(best.Moment, c)}
}

// PodsAt returns the Pods that a sample at a moment counts, in order of creation.
func (r *Rollout) PodsAt(m Moment, c Count) []*PodHistory {
	if len(r.Pods) == 0 {
		return nil
	}
	counted := r.census(m, func(Sample) {}).members
	return slices.DeleteFunc(slices.Clone(r.Pods), func(p *PodHistory) bool {
		member := counted[p.UID]
		return member == nil || !member.counted.has(c)
	})
}
