package dialect

type owner struct{ name string }

func (o owner) label() string { return o.name }

// MethodExpression uses a method as a function.
func MethodExpression() string {
	label := owner.label
	return label(owner{"web"})
}
