package checks

// Problem is something in a script that the interpreter would get wrong or that
// the compiler would reject.
type Problem struct {
	Position string // file:line:column
	Message  string // what is wrong and what to write instead
}

func (p Problem) String() string { return p.Position + ": " + p.Message }

func Lint(filename string, src []byte) []Problem { return nil }
