// Package checks runs the check scripts of lessons.
//
// A script is one Go file of package checks that speaks the vocabulary of
// package lab. [Discover] lists its checks, [Lint] rejects what the interpreter
// would get wrong, and a [Worker] runs it: in a process of its own with limits,
// because an endless recursion or a huge allocation ends the process that it
// happens in. [RunNative] runs the same checks compiled, which is how tests
// show that interpreter and compiler agree.
//
// Deliberately absent: waiting for a verdict to change, deadlines of steps, and
// everything that reads a cluster. A check is a pure function of manifests and
// a timeline.
package checks

import "github.com/k8slab/k8slab/lab"

// Outcome is how a check ended.
type Outcome = lab.Outcome

// The outcomes, from best to worst.
const (
	Passed  = lab.Passed
	Waiting = lab.Waiting
	Failed  = lab.Failed
	Error   = lab.Error
)

// Finding is the result of one check.
type Finding struct {
	Check    string  `json:"check"`              // name of the function
	Title    string  `json:"title"`              // its comment, or its name in words
	Outcome  Outcome `json:"outcome"`            //
	Message  string  `json:"message,omitempty"`  // what was seen; the headline is its first line
	Hint     string  `json:"hint,omitempty"`     // what to do next
	Position string  `json:"position,omitempty"` // file:line of the script, for its author
	Log      string  `json:"log,omitempty"`      // what the check wrote for its author

	// OfFiles says that the check has looked at nothing but the submitted files: other
	// than what has happened, they can be changed.
	OfFiles bool `json:"ofFiles,omitempty"`

	// Evidence is the moments and objects on which the outcome rests, where they are known.
	Evidence []lab.Evidence `json:"evidence,omitempty"`
}
