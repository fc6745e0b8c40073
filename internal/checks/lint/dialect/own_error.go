package dialect

import "fmt"

type missing struct{ name string }

func (m missing) Error() string { return m.name + " is missing" }

// OwnError prints an error of a type of the script.
func OwnError() string {
	var err error = missing{"web"}
	return fmt.Sprintf("%v", err)
}
