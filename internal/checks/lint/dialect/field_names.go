package dialect

import "fmt"

type seen struct{ name string }

// FieldNames prints the names of a type of the script.
func FieldNames() string { return fmt.Sprintf("%+v", seen{"web"}) }
