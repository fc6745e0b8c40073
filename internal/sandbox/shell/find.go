package shell

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// finder is find: an expression that is applied to every file below some names.
type finder struct {
	*Proc
	ctx                context.Context
	minDepth, maxDepth int
	depthFirst         bool
	prune              bool
	args               []string
	acts               bool // the expression prints or executes something itself
	status             int
}

// predicate is a part of the expression.
type predicate func(name string, info *files.Info) bool

func findProgram(ctx context.Context, p *Proc) int {
	f := &finder{Proc: p, ctx: ctx, maxDepth: maxDepth, args: p.Args[1:]}
	var names []string
	for len(f.args) > 0 && (f.args[0] == "-H" || f.args[0] == "-L") {
		f.args = f.args[1:]
	}
	for len(f.args) > 0 && !strings.HasPrefix(f.args[0], "-") && f.args[0] != "(" && f.args[0] != "!" {
		names = append(names, f.args[0])
		f.args = f.args[1:]
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	match, err := f.or(0)
	if err == nil && len(f.args) > 0 {
		err = fmt.Errorf("unrecognized: %s", f.args[0])
	}
	if err != nil {
		return p.fail("%v", err)
	}
	for _, name := range names {
		info, err := p.files.Lstat(p.Path(name))
		if err != nil {
			f.status = p.fail("%s: %s", name, files.Reason(err))
			continue
		}
		f.visit(name, info, 0, match)
	}
	return f.status
}

func (f *finder) visit(name string, info *files.Info, depth int, match predicate) {
	if f.ctx.Err() != nil {
		return
	}
	apply := func() {
		if depth >= f.minDepth && match(name, info) && !f.acts {
			f.printf("%s\n", name)
		}
	}
	f.prune = false
	if !f.depthFirst {
		apply()
	}
	if info.IsDir() && depth < f.maxDepth && !f.prune {
		f.descend(name, depth, match)
	}
	if f.depthFirst {
		apply()
	}
}

func (f *finder) descend(name string, depth int, match predicate) {
	entries, err := f.files.ReadDir(f.Path(name))
	if err != nil {
		f.status = f.fail("%s: %s", name, files.Reason(err))
		return
	}
	for _, e := range entries {
		child := strings.TrimSuffix(name, "/") + "/" + e.Name()
		if info, err := f.files.Lstat(f.Path(child)); err == nil {
			f.visit(child, info, depth+1, match)
		}
	}
}

// or, and and primary parse the expression.
func (f *finder) or(level int) (predicate, error) {
	if level > maxDepth {
		return nil, fmt.Errorf("expression is nested too deeply")
	}
	left, err := f.and(level)
	for err == nil && len(f.args) > 0 && (f.args[0] == "-o" || f.args[0] == "-or") {
		f.args = f.args[1:]
		var right predicate
		first := left
		if right, err = f.and(level); err == nil {
			left = func(n string, i *files.Info) bool { return first(n, i) || right(n, i) }
		}
	}
	return left, err
}

func (f *finder) and(level int) (predicate, error) {
	left := predicate(func(string, *files.Info) bool { return true })
	for len(f.args) > 0 && f.args[0] != "-o" && f.args[0] != "-or" && f.args[0] != ")" {
		if f.args[0] == "-a" || f.args[0] == "-and" {
			f.args = f.args[1:]
			continue
		}
		right, err := f.primary(level)
		if err != nil {
			return nil, err
		}
		first := left
		left = func(n string, i *files.Info) bool { return first(n, i) && right(n, i) }
	}
	return left, nil
}

func (f *finder) primary(level int) (predicate, error) {
	op := f.args[0]
	f.args = f.args[1:]
	switch op {
	case "(":
		inner, err := f.or(level + 1)
		if err == nil && (len(f.args) == 0 || f.args[0] != ")") {
			err = fmt.Errorf("unmatched '('")
		}
		if err == nil {
			f.args = f.args[1:]
		}
		return inner, err
	case "!", "-not":
		if len(f.args) == 0 || level > maxDepth {
			return nil, fmt.Errorf("argument expected")
		}
		inner, err := f.primary(level + 1)
		return func(n string, i *files.Info) bool { return !inner(n, i) }, err
	case "-print":
		f.acts = true
		return func(n string, _ *files.Info) bool { f.printf("%s\n", n); return true }, nil
	case "-print0":
		f.acts = true
		return func(n string, _ *files.Info) bool { f.printf("%s\x00", n); return true }, nil
	case "-prune":
		return func(string, *files.Info) bool { f.prune = true; return true }, nil
	case "-delete":
		f.acts, f.depthFirst = true, true
		return f.remove, nil
	case "-empty":
		return f.empty, nil
	case "-depth":
		f.depthFirst = true
		return func(string, *files.Info) bool { return true }, nil
	case "-xdev":
		return func(string, *files.Info) bool { return true }, nil
	case "-exec":
		return f.exec()
	}
	if len(f.args) == 0 {
		return nil, fmt.Errorf("unrecognized: %s", op)
	}
	value := f.args[0]
	f.args = f.args[1:]
	return f.test(op, value)
}

// test is a predicate with an argument.
func (f *finder) test(op, value string) (predicate, error) {
	switch op {
	case "-name", "-iname":
		return func(n string, _ *files.Info) bool {
			if op == "-iname" {
				return match(strings.ToLower(value), strings.ToLower(path.Base(n)))
			}
			return match(value, path.Base(n))
		}, nil
	case "-path":
		return func(n string, _ *files.Info) bool { return match(value, n) }, nil
	case "-type":
		return func(_ string, i *files.Info) bool {
			return modeString(i.Mode())[:1] == strings.Replace(value, "f", "-", 1)
		}, nil
	case "-size", "-mmin", "-mtime", "-maxdepth", "-mindepth":
		return f.numeric(op, value)
	case "-newer":
		info, err := f.files.Stat(f.Path(value))
		if err != nil {
			return nil, fmt.Errorf("%s: %s", value, files.Reason(err))
		}
		return func(_ string, i *files.Info) bool { return i.ModTime().After(info.ModTime()) }, nil
	}
	return nil, fmt.Errorf("unrecognized: %s", op)
}

func (f *finder) numeric(op, value string) (predicate, error) {
	digits := strings.TrimLeft(value, "+-")
	unit := int64(512)
	if op == "-size" && strings.HasSuffix(digits, "c") {
		unit, digits = 1, strings.TrimSuffix(digits, "c")
	} else if op == "-size" && strings.HasSuffix(digits, "k") {
		unit, digits = 1024, strings.TrimSuffix(digits, "k")
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("invalid number '%s'", value)
	}
	always := func(string, *files.Info) bool { return true }
	compare := func(x int64) bool {
		switch value[0] {
		case '+':
			return x > n
		case '-':
			return x < n
		}
		return x == n
	}
	switch op {
	case "-maxdepth":
		f.maxDepth = min(f.maxDepth, int(n))
		return always, nil
	case "-mindepth":
		f.minDepth = int(n)
		return always, nil
	case "-size":
		return func(_ string, i *files.Info) bool { return compare((i.Size() + unit - 1) / unit) }, nil
	}
	minutes := int64(1)
	if op == "-mtime" {
		minutes = 24 * 60
	}
	return func(_ string, i *files.Info) bool {
		return compare(int64(f.Now().Sub(i.ModTime()).Minutes()) / minutes)
	}, nil
}

func (f *finder) remove(name string, _ *files.Info) bool {
	if err := f.files.Remove(f.Path(name)); err != nil {
		f.status = f.fail("%s: %s", name, files.Reason(err))
		return false
	}
	return true
}

func (f *finder) empty(name string, info *files.Info) bool {
	if info.IsDir() {
		entries, err := f.files.ReadDir(f.Path(name))
		return err == nil && len(entries) == 0
	}
	return info.Mode()&fs.ModeType == 0 && info.Size() == 0
}

// exec is -exec command {} ; where "+" at the end is taken like ";".
func (f *finder) exec() (predicate, error) {
	f.acts = true
	for i, arg := range f.args {
		if arg != ";" && arg != "+" {
			continue
		}
		command := f.args[:i]
		f.args = f.args[i+1:]
		if len(command) == 0 {
			break
		}
		return func(name string, _ *files.Info) bool {
			args := make([]string, len(command))
			for i, word := range command {
				args[i] = strings.ReplaceAll(word, "{}", name)
			}
			return f.spawnWait(args) == 0
		}, nil
	}
	return nil, fmt.Errorf("-exec requires an argument")
}
