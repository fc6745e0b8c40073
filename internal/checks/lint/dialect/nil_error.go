package dialect

import "fmt"

type absent struct{}

func (*absent) Error() string { return "absent" }

func find() error {
	var err *absent
	return err
}

// NilError compares an error that holds a nil pointer with nil.
func NilError() string { return fmt.Sprint(find() == nil) }
