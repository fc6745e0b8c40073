package dialect

import "fmt"

// LoopAddress collects addresses of a loop's variable.
func LoopAddress() string {
	var all []*string
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, &name)
	}
	return fmt.Sprint(*all[0], *all[1], *all[2])
}
