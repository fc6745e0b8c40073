// Package symbols holds what a check script may import: for each allowed
// package the table of its exported names, as yaegi wants it.
//
// The tables are generated. What is absent is absent on purpose: os, net,
// reflect, unsafe, everything that reads a clock, a file or standard input,
// and the names of package lab that are for its host.
package symbols

import (
	"path"
	"reflect"
)

//go:generate go run ./generate

// A Package is one importable package.
type Package struct {
	Path string // import path
	// Table makes the names of the package: a type is a nil pointer to it, an
	// untyped constant a constant.Value, a variable an addressable value.
	Table func() map[string]reflect.Value
}

// Name returns the name in the package clause, which for all of them is that of
// the directory.
func (p Package) Name() string { return path.Base(p.Path) }

// Packages returns every package that a script may import, ordered by path.
func Packages() []Package {
	return []Package{
		{"errors", errorsSymbols},
		{"fmt", fmtSymbols},
		{"github.com/k8slab/k8slab/lab", labSymbols},
		{"k8s.io/api/apps/v1", appsV1Symbols},
		{"k8s.io/api/batch/v1", batchV1Symbols},
		{"k8s.io/api/core/v1", coreV1Symbols},
		{"k8s.io/apimachinery/pkg/api/resource", resourceSymbols},
		{"k8s.io/apimachinery/pkg/apis/meta/v1", metaV1Symbols},
		{"k8s.io/apimachinery/pkg/util/intstr", intstrSymbols},
		{"math", mathSymbols},
		{"regexp", regexpSymbols},
		{"sort", sortSymbols},
		{"strconv", strconvSymbols},
		{"strings", stringsSymbols},
		{"time", timeSymbols},
	}
}

// Paths returns the import paths of all packages, in order.
func Paths() []string {
	var paths []string
	for _, p := range Packages() {
		paths = append(paths, p.Path)
	}
	return paths
}
