package dialect

import "fmt"

// RangeInteger ranges over a number.
func RangeInteger() string {
	n, text := 3, ""
	for i := range n {
		text += fmt.Sprint(i)
	}
	return text
}
