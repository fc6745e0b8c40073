package dialect

// DeferInLoop defers a call in each iteration.
func DeferInLoop() string {
	text := ""
	deferAll(&text)
	return text
}

func deferAll(text *string) {
	for _, name := range []string{"a", "b", "c"} {
		defer add(text, name)
	}
}

func add(text *string, name string) { *text += name }
