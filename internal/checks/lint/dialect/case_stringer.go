package dialect

import (
	"fmt"
	"time"
)

// CaseStringer asks in a type switch whether a value is an fmt.Stringer.
func CaseStringer() string {
	var x any = time.Second
	switch x.(type) {
	case fmt.Stringer:
		return "a Stringer"
	default:
		return "something else"
	}
}
