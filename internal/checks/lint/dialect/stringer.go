package dialect

import "fmt"

type phase int

func (p phase) String() string { return "Running" }

// Stringer prints a value of a type of the script that has a method String.
func Stringer() string { return fmt.Sprintf("%v", phase(1)) }
