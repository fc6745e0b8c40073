package shell

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed are the only names of packages that could reach the host which the sandbox uses. Where
// a list is missing, anything of a package may be used; where a package is missing, it may not be
// imported.
func allowed(dir string) map[string][]string {
	common := map[string][]string{
		"bufio": nil, "bytes": nil, "cmp": nil, "context": nil, "errors": nil, "fmt": {"Errorf", "Fprint", "Fprintf", "Fprintln", "Sprint", "Sprintf"},
		"io": nil, "io/fs": nil, "maps": nil, "slices": nil, "strings": nil, "sync": nil, "sync/atomic": nil, "time": nil, "path": nil,
		"syscall": {"EACCES", "EADDRNOTAVAIL", "EAGAIN", "EBADF", "EBUSY", "ECONNREFUSED", "ECONNRESET", "EEXIST", "EFBIG", "EINVAL", "EIO", "EISDIR", "ELOOP", "ENAMETOOLONG",
			"ENETUNREACH", "ENOENT", "ENOEXEC", "ENOSPC", "ENOTDIR", "ENOTEMPTY", "ENXIO", "EPERM", "EPIPE", "EROFS", "ESRCH", "EXDEV", "Errno"},
	}
	flags := []string{"O_RDONLY", "O_WRONLY", "O_RDWR", "O_CREATE", "O_TRUNC", "O_APPEND", "O_EXCL"}
	if dir == "../files" {
		common["crypto/rand"] = nil
		common["path/filepath"] = []string{"Base", "Clean", "Dir", "Join", "Split"}
		common["os"] = append(flags, "File", "Root", "OpenRoot", "Stat") // Stat of a mount's source, before anything runs
		common["syscall"] = append(common["syscall"], "O_NONBLOCK", "O_DIRECTORY", "Stat_t")
		return common
	}
	for _, name := range []string{
		"archive/tar", "compress/gzip", "encoding/binary", "github.com/pmezard/go-difflib/difflib",
		"crypto/md5", "crypto/sha1", "crypto/sha256", "crypto/sha512", "encoding/base64", "encoding/hex", "hash", "math", "math/rand/v2", "net/url",
		"regexp", "strconv", "unicode", "unicode/utf8", "mvdan.cc/sh/v3/expand", "mvdan.cc/sh/v3/pattern", "mvdan.cc/sh/v3/syntax", "github.com/k8slab/k8slab/internal/sandbox/files",
	} {
		common[name] = nil
	}
	common["os"] = flags
	common["runtime"] = []string{"GOARCH", "NumCPU"}
	common["net"] = []string{"Conn", "DNSError", "Error", "JoinHostPort", "Listener", "SplitHostPort"}
	common["crypto/tls"] = []string{"Config", "VersionTLS12"}
	common["crypto/x509"] = []string{"NewCertPool", "UnknownAuthorityError"}
	common["net/http"] = []string{"ErrUseLastResponse", "Header", "Request", "Client", "MethodGet", "MethodHead", "MethodPost", "NewRequestWithContext", "Response", "Transport"}
	return common
}

// TestSandboxUsesNothingElse reads the sources of both packages.
func TestSandboxUsesNothingElse(t *testing.T) {
	for _, dir := range []string{".", "../files"} {
		rules := allowed(dir)
		set := token.NewFileSet()
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(names) == 0 {
			t.Fatal("no sources in ", dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, set, file, rules)
		}
	}
}

func checkFile(t *testing.T, set *token.FileSet, file *ast.File, rules map[string][]string) {
	t.Helper()
	names := map[string]string{} // of imports in this file
	for _, imp := range file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		if _, ok := rules[path]; !ok {
			t.Errorf("%s imports %s", set.Position(imp.Pos()), path)
		}
		if imp.Name != nil {
			t.Errorf("%s renames %s", set.Position(imp.Pos()), path)
		}
		parts := strings.Split(path, "/")
		names[parts[len(parts)-1]] = path
	}
	ast.Inspect(file, func(node ast.Node) bool {
		sel, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Obj != nil {
			return true
		}
		path, ok := names[x.Name]
		if list := rules[path]; ok && list != nil && !slices.Contains(list, sel.Sel.Name) {
			t.Errorf("%s uses %s.%s", set.Position(sel.Pos()), path, sel.Sel.Name)
		}
		return true
	})
}
