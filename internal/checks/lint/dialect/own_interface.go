package dialect

type named interface{ Name() string }

type pod struct{ name string }

func (p pod) Name() string { return p.name }

// OwnInterface asks whether a value implements an interface of the script.
func OwnInterface() string {
	var x any = pod{"web"}
	if n, ok := x.(named); ok {
		return n.Name()
	}
	return "nameless"
}
