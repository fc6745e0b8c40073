package shell

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// declaration is what export, readonly, local and declare do to a name.
type declaration struct {
	export, readonly, local, remove, print bool
}

// declare runs export, readonly, local, declare and typeset, which the parser has as a clause.
func (sh *shell) declare(cmd *syntax.DeclClause) {
	d := declaration{}
	switch cmd.Variant.Value {
	case "export":
		d.export = true
	case "readonly":
		d.readonly = true
	case "local":
		if d.local = true; len(sh.scopes) == 0 {
			sh.complain("local: not in a function")
			sh.exit(2)
			return
		}
	case "declare", "typeset":
		d.local = len(sh.scopes) > 0
	default:
		sh.complain("%s: not supported", cmd.Variant.Value)
		sh.status = 2
		return
	}
	sh.subst = 0
	args, ok := sh.declared(cmd.Args)
	if !ok {
		return
	}
	sh.status = 0
	sh.trace(append([]string{cmd.Variant.Value}, traceable(args)...))
	names := 0
	for _, arg := range args {
		if arg.flag {
			sh.declareFlag(&d, arg.name)
			continue
		}
		if names++; !sh.declareOne(d, arg) {
			return
		}
	}
	if names == 0 && !d.local {
		sh.listDeclared(d)
	}
}

// assignment is an argument of a declaration: a flag, a name, or a name and a value.
type assignment struct {
	name, value string
	flag, set   bool
}

func traceable(args []assignment) []string {
	var words []string
	for _, a := range args {
		word := a.name
		if a.set {
			word += "=" + quote(a.value)
		}
		words = append(words, word)
	}
	return words
}

// declared expands the arguments. The value of a=b is one word, as behind any assignment.
func (sh *shell) declared(list []*syntax.Assign) ([]assignment, bool) {
	var out []assignment
	for _, as := range list {
		switch {
		case as.Name == nil:
			fields, ok := sh.fields([]*syntax.Word{as.Value})
			if !ok {
				return nil, false
			}
			for _, f := range fields {
				name, value, set := strings.Cut(f, "=")
				out = append(out, assignment{name: name, value: value, set: set, flag: strings.HasPrefix(f, "-")})
			}
		case as.Naked:
			out = append(out, assignment{name: as.Name.Value, flag: strings.HasPrefix(as.Name.Value, "-")})
		default:
			value, ok := sh.text(as.Value)
			if !ok {
				return nil, false
			}
			if as.Append {
				value = sh.vars[as.Name.Value].String() + value
			}
			out = append(out, assignment{name: as.Name.Value, value: value, set: true})
		}
	}
	return out, true
}

func (sh *shell) declareFlag(d *declaration, flag string) {
	for _, c := range strings.TrimPrefix(flag, "-") {
		switch c {
		case 'x':
			d.export = true
		case 'r':
			d.readonly = true
		case 'n':
			d.remove = true
		case 'p':
			d.print = true
		case 'g':
			d.local = false
		case '-':
		default:
			sh.complain("illegal option -%c", c)
			sh.status = 2
		}
	}
}

func (sh *shell) declareOne(d declaration, a assignment) bool {
	if !syntax.ValidName(a.name) {
		sh.complain("%s: bad variable name", a.name)
		sh.exit(2)
		return false
	}
	if d.local {
		sh.local(a.name)
	}
	v := sh.vars[a.name]
	if a.set || d.local {
		v = expand.Variable{Set: a.set, Kind: expand.String, Str: a.value, Local: d.local, Exported: v.Exported}
		if !a.set && !d.export && !d.readonly {
			v = sh.vars[a.name] // ash keeps the outer value of "local x"
			v.Local = true
		}
		if err := sh.assign(a.name, v); err != nil {
			sh.complain("%v", err)
			sh.exit(2)
			return false
		}
		v = sh.vars[a.name]
	}
	if d.export {
		v.Exported = !d.remove
	}
	if d.readonly {
		v.ReadOnly = true
	}
	if v.Kind == expand.Unknown {
		v.Kind = expand.String
	}
	sh.vars[a.name] = v
	return true
}

func (sh *shell) listDeclared(d declaration) {
	switch {
	case d.export:
		sh.list("export ", func(name string) bool { return sh.vars[name].Exported })
	case d.readonly:
		sh.list("readonly ", func(name string) bool { return sh.vars[name].ReadOnly })
	default:
		sh.list("", func(name string) bool { return sh.vars[name].Set })
	}
}
