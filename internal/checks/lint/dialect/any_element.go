package dialect

type owned struct{ name string }

func (x owned) Label() string { return "Pod " + x.name }

// AnyElement keeps a value of a type of the script in a map of any.
func AnyElement() string {
	all := map[string]any{"web": owned{"web"}}
	switch v := all["web"].(type) {
	case owned:
		return v.name
	default:
		return "something else"
	}
}
