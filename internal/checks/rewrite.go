package checks

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"strconv"
)

// The interpreter's own positions are up to four lines off. So a script is
// rewritten before it is compiled: before each statement stands a mark of its
// line, and every call on a *lab.T is given its position with At.

const (
	markPath = "k8slab/mark"
	markName = "mark__"
)

// position is the line of the statement that was begun last.
type position struct {
	file string
	line int
}

func (p *position) set(line int) { p.line = line }

func (p *position) String() string {
	if p.line == 0 {
		return filepath.Base(p.file)
	}
	return filepath.Base(p.file) + ":" + strconv.Itoa(p.line)
}

// rewrite adds the marks and positions to a file that was parsed with object
// resolution.
func rewrite(fset *token.FileSet, file *ast.File) {
	r := rewriter{fset: fset, lab: importName(file, labPath, "lab")}
	ast.Inspect(file, r.collect)
	for _, call := range r.calls {
		r.addPosition(call)
	}
	marked := false
	for _, list := range r.lists {
		*list = r.marked(*list)
		marked = marked || len(*list) > 0
	}
	if marked {
		importMark(file)
	}
}

// rewriter collects first and changes later: changes during a walk would be
// walked in turn.
type rewriter struct {
	fset  *token.FileSet
	lab   string
	lists []*[]ast.Stmt
	calls []*ast.SelectorExpr
}

func (r *rewriter) collect(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SwitchStmt:
		r.clauses(n.Body)
	case *ast.TypeSwitchStmt:
		r.clauses(n.Body)
	case *ast.FuncDecl:
		if n.Body != nil {
			r.lists = append(r.lists, &n.Body.List)
		}
	case *ast.FuncLit:
		r.lists = append(r.lists, &n.Body.List)
	case *ast.IfStmt:
		r.lists = append(r.lists, &n.Body.List)
		if e, ok := n.Else.(*ast.BlockStmt); ok {
			r.lists = append(r.lists, &e.List)
		}
	case *ast.BlockStmt:
		r.blocks(n)
	case *ast.ForStmt:
		r.lists = append(r.lists, &n.Body.List)
	case *ast.RangeStmt:
		r.lists = append(r.lists, &n.Body.List)
	case *ast.CallExpr:
		if s, ok := n.Fun.(*ast.SelectorExpr); ok && r.isT(s.X) {
			r.calls = append(r.calls, s)
		}
	}
	return true
}

// blocks collects the blocks that stand among the statements of another. The others
// belong to statements, and are collected with them.
func (r *rewriter) blocks(n *ast.BlockStmt) {
	for _, s := range n.List {
		if b, ok := s.(*ast.BlockStmt); ok {
			r.lists = append(r.lists, &b.List)
		}
	}
}

func (r *rewriter) clauses(body *ast.BlockStmt) {
	for _, s := range body.List {
		if c, ok := s.(*ast.CaseClause); ok {
			r.lists = append(r.lists, &c.Body)
		}
	}
}

// isT reports that an expression is a *lab.T by a name: a parameter of that type,
// or what Hint on one was assigned to.
func (r *rewriter) isT(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	if !ok || id.Obj == nil {
		return false
	}
	switch d := id.Obj.Decl.(type) {
	case *ast.Field:
		return isT(d.Type, r.lab)
	case *ast.AssignStmt:
		return len(d.Rhs) == 1 && r.isHint(d.Rhs[0])
	default:
		return false
	}
}

func (r *rewriter) isHint(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Hint" && r.isT(sel.X)
}

// addPosition turns t.M into t.At("checks.go:7").M.
func (r *rewriter) addPosition(s *ast.SelectorExpr) {
	pos := r.fset.Position(s.Pos())
	at := strconv.Quote(filepath.Base(pos.Filename) + ":" + strconv.Itoa(pos.Line))
	s.X = &ast.CallExpr{
		Fun:    &ast.SelectorExpr{X: s.X, Sel: &ast.Ident{NamePos: s.Pos(), Name: "At"}},
		Lparen: s.Pos(), Rparen: s.Pos(),
		Args: []ast.Expr{&ast.BasicLit{ValuePos: s.Pos(), Kind: token.STRING, Value: at}},
	}
}

func (r *rewriter) marked(list []ast.Stmt) []ast.Stmt {
	out := make([]ast.Stmt, 0, 2*len(list))
	for _, s := range list {
		out = append(out, r.mark(s.Pos()), s)
	}
	return out
}

func (r *rewriter) mark(pos token.Pos) ast.Stmt {
	line := strconv.Itoa(r.fset.Position(pos).Line)
	return &ast.ExprStmt{X: &ast.CallExpr{
		Fun: &ast.SelectorExpr{
			X:   &ast.Ident{NamePos: pos, Name: markName},
			Sel: &ast.Ident{NamePos: pos, Name: "At"},
		},
		Lparen: pos, Rparen: pos,
		Args: []ast.Expr{&ast.BasicLit{ValuePos: pos, Kind: token.INT, Value: line}},
	}}
}

func importMark(file *ast.File) {
	pos := file.Name.End()
	spec := &ast.ImportSpec{
		Name: &ast.Ident{NamePos: pos, Name: markName},
		Path: &ast.BasicLit{ValuePos: pos, Kind: token.STRING, Value: strconv.Quote(markPath)},
	}
	decl := &ast.GenDecl{TokPos: pos, Tok: token.IMPORT, Specs: []ast.Spec{spec}}
	file.Decls = append([]ast.Decl{decl}, file.Decls...)
}
