// Package live is a learner's session in a lab: the steps of a lesson are entered
// one by one, checks judge what happens as it happens, and what was done is kept.
//
// An [Engine] is a session that goes on in this process, a [Client] one in another; both
// are a [Session], and all that can be seen of one is a [State]. run.go has the life of a session,
// attend.go that of a step: what is judged, when, and when it is believed.
//
// Deliberately absent: drawing and printing, which presenters do with a [State];
// the choice of provider, and starting processes, which are the command line's.
package live

import "context"

// Session is a lab as those see it who show it to a learner. Several of them can
// have the same one at the same time. Each method but Watch and Stop returns the State
// that it led to.
//
// A request that makes no sense now is a *RequestError, which ends with the next step. When the
// session has ended, the error is an *EndedError.
type Session interface {
	// Watch gives the State now and each later one; who is slow misses some, never the
	// last. The channel is closed when ctx or the session ends.
	Watch(ctx context.Context) (<-chan State, error)
	// State returns the State now.
	State(ctx context.Context) (State, error)

	// Next enters the next step. It is refused while a check has not passed, unless
	// skip: then the next step is entered as Reset does. After the last step the lesson is
	// finished and the step stays.
	Next(ctx context.Context, skip bool) (State, error)
	// Reset does a step again, the current one if step is empty: a new cluster is
	// brought to where the step begins, by the reference solution of those before it.
	// It returns when the Phase has begun, not when it is over. The workspace stays as
	// it is, unless files: then it becomes what the step begins with.
	Reset(ctx context.Context, step string, files bool) (State, error)

	// Check judges now, with everything that has happened before the call.
	Check(ctx context.Context) (State, error)
	// Hint gives one more hint: first what is known of the situation, then the
	// lesson's own, tier by tier. It is the last of State.Hints.
	Hint(ctx context.Context) (State, error)
	// Answer answers a question of the current step, the first one without a right
	// answer if id is empty.
	Answer(ctx context.Context, id, answer string) (State, error)
	// Solution shows the solution of the current step, and notes that.
	Solution(ctx context.Context) (State, error)

	// Touch says that somebody is there. A lab that nobody uses ends after a while;
	// all other methods but Watch and State are use, too.
	Touch(ctx context.Context) error
	// Stop ends the session and its cluster. It returns when they are gone, with an
	// *UnsavedError if what was done could not be saved until then.
	Stop(ctx context.Context) error
}

// RequestError is a request that makes no sense now.
type RequestError struct {
	Message string // without a final stop
	Remedy  string // a sentence: what to do instead
}

func (e *RequestError) Error() string { return e.Message }

// UnsavedError is what was done and is not on the disk.
type UnsavedError struct {
	Reason string // without a final stop
	Remedy string // a sentence
}

func (e *UnsavedError) Error() string { return e.Reason }

// Saved returns nil if all that was done is on the disk, else an *UnsavedError about a session
// that goes on.
func (s State) Saved() error {
	if s.Unsaved == "" {
		return nil
	}
	return &UnsavedError{s.Unsaved, "If the disk is full, free some space. The lab tries again as long as it runs, and `k8slab status` says when it is saved."}
}

// EndedError is a session that is not there any more.
type EndedError struct {
	Lab    string
	Reason string // a sentence without its stop, as in "nobody used it for an hour"
	Remedy string // a sentence
	Broken bool   // our side broke
}

func (e *EndedError) Error() string { return "lab " + e.Lab + " has ended: " + e.Reason }
