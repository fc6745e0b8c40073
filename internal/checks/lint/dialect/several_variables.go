package dialect

import "fmt"

// SeveralVariables has a literal among the values of several variables.
func SeveralVariables() string {
	var wanted, names = 3, map[string]bool{}
	return fmt.Sprint(wanted, len(names))
}
