package lab

import (
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Moment is when something was seen to happen in the step. It knows what it is
// the moment of, as in "Pod db-1 was ready". A Moment of something that was not
// seen, or not in this step, is never.
type Moment struct {
	at      time.Duration // since the step began
	version uint64        // of the cluster's state; orders moments exactly
	who     string        // as in "Pod db-1"
	did     string        // as in "was ready"
}

// Seen reports that it happened in the step.
func (m Moment) Seen() bool { return m.version != 0 }

// At returns the time since the step began.
func (m Moment) At() time.Duration { return m.at }

// Before reports that both happened, and m first. It compares the order in which
// the server took changes, not times.
func (m Moment) Before(n Moment) bool { return m.Seen() && n.Seen() && m.version < n.version }

// After reports that both happened, and m last.
func (m Moment) After(n Moment) bool { return n.Before(m) }

// Until returns the time from m to n. It is not seen unless both are.
func (m Moment) Until(n Moment) Span {
	for _, end := range []Moment{m, n} {
		if !end.Seen() {
			return Span{missing: end.missing()}
		}
	}
	return Span{seen: true, length: n.at - m.at, end: n}
}

// String returns the moment as messages have it, as in "3.2s into the step".
func (m Moment) String() string {
	if !m.Seen() {
		return "never"
	}
	return short(m.at) + " into the step"
}

// event says what happened and when, as in "Pod db-1 was ready 3.2s into the step".
func (m Moment) event() string { return m.who + " " + m.did + " " + m.String() }

// missing says what did not happen.
func (m Moment) missing() string {
	if m.who == "" {
		return "it has not happened in this step so far"
	}
	verb, rest, _ := strings.Cut(m.did, " ")
	return m.who + " " + verb + " not " + rest + " in this step so far"
}

// moment returns a moment of the record, and never for one outside of the step.
func (t *T) moment(m timeline.Moment, who, did string) Moment {
	w := t.run.input.Window
	if !w.Contains(m) {
		return Moment{who: who, did: did}
	}
	return Moment{at: m.At - w.Start.At, version: m.ResourceVersion, who: who, did: did}
}

// recorded returns the moment of the record that a moment is.
func (t *T) recorded(m Moment) timeline.Moment {
	return timeline.Moment{At: m.at + t.run.input.Window.Start.At, ResourceVersion: m.version}
}

// since is a moment as messages have it, for one that may be the step's beginning.
func since(m Moment) string {
	if !m.Seen() {
		return "when the step began"
	}
	return m.String()
}
