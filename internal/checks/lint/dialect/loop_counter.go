package dialect

import "fmt"

// LoopCounter collects closures over the counter of a for loop.
func LoopCounter() string {
	var all []func() int
	for i := 0; i < 3; i++ {
		all = append(all, func() int { return i })
	}
	return fmt.Sprint(all[0](), all[1](), all[2]())
}
