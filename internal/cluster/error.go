package cluster

// Error is a cluster that cannot start, or that died: our side broke, and
// nothing that a learner did is the reason. It exits with status 3.
type Error struct {
	Op   string // what was being done, such as "create the kind cluster k8slab-demo"
	Log  string // path of the file with the evidence, or empty
	Hint string // the next step for the person, a sentence, or empty
	Err  error  // the cause; it must not be nil

	// Diagnosis is what was found of the machine that may be the reason, a line each.
	Diagnosis []string
}

// Error says what was being done and why it ended. Log, Hint and Diagnosis are not part of
// it: whoever prints the error puts them on lines of their own.
func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
