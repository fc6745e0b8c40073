package checks

import "github.com/k8slab/k8slab/internal/checks/lint"

// Problem is something in a script that the interpreter would get wrong or that
// the compiler would reject.
type Problem = lint.Problem

// Lint returns the problems of a script, in the order of the text. A [Worker]
// does not run a script that has any.
func Lint(filename string, src []byte) []Problem { return lint.Script(filename, src) }
