package dialect

import "fmt"

// Minimum calls min.
func Minimum() string { return fmt.Sprint(min(1, 2)) }
