// Package timeline is the immutable record of what happened in a lab, and the
// queries over it.
//
// A [Timeline] is a header and entries: every version of the recorded objects
// ([Event]), what the person did ([Mark]), and where the record is incomplete
// ([Gap]). It is read from and written to newline-delimited JSON with [Read]
// and [Timeline.Write] (docs/timeline.md has the format), made from values with
// [New], and grown with a [Builder].
//
// Entries are in the order in which things happened on the server, not in the
// order in which they arrived: all objects of one etcd share one sequence of
// resourceVersions, so events that arrive on different watches are merged by it.
//
// A check looks at a [Window] of a timeline, usually a step's: [Timeline.Step].
// A window gives the state when it opened, at any moment and at its end ([State]),
// and says what happened in it: the versions of any object ([Histories]), the life of
// each Pod ([Window.Pods]), how a controller replaced its Pods ([Window.Rollout]), what a
// Job tried ([Window.Job]), and what Kubernetes had to say ([Window.Notices]).
//
// What counts as ready, available, terminating or finished is what Kubernetes' own
// controllers count; the comments name the functions.
//
// Deliberately absent: a client, a clock, and any waiting. Everything here is a
// pure function of the entries, so a verdict can be had again from the file.
package timeline

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Format is the version of the file format that this package reads and writes.
const Format = 1

// Header says what was recorded. It is the first line of a timeline file.
type Header struct {
	Format     int       `json:"format"`     // version of the file format; New sets it when zero
	Lesson     string    `json:"lesson"`     // name of the lesson; may be empty
	Lab        string    `json:"lab"`        // name of the lab
	Cluster    string    `json:"cluster"`    // name of the provider: "embedded", "kind", "existing"
	Kubernetes string    `json:"kubernetes"` // version of the server, as in "v1.36.3"
	Pace       float64   `json:"pace"`       // 1 is real time; New sets it when zero
	Start      time.Time `json:"start"`      // the moment from which Entry.At counts
}

// Timeline is an immutable record. It is safe for concurrent use.
type Timeline struct {
	header  Header
	torn    bool
	entries func() []Entry // joined once, on first use
	end     Moment         // of the last entry
	index   *index
	notices func() map[types.UID][]*Notice // by the object that they are about; made on first use

	mu      sync.Mutex // guards windows
	windows map[span]*views
}

// New returns the timeline of entries that are given in order of arrival. It
// merges them by resourceVersion as described at [Builder.Append], and owns
// them afterwards.
func New(header Header, entries []Entry) *Timeline {
	b := NewBuilder(header)
	for _, e := range entries {
		b.Append(e)
	}
	return b.Timeline()
}

// newTimeline returns the timeline of older and then newer entries.
func newTimeline(header Header, older, newer []Entry, x *index) *Timeline {
	t := &Timeline{header: header, index: x, windows: map[span]*views{}}
	for _, entries := range [][]Entry{older, newer} {
		if n := len(entries); n > 0 {
			t.end = entries[n-1].Moment()
		}
	}
	t.notices = sync.OnceValue(x.notices)
	t.entries = sync.OnceValue(func() []Entry {
		if len(newer) == 0 {
			return older
		}
		return slices.Concat(older, newer)
	})
	return t
}

// Header returns what was recorded.
func (t *Timeline) Header() Header { return t.header }

// Entries returns all entries, ordered by resourceVersion and also by At. The
// caller must not change them.
func (t *Timeline) Entries() []Entry { return t.entries() }

// Torn reports that the file which was read ended in the middle of a line, as
// it does when the recording process was killed. That line is not in the timeline.
func (t *Timeline) Torn() bool { return t.torn }

// Moment is a point in a timeline. The zero value means never.
type Moment struct {
	At              time.Duration // since Header.Start
	ResourceVersion uint64        // everything up to and including this version had happened
}

// Happened reports that the moment is not the zero value.
func (m Moment) Happened() bool { return m.ResourceVersion != 0 }

// Before reports that m happened and came before n.
func (m Moment) Before(n Moment) bool {
	return m.Happened() && m.ResourceVersion < n.ResourceVersion
}

func compareVersions(a, b uint64) int { return cmp.Compare(a, b) }

// Marks returns the entries that are marks, in order. The caller must not change them.
func (t *Timeline) Marks() []Entry { return t.index.marks }
