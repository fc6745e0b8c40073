package dialect

import "fmt"

type listed struct{ name string }

func (x listed) Label() string { return "Pod " + x.name }

// AnyAppended appends a value of a type of the script to a list of any.
func AnyAppended() string {
	var all []any
	all = append(all, listed{"web"})
	return fmt.Sprint(all[0])
}
