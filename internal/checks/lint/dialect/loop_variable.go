package dialect

import "fmt"

// LoopVariable collects closures over a loop's variable.
func LoopVariable() string {
	var all []func() string
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, func() string { return name })
	}
	return fmt.Sprint(all[0](), all[1](), all[2]())
}
