// Package picture draws what a cluster did: Pods as rows over time, the number of
// Pods against the limits of an update, the ordinals of a StatefulSet and the attempts of
// a Job, with what was typed and what the checks found.
//
// [Of] takes the facts from a timeline's window. A [Picture] is data and nothing else:
// it can be kept, compared and sent as JSON. [Picture.Text] draws it for a terminal,
// [Picture.SVG] as an image and [Picture.HTML] as a page with a table of what happened.
//
// Deliberately absent: reading files, a clock (whoever draws a picture that grows says
// what the time is), and judgement: what is marked as evidence comes from the checks.
package picture

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Picture is what happened in a window of a recording.
type Picture struct {
	Lesson     string    `json:"lesson,omitempty"`
	Lab        string    `json:"lab"`
	Cluster    string    `json:"cluster"`    // name of the provider
	Kubernetes string    `json:"kubernetes"` // version
	Pace       float64   `json:"pace"`
	Recorded   time.Time `json:"recorded"`       // the moment from which every Time counts
	Step       string    `json:"step,omitempty"` // empty: the whole recording
	Start      Time      `json:"start"`          // of the window
	End        Time      `json:"end"`            // of the window, or of what was recorded so far
	Open       bool      `json:"open,omitempty"` // more may come
	Torn       bool      `json:"torn,omitempty"` // the file ended within a line

	Panels   []Panel    `json:"panels"`
	Marks    []Mark     `json:"marks,omitempty"`
	Gaps     []Gap      `json:"gaps,omitempty"`
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Time is a point in a picture: how long after Picture.Recorded. As JSON it is a number of
// seconds.
type Time time.Duration

// MarshalJSON writes seconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.6f", time.Duration(t).Seconds()), nil
}

// UnmarshalJSON reads seconds.
func (t *Time) UnmarshalJSON(text []byte) error {
	var seconds float64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return err
	}
	*t = Time(seconds*1e6+0.5) * Time(time.Microsecond)
	return nil
}

// Panel is a controller and its Pods, or the Pods that have none.
type Panel struct {
	Kind      string     `json:"kind"` // empty: Pods without a controller
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Title     string     `json:"title"` // for people; with the namespace if there are several
	Revisions []Revision `json:"revisions,omitempty"`
	Rows      []Row      `json:"rows"`
	Counts    []Count    `json:"counts,omitempty"`   // at every change
	Rollouts  []Rollout  `json:"rollouts,omitempty"` // changes of the template
	End       *End       `json:"end,omitempty"`      // of a Job that has ended

	shown   []bool // which revisions there are in Rows before some were left out
	dropped int    // rows for which there is no room
}

// ID names the panel, as in "Deployment default/web".
func (p *Panel) ID() string {
	if p.Kind == "" {
		return "Pods " + p.Namespace
	}
	return p.Kind + " " + p.Namespace + "/" + p.Name
}

// Revision is a Pod template that Pods of a panel were made from.
type Revision struct {
	Letter string `json:"letter"` // A for the first
	Name   string `json:"name,omitempty"`
	Note   string `json:"note,omitempty"` // the images
}

// Row is a Pod, or a place of a StatefulSet with the Pods that had its name.
type Row struct {
	Name  string `json:"name"`
	Bars  []Bar  `json:"bars"`
	Signs []Sign `json:"signs,omitempty"`
}

// State is what a Pod was doing.
type State string

// The states of a Pod. Gap is no state of a Pod: a Job waits before its next attempt.
const (
	Pending     State = "pending"
	Waiting     State = "waiting" // because of a failure: back-off, no image
	Starting    State = "starting"
	Ready       State = "ready"
	NotReady    State = "not ready" // any more
	Terminating State = "terminating"
	Succeeded   State = "succeeded"
	Failed      State = "failed"
	Pause       State = "pause"
)

// Bar is a state that a Pod was in from one moment to another.
type Bar struct {
	From     Time   `json:"from"`
	To       Time   `json:"to"`
	Open     bool   `json:"open,omitempty"` // it goes on at the picture's end
	State    State  `json:"state"`
	Reason   string `json:"reason,omitempty"` // of Waiting; of a pause its length
	Revision int    `json:"revision"`         // in Panel.Revisions; -1 if it is not known, or while the Pod is not the controller's
	UID      string `json:"uid,omitempty"`    // of the Pod
}

// Sign is something that happened to a Pod at a moment.
type Sign struct {
	At   Time     `json:"at"`
	Kind SignKind `json:"kind"`
	Text string   `json:"text"`
}

// SignKind is what a sign is about.
type SignKind string

// The kinds of signs.
const (
	Restarted SignKind = "restarted"
	Adopted   SignKind = "adopted"
	Released  SignKind = "released"
)

// Count is how many Pods a controller had from a moment on.
type Count struct {
	At          Time `json:"at"`
	Wanted      int  `json:"wanted"`
	Pods        int  `json:"pods"` // neither terminating nor finished
	Available   int  `json:"available"`
	Terminating int  `json:"terminating"`
	Asked       int  `json:"asked"` // what maxSurge limits

	Limited   bool `json:"limited,omitempty"` // whether Most and Fewest say something
	Most      int  `json:"most,omitempty"`    // replicas+maxSurge
	Fewest    int  `json:"fewest,omitempty"`  // replicas-maxUnavailable
	Partition int  `json:"partition,omitempty"`
}

// Rollout is a change of a controller's template.
type Rollout struct {
	At       Time `json:"at"`
	Revision int  `json:"revision"` // in Panel.Revisions; -1 if it is not known
}

// End is how a Job ended.
type End struct {
	At       Time   `json:"at"`
	Complete bool   `json:"complete"`
	Reason   string `json:"reason"`
}

// Mark is what the person or the runner did.
type Mark struct {
	At   Time   `json:"at"`
	Type string `json:"type"` // as timeline.Mark has it
	Name string `json:"name,omitempty"`
	Exit int    `json:"exit,omitempty"`
}

// Gap is where changes of a kind may be missing.
type Gap struct {
	At     Time   `json:"at"` // when the record went on
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
}

// Evidence is what a check found, at the moment and the object that it found it.
type Evidence struct {
	At      Time   `json:"at"`
	Step    string `json:"step,omitempty"`
	Object  string `json:"object,omitempty"` // as in "Pod web-x7k2p" or "Deployment web"
	Check   string `json:"check"`            // its title
	Outcome string `json:"outcome"`          // passed, waiting, failed or error
	Message string `json:"message,omitempty"`
}

// byCheck returns the first evidence of each check: what it says is the same for all.
func byCheck(evidence []Evidence) []Evidence {
	var first []Evidence
	for _, e := range evidence {
		if !slices.ContainsFunc(first, func(f Evidence) bool { return f.Step == e.Step && f.Check == e.Check }) {
			first = append(first, e)
		}
	}
	return first
}
