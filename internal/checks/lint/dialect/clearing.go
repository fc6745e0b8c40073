package dialect

import "fmt"

// Clearing calls clear.
func Clearing() string {
	seen := map[string]bool{"web": true}
	clear(seen)
	return fmt.Sprint(len(seen))
}
