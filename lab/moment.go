package lab

import (
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Moment is when something was seen to happen. The zero Moment is that of
// something that was not seen.
type Moment struct {
	at      time.Duration // since the step began
	version uint64        // of the cluster's state; orders moments exactly
}

// Seen reports that it happened.
func (m Moment) Seen() bool { return m.version != 0 }

// At returns the time since the step began.
func (m Moment) At() time.Duration { return m.at }

// Before reports that both happened, and m first. It compares the order in which
// the server took changes, not times.
func (m Moment) Before(n Moment) bool { return m.Seen() && n.Seen() && m.version < n.version }

// After reports that both happened, and m last.
func (m Moment) After(n Moment) bool { return n.Before(m) }

// String returns the moment as messages have it, as in "3.2s into the step".
func (m Moment) String() string {
	if !m.Seen() {
		return "never"
	}
	return short(m.at) + " into the step"
}

// moment returns a moment of the record, and never for one outside of the step.
func (t *T) moment(m timeline.Moment) Moment {
	w := t.run.input.Window
	if !w.Contains(m) {
		return Moment{}
	}
	return Moment{at: m.At - w.Start.At, version: m.ResourceVersion}
}
