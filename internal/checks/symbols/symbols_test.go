package symbols

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// hosts are the names of package lab that are for the host of scripts.
var hosts = []string{"Judge", "Case", "Held", "Verdict", "Evidence", "Outcome", "Passed", "Waiting", "Failed", "Error"}

// TestLabIsCurrent compares the generated table of package lab with its source.
func TestLabIsCurrent(t *testing.T) {
	fset := token.NewFileSet()
	//nolint:staticcheck // package lab has no build tags, which is what ParseDir does not know
	parsed, err := parser.ParseDir(fset, "../../../lab", func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
	if err != nil {
		t.Fatal(err)
	}
	table := labSymbols()
	var declared []string
	for _, file := range parsed["lab"].Files {
		for _, d := range file.Decls {
			declared = append(declared, names(d)...)
		}
	}
	for _, name := range declared {
		if _, ok := table[name]; ast.IsExported(name) && ok == slices.Contains(hosts, name) {
			t.Errorf("%s is in the table: %v; go generate ./internal/checks/symbols", name, ok)
		}
	}
	for name := range table {
		if !slices.Contains(declared, name) {
			t.Errorf("%s is in the table and not in package lab; go generate ./internal/checks/symbols", name)
		}
	}
}

// names returns what a declaration declares, methods left out.
func names(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, id := range s.Names {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}

// TestNothingDangerous keeps what reads clocks, files and standard input out of the
// tables, whatever the next Go release adds to a package.
func TestNothingDangerous(t *testing.T) {
	for _, p := range Packages() {
		for _, path := range []string{"os", "io", "net", "reflect", "unsafe", "syscall", "runtime", "math/rand", "plugin", "embed"} {
			if p.Path == path || strings.HasPrefix(p.Path, path+"/") {
				t.Errorf("scripts can import %s", p.Path)
			}
		}
	}
	for path, names := range map[string][]string{
		"fmt":  {"Fprint", "Fprintf", "Scan", "Scanln", "Fscan"},
		"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Local", "LoadLocation"},
	} {
		for _, p := range Packages() {
			if p.Path != path {
				continue
			}
			for _, name := range names {
				if _, ok := p.Table()[name]; ok {
					t.Errorf("scripts can use %s.%s", path, name)
				}
			}
		}
	}
}
