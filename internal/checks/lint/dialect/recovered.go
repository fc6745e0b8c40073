package dialect

import "fmt"

// Recovered prints what it recovered from.
func Recovered() (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	all, i := []int{1}, 3
	return fmt.Sprint(all[i])
}
