package dialect

import "fmt"

type place struct{ row, seat int }

// StructReassigned assigns a literal to a variable that a function uses.
func StructReassigned() string {
	p := place{1, 2}
	seat := func() int { return p.seat }
	p = place{3, 4}
	return fmt.Sprint(seat())
}
