package dialect

import "fmt"

// SeveralAssigned assigns to a variable that is there and to a new one.
func SeveralAssigned() string {
	ready := 0
	ready, names := 1, []string{"web"}
	return fmt.Sprint(ready, len(names))
}
