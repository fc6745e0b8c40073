package lab

// Event is a Kubernetes Event: what a component had to say about an object.
type Event struct {
	At              Moment // when it was said first in the step
	Object          string // as in "Pod web-1"
	Reason, Message string // as in FailedScheduling; the message is the last
	Warning         bool
	Count           int // how often it was said
}

// Events returns the Kubernetes Events with a reason that were said in the step, in
// order; all of them when the reason is empty.
func (h *History) Events(reason string) []Event {
	h.t.needRecord("Event")
	var events []Event
	for _, n := range h.t.run.input.Window.Notices(reason) {
		if n.Regarding.Namespace != h.t.run.input.Namespace {
			continue
		}
		object := n.Regarding.Kind + " " + n.Regarding.Name
		events = append(events, Event{
			At: h.t.moment(n.Moment, "Event "+n.Reason+" about "+object, "was recorded"), Object: object,
			Reason: n.Reason, Message: n.Message, Warning: n.Type == "Warning", Count: n.Count,
		})
	}
	return events
}
