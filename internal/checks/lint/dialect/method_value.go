package dialect

type replica struct{ name string }

func (r replica) label() string { return r.name }

// MethodValue keeps a method of a value that changes afterwards.
func MethodValue() string {
	r := replica{"web"}
	label := r.label
	r.name = "db"
	return label()
}
