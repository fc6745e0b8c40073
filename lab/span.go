package lab

import (
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Span is how long something took: from one [Moment] to another, or a gap between
// the attempts of a Job. What has not come to its end has no length, and is neither
// short nor long: a check that asks waits.
type Span struct {
	seen    bool
	length  time.Duration
	end     Moment // if it is known
	missing string // why it is not seen
}

// Seen reports that both ends were seen.
func (s Span) Seen() bool { return s.seen }

// Length returns how long it was, zero if it was not seen.
func (s Span) Length() time.Duration { return s.length }

// String returns the length as messages have it, as in "10s".
func (s Span) String() string {
	if !s.seen {
		return "not over"
	}
	return short(s.length)
}

// spanOf returns a pause of the record, whose ends have whole seconds.
func spanOf(p timeline.Pause, end Moment) Span {
	if !p.Happened() {
		return Span{missing: "there was no gap so far"}
	}
	return Span{seen: true, length: p.Length(), end: end}
}

// What a span may differ from a duration that objects state in whole seconds.
const (
	early = timeline.PauseEarly
	late  = timeline.PauseLate
)

// Within fails the check if something took longer than it may; the text says
// what. While it is not over the check waits, unless it ends here.
func (t *T) Within(took Span, limit time.Duration, what string, args ...any) {
	t.needSpan(took)
	if took.length > limit {
		t.about(took).Errorf("%s took %s, want at most %s", sprintf(what, args), took, short(limit))
	}
}

// Lasted fails the check if something took less time than it should have, with a
// second of tolerance, because objects state times in whole seconds. The text says
// what. While it is not over the check ends as waiting.
func (t *T) Lasted(took Span, least time.Duration, what string, args ...any) {
	t.needSpan(took)
	if took.length < least-early {
		t.about(took).Errorf("%s took %s, want at least %s", sprintf(what, args), took, short(least))
	}
}

// Near fails the check unless something took as long as it should have: up to a
// second less and up to two more, because objects state times in whole seconds and
// who waits acts a moment later. The text says what. While it is not over the check
// ends as waiting.
func (t *T) Near(took Span, want time.Duration, what string, args ...any) {
	t.needSpan(took)
	if took.length < want-early || took.length > want+late {
		t.about(took).Errorf("%s took %s, want about %s", sprintf(what, args), took, short(want))
	}
}

func (t *T) needSpan(s Span) {
	t.run.asserted = true
	t.judged(s)
	if !s.seen {
		t.NotYet("%s", s.missing)
	}
}
