package lint

import (
	"go/ast"
	"go/token"
	"go/types"
)

// walk applies the rules to every node. Each knows the nodes around it.
func (l *linter) walk(file *ast.File) {
	for _, d := range file.Decls {
		l.declaration(d)
	}
	for _, i := range file.Imports {
		if i.Name != nil && (i.Name.Name == "." || i.Name.Name == "_") {
			l.report(i, "import it under a name")
		}
	}
	var around []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			around = around[:len(around)-1]
			return true
		}
		l.node(n, around)
		around = append(around, n)
		return true
	})
}

// declaration judges what stands at the top of a file.
func (l *linter) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.GenDecl:
		if d.Tok == token.VAR {
			l.report(d, "a variable of the package outlives the check: a check is a function of what it is given; use a constant, or a variable in the function")
		}
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.Name == "init" {
			l.report(d.Name, "init does not belong to a check: a check is a function of what it is given")
		}
		if d.Recv != nil && (d.Name.Name == "String" || d.Name.Name == "Error") {
			l.report(d.Name, "fmt does not see the method %s of a script's type, so %%v prints something else: give it another name and call it", d.Name.Name)
		}
	}
}

func (l *linter) node(n ast.Node, around []ast.Node) {
	switch n := n.(type) {
	case *ast.GoStmt:
		l.report(n, "a check runs in one goroutine: a panic in another ends the worker")
	case *ast.SelectStmt, *ast.SendStmt:
		l.report(n, "there is nobody at the other end of a channel: a check runs in one goroutine")
	case *ast.DeferStmt:
		if inLoop(around) {
			l.report(n, "the interpreter runs a deferred call of a loop with the arguments of the last iteration: call a function that defers, or do without")
		}
	case *ast.FuncLit:
		l.closure(n, around)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			l.address(n, around)
		}
	case *ast.TypeSpec:
		l.typeSpec(n)
	case *ast.FuncType:
		if n.TypeParams != nil {
			l.report(n.TypeParams, "generics are not for check scripts: write it for the type that you need")
		}
	case *ast.TypeSwitchStmt:
		l.typeSwitch(n)
	case *ast.TypeAssertExpr:
		if n.Type != nil {
			l.interfaceCase(n.Type)
		}
	case *ast.SelectorExpr:
		l.selector(n, around)
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			l.assignment(e)
		}
		l.literals(n)
		l.several(n, n.Rhs)
		l.assigned(n)
	case *ast.ValueSpec:
		l.several(n, n.Values)
	case *ast.CompositeLit:
		l.elements(n)
	case *ast.CallExpr:
		l.call(n)
	case *ast.ReturnStmt:
		l.results(n, around)
	case *ast.IncDecStmt:
		l.assignment(n.X)
	}
}

func (l *linter) typeSpec(n *ast.TypeSpec) {
	if n.TypeParams != nil {
		l.report(n.TypeParams, "generics are not for check scripts: write it for the type that you need")
	}
	if _, ok := n.Type.(*ast.InterfaceType); ok {
		l.report(n, "the interpreter loses the methods of a script's types behind a script's interface: use the type itself")
	}
}

func (l *linter) typeSwitch(n *ast.TypeSwitchStmt) {
	for _, s := range n.Body.List {
		for _, e := range s.(*ast.CaseClause).List {
			l.interfaceCase(e)
		}
	}
}

// interfaceCase rejects asking a value for an interface.
func (l *linter) interfaceCase(e ast.Expr) {
	tv, ok := l.info.Types[e]
	if ok && tv.IsType() && types.IsInterface(tv.Type) {
		l.report(e, "the interpreter never finds that a value implements an interface such as %s: name the type that you mean", tv.Type)
	}
}

// closure rejects a function that outlives the iteration whose variable it uses.
func (l *linter) closure(f *ast.FuncLit, around []ast.Node) {
	vars := l.loopVars(around)
	if len(vars) == 0 || l.calledAtOnce(f, around) {
		return
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && vars[l.info.Uses[id]] {
			l.report(id, "the interpreter has one variable %s for all iterations, so the function will see its last value: copy it inside the loop, with another name, and use the copy", id.Name)
			return false
		}
		return true
	})
}

// calledAtOnce reports that a function is called where it stands, or is an
// argument of a function of the host, which keeps none.
func (l *linter) calledAtOnce(f *ast.FuncLit, around []ast.Node) bool {
	call, ok := around[len(around)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	if len(around) > 1 && deferred(around[len(around)-2]) {
		return false
	}
	if ast.Unparen(call.Fun) == f {
		return true
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && l.ofHost(l.info.Uses[sel.Sel])
}

func deferred(n ast.Node) bool {
	switch n.(type) {
	case *ast.DeferStmt, *ast.GoStmt:
		return true
	}
	return false
}

// ofHost reports that something is not the script's own.
func (l *linter) ofHost(o types.Object) bool { return o != nil && o.Pkg() != nil && o.Pkg() != l.pkg }

// address rejects the address of a loop's variable.
func (l *linter) address(n *ast.UnaryExpr, around []ast.Node) {
	id, ok := ast.Unparen(n.X).(*ast.Ident)
	if ok && l.loopVars(around)[l.info.Uses[id]] {
		l.report(n, "the interpreter has one variable %s for all iterations, so its address is the same in each: copy it inside the loop, with another name", id.Name)
	}
}

// loopVars returns the variables of the loops around a node.
func (l *linter) loopVars(around []ast.Node) map[types.Object]bool {
	vars := map[types.Object]bool{}
	for _, n := range around {
		var defs []ast.Expr
		switch n := n.(type) {
		case *ast.RangeStmt:
			defs = []ast.Expr{n.Key, n.Value}
		case *ast.ForStmt:
			if a, ok := n.Init.(*ast.AssignStmt); ok {
				defs = a.Lhs
			}
		}
		for _, e := range defs {
			if id, ok := e.(*ast.Ident); ok && l.info.Defs[id] != nil {
				vars[l.info.Defs[id]] = true
			}
		}
	}
	return vars
}

// inLoop reports that the innermost function around a node has a loop around it.
func inLoop(around []ast.Node) bool {
	for i := len(around) - 1; i >= 0; i-- {
		switch around[i].(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
	}
	return false
}

// selector rejects methods that are not called.
func (l *linter) selector(n *ast.SelectorExpr, around []ast.Node) {
	s := l.info.Selections[n]
	switch {
	case s == nil || s.Kind() == types.FieldVal:
		return
	case s.Kind() == types.MethodExpr:
		l.report(n, "the interpreter does not know methods as functions: write func(x T) { x.%s() }", n.Sel.Name)
	case !isCalled(n, around):
		l.report(n, "the interpreter calls the method of a variable's last value, not of its value here: write func() { x.%s() }", n.Sel.Name)
	}
}

func isCalled(n ast.Expr, around []ast.Node) bool {
	i := len(around) - 1
	for ; i > 0; i-- {
		p, ok := around[i].(*ast.ParenExpr)
		if !ok {
			break
		}
		n = p
	}
	call, ok := around[i].(*ast.CallExpr)
	return ok && call.Fun == n
}

// assignment rejects changes to what belongs to the host: its variables, and what
// a check was given and others see too.
func (l *linter) assignment(e ast.Expr) {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			if l.ofHost(l.info.Uses[x.Sel]) && l.shared(x) {
				l.report(x, "this changes something that other checks see too: a check only reads; use a variable")
				return
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			if t := l.info.Types[x.X].Type; t != nil && l.hostType(t) {
				l.report(x, "this changes something that other checks see too: a check only reads; use a variable")
				return
			}
			e = x.X
		default:
			return
		}
	}
}

// shared reports that a selector names a variable of a package, or a field that
// is reached through a pointer.
func (l *linter) shared(x *ast.SelectorExpr) bool {
	s := l.info.Selections[x]
	if s == nil {
		_, variable := l.info.Uses[x.Sel].(*types.Var)
		return variable
	}
	return s.Indirect() || isPointer(s.Recv())
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// hostType reports that a pointer points to a type of the host.
func (l *linter) hostType(t types.Type) bool {
	p, ok := t.Underlying().(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := p.Elem().(*types.Named)
	return ok && l.ofHost(n.Obj())
}
