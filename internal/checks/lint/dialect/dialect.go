// Package dialect shows why check scripts are limited to a dialect: each other
// file is a construct that compiles, that the linter rejects, and of which the
// interpreter makes something else. Its tests run every file both ways. When an
// update of the interpreter makes one of them agree, its rule can go.
package dialect

import "embed"

// Sources returns the files of the package.
func Sources() embed.FS { return sources }

//go:embed *.go
var sources embed.FS
