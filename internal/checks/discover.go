package checks

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"unicode"
)

// labPath is the import path of the vocabulary.
const labPath = "github.com/k8slab/k8slab/lab"

// Check is a check that a script defines.
type Check struct {
	Name  string // of the function
	Title string // its comment on one line without the full stop; without a comment, the name in words
	Line  int    // where it is
}

// Discover lists the checks of a script in the order in which they stand there:
// exported functions without receiver and result, and with one parameter of type
// *lab.T. It needs a file that parses and no more.
func Discover(filename string, src []byte) ([]Check, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, filename, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse check script: %w", err)
	}
	checks := discover(fset, file)
	if len(checks) == 0 {
		return nil, fmt.Errorf("parse check script: %s: %w", filename, errNoCheck)
	}
	return checks, nil
}

var errNoCheck = errors.New("no check here: a check is an exported function func Name(t *lab.T)")

func discover(fset *token.FileSet, file *ast.File) []Check {
	lab := importName(file, labPath, "lab")
	var checks []Check
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && isCheck(f, lab) {
			checks = append(checks, Check{Name: f.Name.Name, Title: title(f), Line: fset.Position(f.Name.Pos()).Line})
		}
	}
	return checks
}

func isCheck(f *ast.FuncDecl, lab string) bool {
	ft := f.Type
	return f.Recv == nil && f.Name.IsExported() && ft.TypeParams == nil && ft.Results.NumFields() == 0 &&
		ft.Params.NumFields() == 1 && isT(ft.Params.List[0].Type, lab)
}

// isT reports that a type is written *lab.T.
func isT(e ast.Expr, lab string) bool {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "T" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == lab
}

// importName returns the name by which a file refers to a package.
func importName(file *ast.File, path, name string) string {
	for _, i := range file.Imports {
		if i.Name != nil && i.Path.Value == `"`+path+`"` {
			return i.Name.Name
		}
	}
	return name
}

// title is the first paragraph of a check's comment on one line. The name in
// front, which Go's convention wants and a learner need not see, is left out.
func title(f *ast.FuncDecl) string {
	paragraph, _, _ := strings.Cut(f.Doc.Text(), "\n\n")
	text := strings.Join(strings.Fields(paragraph), " ")
	text = strings.TrimPrefix(text, f.Name.Name+": ")
	if text = strings.TrimSuffix(text, "."); text != "" {
		return text
	}
	return words(f.Name.Name)
}

// words turns ThreePodsRun into "Three pods run".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}
