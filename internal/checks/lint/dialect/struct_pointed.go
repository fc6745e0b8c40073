package dialect

import "fmt"

type spot struct{ row, seat int }

// StructPointed assigns a literal to a variable that a pointer points to.
func StructPointed() string {
	s := spot{1, 2}
	pointer := &s
	s = spot{3, 4}
	return fmt.Sprint(pointer.seat)
}
