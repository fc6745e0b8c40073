package dialect

import "fmt"

// Maximum calls max.
func Maximum() string { return fmt.Sprint(max(1, 2)) }
