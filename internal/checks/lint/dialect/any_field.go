package dialect

import "fmt"

type fact struct{ text string }

func (x fact) Label() string { return "Pod " + x.text }

type entry struct{ about any }

// AnyField keeps a value of a type of the script in a field of type any.
func AnyField() string { return fmt.Sprint(entry{fact{"ready"}}.about) }
