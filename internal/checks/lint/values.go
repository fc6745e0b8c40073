package lint

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
)

// Rules about what becomes of values: where the interpreter keeps them, and what
// it makes of a script's types behind an interface.

// literals rejects a struct literal that is assigned to a variable that is there
// already: the interpreter makes another variable of it.
func (l *linter) literals(n *ast.AssignStmt) {
	if len(n.Lhs) != 1 || n.Tok != token.ASSIGN {
		return
	}
	id, ok := ast.Unparen(n.Lhs[0]).(*ast.Ident)
	if ok && id.Name != "_" && isLiteral(n.Rhs[0]) && l.isStruct(n.Rhs[0]) {
		l.report(n, "the interpreter makes another variable of %s here, which pointers to it and functions that use it do not see: assign its fields, or use a variable with another name", id.Name)
	}
}

// several rejects what the interpreter gets wrong of several values at once: with a
// literal among them it forgets the others, and it does not assign to a variable that
// is there already when it defines another.
func (l *linter) several(n ast.Node, values []ast.Expr) {
	if len(values) < 2 {
		return
	}
	for _, e := range values {
		if isLiteral(e) {
			l.report(n, "the interpreter forgets the other values when there is a literal among them: write a line for each")
		}
	}
	assign, ok := n.(*ast.AssignStmt)
	if !ok || assign.Tok != token.DEFINE {
		return
	}
	for _, e := range assign.Lhs {
		if id, ok := e.(*ast.Ident); ok && id.Name != "_" && l.info.Defs[id] == nil {
			l.report(n, "the interpreter may not assign to %s here, which is there already: write a line for each", id.Name)
		}
	}
}

func isLiteral(e ast.Expr) bool {
	_, ok := ast.Unparen(e).(*ast.CompositeLit)
	return ok
}

func (l *linter) isStruct(e ast.Expr) bool {
	t := l.info.Types[e].Type
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// uses returns where an expression uses one of some variables, and nil if it does
// not.
func (l *linter) uses(e ast.Expr, vars map[types.Object]bool) (found *ast.Ident) {
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && found == nil && vars[l.info.Uses[id]] {
			found = id
		}
		return found == nil
	})
	return found
}

// results rejects a return of named results that are overwritten on the way.
func (l *linter) results(n *ast.ReturnStmt, around []ast.Node) {
	overwritten := map[types.Object]bool{}
	named := l.namedResults(around)
	for i, e := range n.Results {
		if id := l.uses(e, overwritten); id != nil {
			l.report(id, "the interpreter has overwritten the result %s here: give the results no names", id.Name)
		}
		if i < len(named) {
			overwritten[named[i]] = true
		}
	}
}

// namedResults returns the named results of the innermost function around a node.
func (l *linter) namedResults(around []ast.Node) (named []types.Object) {
	var f *ast.FuncType
	for _, n := range around {
		switch n := n.(type) {
		case *ast.FuncLit:
			f = n.Type
		case *ast.FuncDecl:
			f = n.Type
		}
	}
	if f == nil || f.Results == nil {
		return nil
	}
	for _, field := range f.Results.List {
		for _, id := range field.Names {
			named = append(named, l.info.Defs[id])
		}
	}
	return named
}

const hidden = "the interpreter hides a value of the script's type %s in an interface, where it is neither found nor printed as itself: use the type instead of an interface, or a type without methods"

// intoInterface rejects that a value of a script's type becomes one of an interface.
// That of a type without methods stays visible.
func (l *linter) intoInterface(e ast.Expr, to types.Type) {
	if to == nil || !types.IsInterface(to) {
		return
	}
	t := l.info.Types[e].Type
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := t.(*types.Named)
	if ok && n.Obj().Pkg() == l.pkg && types.NewMethodSet(types.NewPointer(n)).Len() > 0 {
		l.report(e, hidden, n.Obj().Name())
	}
}

// elements looks at what a literal has in it.
func (l *linter) elements(n *ast.CompositeLit) {
	t := l.info.Types[n].Type
	if t == nil {
		return
	}
	for i, e := range n.Elts {
		pair, keyed := e.(*ast.KeyValueExpr)
		value := e
		if keyed {
			value = pair.Value
		}
		switch u := t.Underlying().(type) {
		case *types.Slice:
			l.intoInterface(value, u.Elem())
		case *types.Array:
			l.intoInterface(value, u.Elem())
		case *types.Map:
			if keyed {
				l.intoInterface(pair.Key, u.Key())
			}
			l.intoInterface(value, u.Elem())
		case *types.Struct:
			l.intoInterface(value, l.fieldType(u, pair, i))
		}
	}
}

// fieldType returns the type of the field that an element of a struct literal
// is for.
func (l *linter) fieldType(s *types.Struct, pair *ast.KeyValueExpr, i int) types.Type {
	if pair == nil && i < s.NumFields() {
		return s.Field(i).Type()
	}
	if pair != nil {
		if id, ok := pair.Key.(*ast.Ident); ok && l.info.Uses[id] != nil {
			return l.info.Uses[id].Type()
		}
	}
	return nil
}

// assigned looks at what is assigned to what has the type of an interface.
func (l *linter) assigned(n *ast.AssignStmt) {
	if n.Tok != token.ASSIGN || len(n.Lhs) != len(n.Rhs) {
		return
	}
	for i, e := range n.Lhs {
		l.intoInterface(n.Rhs[i], l.info.Types[e].Type)
	}
}

// verbs of a format that print what the interpreter has other names for.
var verbs = regexp.MustCompile(`%[-# 0-9.]*T|%[-+# 0-9.]*[+#][-+# 0-9.]*v`)

// call looks at the arguments of a call. A function of the host sees the script's
// values as they are, but not the names of their types and fields.
func (l *linter) call(n *ast.CallExpr) {
	fun := ast.Unparen(n.Fun)
	if id, ok := fun.(*ast.Ident); ok && l.builtin(id) {
		l.builtinCall(id, n)
		return
	}
	sig, ok := l.info.Types[fun].Type.(*types.Signature)
	if !ok {
		return
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok && l.ofHost(l.info.Uses[sel.Sel]) {
		for _, e := range n.Args {
			if lit, ok := ast.Unparen(e).(*ast.BasicLit); ok && lit.Kind == token.STRING && verbs.MatchString(lit.Value) {
				l.report(lit, "the interpreter has other names for types and fields than %s prints: use %%v, or print the fields", verbs.FindString(lit.Value))
			}
		}
		return
	}
	for i, e := range n.Args {
		l.intoInterface(e, parameter(sig, i, n.Ellipsis.IsValid()))
	}
}

// parameter returns the type of the parameter that an argument is for.
func parameter(sig *types.Signature, i int, spread bool) types.Type {
	last := sig.Params().Len() - 1
	switch {
	case i < last || i == last && (!sig.Variadic() || spread):
		return sig.Params().At(i).Type()
	case sig.Variadic():
		return sig.Params().At(last).Type().(*types.Slice).Elem()
	default:
		return nil
	}
}

func (l *linter) builtin(id *ast.Ident) bool {
	_, ok := l.info.Uses[id].(*types.Builtin)
	return ok
}

func (l *linter) builtinCall(id *ast.Ident, n *ast.CallExpr) {
	switch id.Name {
	case "recover":
		l.report(n, "what recover returns differs from compiled code, and a panic is an error of the script that should be seen")
	case "append":
		if s, ok := l.info.Types[n.Args[0]].Type.Underlying().(*types.Slice); ok && !n.Ellipsis.IsValid() {
			for _, e := range n.Args[1:] {
				l.intoInterface(e, s.Elem())
			}
		}
	}
}
