package timeline

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"
	"weak"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// Entry is one line of a timeline. Exactly one of Event, Mark and Gap is set.
type Entry struct {
	// At is the time since Header.Start. For an event that arrived after events
	// with later resourceVersions it is the time of the earliest of those: it
	// cannot have happened after them.
	At    time.Duration
	Event *Event
	Mark  *Mark
	Gap   *Gap
}

// Moment returns the point in the timeline at which the entry stands.
func (e Entry) Moment() Moment { return Moment{At: e.At, ResourceVersion: e.version()} }

func (e Entry) version() uint64 {
	switch {
	case e.Event != nil:
		return e.Event.ResourceVersion
	case e.Mark != nil:
		return e.Mark.ResourceVersion
	default:
		return e.Gap.From
	}
}

// follows reports that e stands after an entry f that arrived before it. A mark
// or a gap stands after the events of its version.
func (e Entry) follows(f Entry) bool {
	if a, b := e.version(), f.version(); a != b {
		return a > b
	}
	return e.Event == nil || f.Event != nil
}

// Event is one version of one object. It must not be copied or changed once it
// is part of a timeline.
type Event struct {
	Type watch.EventType // watch.Added, watch.Modified or watch.Deleted
	Kind string          // as in "Pod"

	// Namespace, Name and UID repeat what Object.metadata says; a timeline
	// fills them in when UID is empty.
	Namespace, Name string
	UID             types.UID

	// ResourceVersion of the object; of a deleted object, the version of its
	// deletion. A timeline fills it in from Object when zero.
	ResourceVersion uint64

	// Synthetic is set when the event was not seen but worked out by comparing
	// two lists around a gap: other changes may have come between, and for a
	// deletion Object is the last version seen and ResourceVersion that of the list.
	Synthetic bool

	// Object is the whole object as the API server gave it, except that of
	// metadata.managedFields only manager, operation, subresource and time are
	// kept; for a deletion its last version.
	Object json.RawMessage

	mu      sync.Mutex
	decoded any // a weak.Pointer of the kind's type: what nobody looks at can be had again

	once  sync.Once
	facts any // what queries need of the object; see facts.go
}

// decode returns the event's object, and nil when it is of another shape; Read and
// the recorder let none pass that does not have an object's metadata. It is shared as
// long as somebody has it: the caller must not change it.
func decode[T any](e *Event) *T {
	if e.Kind != kindOf[T]() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if known, ok := e.decoded.(weak.Pointer[T]); ok {
		if object := known.Value(); object != nil {
			return object
		}
	}
	object := new(T)
	if json.Unmarshal(e.Object, object) != nil {
		return nil
	}
	e.decoded = weak.Make(object)
	return object
}

// identify fills in what the object itself says and the event does not.
func (e *Event) identify() error {
	if e.UID != "" && e.ResourceVersion != 0 {
		return nil
	}
	var object struct {
		Metadata struct {
			Namespace, Name, ResourceVersion string
			UID                              types.UID
		}
	}
	if err := json.Unmarshal(e.Object, &object); err != nil {
		return fmt.Errorf("object: %w", err)
	}
	m := object.Metadata
	if e.UID == "" {
		e.Namespace, e.Name, e.UID = m.Namespace, m.Name, m.UID
	}
	if e.ResourceVersion == 0 {
		e.ResourceVersion, _ = strconv.ParseUint(m.ResourceVersion, 10, 64)
	}
	return nil
}

// Types of marks.
const (
	MarkStep    = "step"    // the step Name was entered
	MarkCommand = "command" // the command Name ended with exit code Exit
	MarkSettled = "settled" // the lab had settled in the step Name
	MarkEnd     = "end"     // the recording ended as planned
)

// Mark is something that the person or the runner did.
type Mark struct {
	Type string // MarkStep, MarkCommand, MarkSettled or MarkEnd
	Name string // what was entered, typed or settled
	Exit int    // exit code of a command

	// ResourceVersion was read from the server when it happened: events up to
	// it came before. A timeline fills in the latest version when it is zero.
	ResourceVersion uint64
}

// Gap is a part of the record in which changes of one kind may be missing.
type Gap struct {
	Kind   string
	Reason string

	// Changes with a resourceVersion after From, up to and including To, may be
	// missing. From is the last version seen before, To that of the list after.
	From, To uint64
}
