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
	text := positions.ReplaceAllString(fmt.Sprint(p), "")
	text = strings.TrimPrefix(strings.TrimSpace(text), "runtime error: ")
	for _, t := range translations() {
		if strings.Contains(text, t.says) {
			return t.means
		}
	}
	return text
}

// translations are what the interpreter and compiled code say, and what it means.
func translations() []struct{ says, means string } {
	const (
		null  = "a nil pointer was used: a field that is not set, or an object that is not there"
		index = "an index is out of range: ask for the length first"
	)
	return []struct{ says, means string }{
		{"on zero Value", null},
		{"using zero Value", null},
		{"on a nil pointer", null},
		{"nil pointer dereference", null},
		{"call of nil function", null},
		{"assignment to entry in nil map", "a value was put into a map that is nil: make it first"},
		{"index out of range", index},
		{"index out of bounds", index},
		{"bounds out of range", index},
		{"negative len", "a length is negative"},
		{"makeslice: len out of range", "a length is negative"},
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
