package lesson

// A Block is a part of a step: Text, Run, Given, Checks, Hint or Question.
type Block interface {
	// StartLine returns the line of lesson.md where the block starts, from 1.
	StartLine() int
}

// Text is what a person reads.
type Text struct {
	Line     int
	Markdown string // as in lesson.md, without empty lines around it
}

// Run is what the learner types in a guided step (sh {run}).
type Run struct {
	Line     int
	Commands []Command
}

// Given is what the runner types in every mode (sh {given}), because the step
// begins after it or because it is not what the lesson is about.
type Given struct {
	Line     int
	Commands []Command
}

// Checks says which checks judge the step from here. Step.Checks has them all.
type Checks struct {
	Line int
	Refs []CheckRef
}

// Hint is one tier of help. Step.Hints has them all, in order.
type Hint struct {
	Line     int
	Markdown string
}

func (b Text) StartLine() int     { return b.Line }
func (b Run) StartLine() int      { return b.Line }
func (b Given) StartLine() int    { return b.Line }
func (b Checks) StartLine() int   { return b.Line }
func (b Hint) StartLine() int     { return b.Line }
func (b Question) StartLine() int { return b.Line }

// A Command is one logical line of shell: a command together with its
// continuation lines, here-documents and what follows it on the same line.
type Command struct {
	File string // where it stands, such as "replicaset-updates/lesson.md"
	Line int    // of its first line in File
	Text string // as written, without a final newline
}
