package timeline

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Notice is a Kubernetes Event: what a component had to say about an object. (An
// [Event] is a version of any object.)
type Notice struct {
	Moment                 // when it was said first
	Last            Moment // when it was said last
	Count           int    // how often it was said
	Type            string // "Normal" or "Warning"
	Reason, Message string // as in "FailedScheduling"; the message is the last
	Reporter        string // as in "kubelet"
	Regarding       Ref
	UID             types.UID // of the object that it is about
	part            string    // of the object, as in "spec.containers{web}"
}

// Notices returns the Kubernetes Events with a reason that were said, or said again,
// inside the window, in order of the first time; all of them when reason is empty.
func (w Window) Notices(reason string) []*Notice {
	var notices []*Notice
	w.each("Event", func(o *object) {
		p := o.in(w.span)
		if len(p.versions) == p.inside {
			return // it was there before, and nothing was said again
		}
		if n := noticeOf(p.versions); n != nil && (reason == "" || n.Reason == reason) {
			notices = append(notices, n)
		}
	})
	return notices
}

// notices returns the first versions of all Kubernetes Events by the object that
// they are about.
func (x *index) notices() map[types.UID][]*Notice {
	by := map[types.UID][]*Notice{}
	for _, o := range x.kinds["Event"] {
		if n := noticeOf(o.versions[:1]); n != nil {
			by[n.UID] = append(by[n.UID], n)
		}
	}
	return by
}

// noticeOf returns what versions of an Event say together.
func noticeOf(versions []Entry) *Notice {
	n := versions[len(versions)-1].Event.notice()
	if n == nil {
		return nil
	}
	said := *n
	said.Moment, said.Last = versions[0].Moment(), versions[len(versions)-1].Moment()
	return &said
}

// notice returns what a version of an Event says, without moments.
func (e *Event) notice() *Notice {
	e.once.Do(func() {
		if event := decode[corev1.Event](e); event != nil {
			e.facts = newNotice(event)
		}
	})
	n, _ := e.facts.(*Notice)
	return n
}

func newNotice(e *corev1.Event) *Notice {
	n := &Notice{
		Count: max(1, int(e.Count)), Type: e.Type, Reason: e.Reason, Message: e.Message,
		Reporter:  cmp.Or(e.ReportingController, e.Source.Component),
		Regarding: Ref{e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name},
		UID:       e.InvolvedObject.UID,
		part:      e.InvolvedObject.FieldPath,
	}
	if e.Series != nil {
		n.Count = int(e.Series.Count)
	}
	return n
}
