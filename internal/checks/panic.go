package checks

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// translate says what a panic means for an author. The panics of an interpreted
// script arrive in the words of reflection.
func translate(p any) string {
	if v, ok := p.(reflect.Value); ok { // of a script's own panic(x)
		if !v.IsValid() || !v.CanInterface() {
			return "panic with no value"
		}
		return translate(v.Interface())
	}
	text := fmt.Sprint(p)
	switch {
	case strings.Contains(text, "on zero Value"),
		strings.Contains(text, "using zero Value"),
		strings.Contains(text, "on a nil pointer"),
		strings.Contains(text, "nil pointer dereference"):
		return "a nil pointer was used: a field that is not set, or an object that is not there"
	case strings.Contains(text, "assignment to entry in nil map"):
		return "a value was put into a map that is nil: make it first"
	case strings.Contains(text, "reflect: slice index out of range"), strings.Contains(text, "reflect: array index out of range"),
		strings.Contains(text, "reflect: string index out of range"):
		return "an index is out of range: ask for the length first"
	default:
		return text
	}
}

// positions are what the interpreter and the compiler put in front of an error.
var positions = regexp.MustCompile(`([\w.-]+\.go:\d+)(:\d+)?:`)

// positionOf returns the file:line in an error's text, and "" if there is none.
func positionOf(err error) string {
	if m := positions.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}
