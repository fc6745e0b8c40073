// Package lint rejects what a check script may not contain.
//
// Scripts are Go, type-checked against what they may import. They are written in
// a dialect, about Go 1.17 without generics, because the interpreter gives wrong
// results without a word for some of the rest: package dialect has an example of
// each. It also rejects what a pure function does not need: goroutines, package
// variables, changes to what the host handed over.
//
// Deliberately absent: questions of style, and format strings. For those lessons
// are ordinary packages, and go vet has its say.
package lint

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"path/filepath"
	"sort"
	"strings"
)

// Problem is something in a script that the interpreter would get wrong or that
// the compiler would reject.
type Problem struct {
	Position string // file:line:column
	Message  string // what is wrong and what to write instead
}

func (p Problem) String() string { return p.Position + ": " + p.Message }

// goVersion is the last one whose additions the interpreter does not get wrong:
// 1.21 brought min, max and clear, 1.22 the range over integers.
const goVersion = "go1.20"

// Script returns the problems of a script, in the order of the text.
func Script(filename string, src []byte) []Problem {
	l := &linter{fset: token.NewFileSet(), found: map[token.Position]string{}}
	file, err := parser.ParseFile(l.fset, filepath.Base(filename), src, parser.SkipObjectResolution)
	if err != nil {
		l.syntax(err)
		return l.problems()
	}
	if file.Name.Name != "checks" {
		l.report(file.Name, "the package is named %s; a check script is package checks", file.Name.Name)
	}
	l.check(file)
	l.walk(file)
	return l.problems()
}

// linter collects what it finds by position; of several problems in one place
// the first is told.
type linter struct {
	fset  *token.FileSet
	pkg   *types.Package
	info  *types.Info
	found map[token.Position]string
}

func (l *linter) report(n ast.Node, format string, args ...any) {
	l.add(l.fset.Position(n.Pos()), fmt.Sprintf(format, args...))
}

func (l *linter) add(p token.Position, message string) {
	if l.found[p] == "" {
		l.found[p] = message
	}
}

func (l *linter) syntax(err error) {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		l.add(token.Position{}, err.Error())
	}
	for _, e := range list {
		l.add(e.Pos, e.Msg)
	}
}

func (l *linter) problems() []Problem {
	var at []token.Position
	for p := range l.found {
		at = append(at, p)
	}
	sort.Slice(at, func(i, j int) bool { return at[i].Offset < at[j].Offset })
	var problems []Problem
	for _, p := range at {
		problems = append(problems, Problem{Position: p.String(), Message: l.found[p]})
	}
	return problems
}

// check type-checks the file. Whether a type implements an interface needs methods
// that the script does not name, so it is done again when that showed more.
func (l *linter) check(file *ast.File) {
	wanted, methods := names(file), map[string]bool{}
	for {
		known := len(methods)
		errs := l.types(file, newImporter(wanted, methods))
		if len(methods) > known {
			continue
		}
		for _, e := range errs {
			l.add(l.fset.Position(e.Pos), reword(e.Msg))
		}
		return
	}
}

func (l *linter) types(file *ast.File, im types.Importer) (errs []types.Error) {
	l.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	config := types.Config{
		GoVersion: goVersion, Importer: im,
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) {
				errs = append(errs, e)
			}
		},
	}
	l.pkg, _ = config.Check("checks", l.fset, []*ast.File{file}, l.info) // its error is the first of errs
	return errs
}

// reword adds what to do to the type checker's words.
func reword(text string) string {
	if before, _, ok := strings.Cut(text, " (requires go1."); ok {
		text = before + ": requires go1."
	}
	if before, _, ok := strings.Cut(text, "requires go1."); ok {
		return strings.TrimRight(before, " :(") + ": scripts are written in " + goVersion + ": write it out"
	}
	if _, after, ok := strings.Cut(text, "could not import "); ok {
		if _, reason, ok := strings.Cut(after, " ("); ok {
			return strings.TrimSuffix(reason, ")")
		}
	}
	return text
}

// names returns every name in a file.
func names(file *ast.File) map[string]bool {
	all := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			all[id.Name] = true
		}
		return true
	})
	return all
}
