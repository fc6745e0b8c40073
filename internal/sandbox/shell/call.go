package shell

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// call runs a simple command: assignments, a function, a builtin or a program.
func (sh *shell) call(cmd *syntax.CallExpr) {
	last := sh.last
	sh.last = false
	sh.subst = 0
	args, ok := sh.fields(cmd.Args)
	if !ok || sh.stopped() {
		return
	}
	if len(args) == 0 {
		if _, ok := sh.assignments(cmd.Assigns); ok {
			sh.status = sh.subst
		}
		return
	}
	// Variables in front of a command are its own; those of exec stay, as in all shells.
	before, ok := sh.assignments(cmd.Assigns)
	if !ok {
		return
	}
	for name := range before {
		v := sh.vars[name]
		v.Exported = true
		sh.vars[name] = v
	}
	sh.trace(quoteWords(args))
	sh.last = last && len(before) == 0
	sh.dispatch(args)
	sh.last = false
	if args[0] != "exec" {
		sh.restore(before)
	}
}

// assignments performs them and returns what the variables were before.
func (sh *shell) assignments(list []*syntax.Assign) (scope, bool) {
	before := scope{}
	for _, as := range list {
		name := as.Name.Value
		value, ok := sh.text(as.Value)
		if !ok {
			return before, false
		}
		old := sh.vars[name]
		if as.Append {
			value = old.Str + value
		}
		if _, again := before[name]; !again {
			before[name] = old
		}
		if err := sh.assign(name, expand.Variable{Set: true, Kind: expand.String, Str: value}); err != nil {
			sh.complain("%v", err)
			sh.exit(2)
			return before, false
		}
		sh.trace([]string{name + "=" + quote(value)})
	}
	return before, true
}

// dispatch runs a command line by its first word.
func (sh *shell) dispatch(args []string) {
	name := args[0]
	builtin, isBuiltin := sh.builtins[name]
	if body := sh.funcs[name]; body != nil && !special(name) {
		sh.function(body, args[1:])
		return
	}
	if isBuiltin {
		sh.builtin(builtin, args)
		return
	}
	sh.external(args)
}

// builtin runs one of the shell's own commands.
func (sh *shell) builtin(run builtin, args []string) {
	outer := sh.running
	sh.running = args[0]
	status := run(sh, args[1:])
	sh.running = outer
	if sh.ctl != exiting {
		sh.status = status
	}
}

// external runs a program in another process and waits, or in this one if it is the last command.
func (sh *shell) external(args []string) {
	prog, err := sh.container.load(sh.Dir, sh.vars["PATH"].String(), args)
	if err != nil {
		sh.status = sh.cannotRun(args[0], err)
		return
	}
	if sh.last && len(sh.traps) == 0 {
		sh.exit(sh.become(prog))
		return
	}
	child, err := sh.launch(prog)
	if err != nil {
		sh.cannotFork(err)
		return
	}
	sh.status = sh.await(child)
	if sh.process.ctx.Err() != nil {
		return // the child may still be running, and nobody hears what is said
	}
	if text := child.killedBy.obituary(); text != "" && sh.status > 128 {
		sh.Stderr.Write([]byte(text + "\n"))
	}
}

// launch starts a program in a child.
func (sh *shell) launch(prog image) (*Process, error) {
	child, err := sh.container.fork(sh.process, prog.argv)
	if err != nil {
		return nil, err
	}
	child.awaitsNotify(prog)
	proc := &Proc{Args: prog.argv, Env: sh.exported(), Dir: sh.Dir}
	proc.attach(child)
	go child.run(func() int { return prog.exec(child.ctx, proc) })
	return child, nil
}

// become replaces the shell by a program, as exec does.
func (sh *shell) become(prog image) int {
	sh.process.replace(prog)
	proc := &Proc{Args: prog.argv, Env: sh.exported(), Dir: sh.Dir, tty: sh.tty}
	proc.attach(sh.process)
	clear(sh.traps)
	return prog.exec(sh.process.ctx, proc)
}

// cannotRun reports why a command was not run, in ash's words, and returns the status.
func (sh *shell) cannotRun(name string, err error) int {
	switch {
	case name == "":
		sh.complain(": Permission denied")
		return 127
	case errors.Is(err, errNotFound), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		sh.complain("%s: not found", name)
		return 127
	default:
		sh.complain("%s: %s", name, files.Reason(err))
		return 126
	}
}

// quoteWords quotes what a shell would have to.
func quoteWords(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quote(w)
	}
	return out
}

// quote puts a word into single quotes if it needs any.
func quote(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("%+,-./:=@_^", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
