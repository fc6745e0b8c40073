package dialect

import "errors"

// CaseError asks in a type switch whether a value is an error.
func CaseError() string {
	var x any = errors.New("broken")
	switch x.(type) {
	case error:
		return "an error"
	default:
		return "something else"
	}
}
