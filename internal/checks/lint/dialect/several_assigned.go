package dialect

import "fmt"

// SeveralAssigned assigns to a variable that a function uses, and to a new one.
func SeveralAssigned() string {
	ready := 0
	count := func() int { return ready }
	ready, wanted := 3, 4
	return fmt.Sprint(count(), wanted)
}
