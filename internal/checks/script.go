package checks

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"reflect"
	"strconv"
	"strings"

	"github.com/traefik/yaegi/interp"

	"github.com/k8slab/k8slab/internal/checks/symbols"
	"github.com/k8slab/k8slab/lab"
)

// script is a check script that the interpreter has compiled.
type script struct {
	checks   []Check
	position position // of the statement that is being run
	interp   *interp.Interpreter
}

// load parses, rewrites and compiles a script. What the script prints goes to
// out.
func load(filename string, src []byte, out io.Writer) (s *script, err error) {
	// The interpreter panics on some code that it does not know; whatever the
	// cause, it is the script that does not load.
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("compile check script: the interpreter does not understand it: %v", p)
		}
	}()
	s = &script{position: position{file: filename}}
	s.interp = interp.New(interp.Options{
		Stdin:  strings.NewReader(""),
		Stdout: out, Stderr: io.Discard, // on stderr it traces panics, with wrong positions
		SourcecodeFilesystem: noFiles{},
		Env:                  []string{},
		Args:                 []string{},
	})
	if err := s.interp.Use(exports(out, &s.position)); err != nil {
		return nil, fmt.Errorf("load the vocabulary of check scripts: %w", err)
	}
	file, err := parser.ParseFile(s.interp.FileSet(), filename, src, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parse check script: %w", err)
	}
	if err := checkImports(s.interp.FileSet(), file); err != nil {
		return nil, fmt.Errorf("compile check script: %w", err)
	}
	s.checks = discover(s.interp.FileSet(), file)
	rewrite(s.interp.FileSet(), file)
	program, err := s.interp.CompileAST(file)
	if err != nil {
		return nil, fmt.Errorf("compile check script: %w", err)
	}
	if _, err := s.interp.Execute(program); err != nil {
		return nil, fmt.Errorf("load check script: %w", err)
	}
	return s, nil
}

// check returns the function of a check.
func (s *script) check(name string) (func(*lab.T), error) {
	if !s.has(name) {
		return nil, fmt.Errorf("%s has no check %s; it has %s", s.position.file, name, s.names())
	}
	v, err := s.interp.Eval("checks." + name)
	if err != nil {
		return nil, fmt.Errorf("look up check %s: %w", name, err)
	}
	f, ok := v.Interface().(func(*lab.T))
	if !ok {
		return nil, fmt.Errorf("look up check %s: it is a %s", name, v.Type())
	}
	return f, nil
}

func (s *script) has(name string) bool {
	for _, c := range s.checks {
		if c.Name == name {
			return true
		}
	}
	return false
}

func (s *script) names() string {
	if len(s.checks) == 0 {
		return "none"
	}
	names := make([]string, len(s.checks))
	for i, c := range s.checks {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func (s *script) title(name string) string {
	for _, c := range s.checks {
		if c.Name == name {
			return c.Title
		}
	}
	return words(name)
}

// exports returns everything that a script may import.
func exports(out io.Writer, p *position) interp.Exports {
	all := interp.Exports{markPath + "/mark": {"At": reflect.ValueOf(p.set)}}
	for _, pkg := range symbols.Packages() {
		// The dot is lost when the interpreter splits the key. Under the plain key
		// "fmt/fmt" it would add its own wrappers, the sources of packages that
		// are not allowed here, and 10 ms.
		all[pkg.Path+"/./"+pkg.Name()] = pkg.Table()
	}
	printing(all["fmt/./fmt"], out)
	return all
}

// printing replaces the functions that print by ones that print to out.
func printing(table map[string]reflect.Value, out io.Writer) {
	table["Print"] = reflect.ValueOf(func(a ...any) (int, error) { return fmt.Fprint(out, a...) })
	table["Printf"] = reflect.ValueOf(func(f string, a ...any) (int, error) { return fmt.Fprintf(out, f, a...) })
	table["Println"] = reflect.ValueOf(func(a ...any) (int, error) { return fmt.Fprintln(out, a...) })
}

// checkImports rejects every package that is not for scripts. The interpreter
// has none of them either, but would look for their sources and say so at length.
func checkImports(fset *token.FileSet, file *ast.File) error {
	allowed := map[string]bool{}
	for _, p := range symbols.Packages() {
		allowed[p.Path] = true
	}
	for _, i := range file.Imports {
		if path, err := strconv.Unquote(i.Path.Value); err != nil || !allowed[path] {
			return fmt.Errorf("%s: package %s is not for check scripts; they may import %s", fset.Position(i.Pos()), path, strings.Join(symbols.Paths(), ", "))
		}
	}
	return nil
}

// noFiles is a file system without files: a script imports nothing from disk.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}
