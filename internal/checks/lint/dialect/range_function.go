package dialect

// RangeFunction ranges over a function.
func RangeFunction() string {
	text := ""
	for name := range letters {
		text += name
	}
	return text
}

func letters(yield func(string) bool) {
	_ = yield("a") && yield("b")
}
