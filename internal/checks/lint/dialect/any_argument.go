package dialect

import "fmt"

type passed struct{ name string }

func (x passed) Label() string { return "Pod " + x.name }

// AnyArgument gives a value of a type of the script to a function of the script that
// takes any.
func AnyArgument() string { return show(passed{"web"}) }

func show(x any) string { return fmt.Sprint(x) }
