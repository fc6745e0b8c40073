package dialect

import "fmt"

// SeveralValues has a literal among several values.
func SeveralValues() string {
	names, wanted := []string{"web"}, 3
	return fmt.Sprint(names, wanted)
}
