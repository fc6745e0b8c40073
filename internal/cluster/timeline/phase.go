package timeline

import "time"

// Names of the phases of a Pod's life.
const (
	PhaseCreated     = "created"
	PhaseScheduled   = "scheduled"
	PhasePulled      = "pulled" // the kubelet said of each container that its image is there
	PhaseStarted     = "started"
	PhaseReady       = "ready"
	PhaseFinished    = "finished"
	PhaseTerminating = "terminating"
	PhaseGone        = "gone"
)

// Phase is a part of a Pod's life.
type Phase struct {
	Name string
	Moment
	Took time.Duration // until the next phase, or the window's end
}

// Phases returns the phases of a Pod of the window that it has reached, in the order
// in which they began.
func (w Window) Phases(p *PodHistory) []Phase {
	all := []Phase{
		{Name: PhaseCreated, Moment: p.Created}, {Name: PhaseScheduled, Moment: p.Scheduled},
		{Name: PhasePulled, Moment: w.pulled(p)}, {Name: PhaseStarted, Moment: p.Started},
		{Name: PhaseReady, Moment: p.Ready}, {Name: PhaseFinished, Moment: p.Finished},
		{Name: PhaseTerminating, Moment: p.Terminating}, {Name: PhaseGone, Moment: p.Gone},
	}
	var phases []Phase
	for _, next := range all {
		if next.Happened() {
			phases = append(phases, next)
		}
	}
	sortPhases(phases)
	for i := range phases {
		switch {
		case i+1 < len(phases):
			phases[i].Took = phases[i+1].At - phases[i].At
		case phases[i].Name != PhaseGone:
			phases[i].Took = w.End.At - phases[i].At
		}
	}
	return phases
}

// sortPhases keeps the order of phases that began at the same moment. The kubelet
// writes Events and statuses on different ways, so pulled can come after started.
func sortPhases(phases []Phase) {
	for i := range phases {
		for j := i; j > 0 && phases[j].Before(phases[j-1].Moment); j-- {
			phases[j-1], phases[j] = phases[j], phases[j-1]
		}
	}
}

// pulled returns when the images of all containers were there, init containers left
// out: the kubelet reports each with an Event that has the reason Pulled.
func (w Window) pulled(p *PodHistory) Moment {
	missing := map[string]bool{}
	for _, c := range p.Last().Spec.Containers {
		missing["spec.containers{"+c.Name+"}"] = true
	}
	for _, n := range w.timeline.notices()[p.UID] {
		if n.Reason != "Pulled" || !missing[n.part] || n.ResourceVersion > w.span.through {
			continue
		}
		delete(missing, n.part)
		if len(missing) == 0 {
			return n.Moment
		}
	}
	return Moment{}
}
