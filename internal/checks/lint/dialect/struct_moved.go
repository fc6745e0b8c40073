package dialect

import "fmt"

type move struct{ from, to int }

// StructMoved gives a variable a literal and its old value to another one.
func StructMoved() string {
	last := move{1, 2}
	last, before := move{3, 4}, last
	return fmt.Sprint(last, before)
}
