package dialect

import "fmt"

// IndexAssigned changes an index in the assignment that uses it.
func IndexAssigned() string {
	i, all := 1, []int{5, 6}
	next := i - 1
	all[i], i = 9, next
	return fmt.Sprint(all, i)
}
