package shell

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

// environ is the shell's variables as package expand wants to see them.
type environ struct{ sh *shell }

// Get looks a variable or a special parameter up.
func (e environ) Get(name string) expand.Variable {
	v := e.sh.lookup(name)
	e.sh.spend(len(v.Str))
	for _, s := range v.List {
		e.sh.spend(len(s))
	}
	return v
}

// Set assigns a variable from within an expansion: ${x:=y} and $((x=1)).
func (e environ) Set(name string, v expand.Variable) error { return e.sh.assign(name, v) }

// Each lists the variables.
func (e environ) Each(f func(string, expand.Variable) bool) {
	for name, v := range e.sh.vars {
		if !f(name, v) {
			return
		}
	}
}

// spend counts what an expansion pulls out of variables. "$a$a$a…" has to end somewhere.
func (sh *shell) spend(n int) {
	sh.expanded += n
	if sh.product > 0 && n > 1 {
		sh.product *= n
	}
	if sh.expanded > maxExpansion || sh.product > maxExpansion {
		panic(outOfMemory{})
	}
}

// lookup returns a variable. Homes of other users are answered here, always, so that package
// expand does not ask the host's user database.
func (sh *shell) lookup(name string) expand.Variable {
	text := func(s string) expand.Variable {
		return expand.Variable{Set: true, Kind: expand.String, Str: s}
	}
	switch name {
	case "@", "*":
		return expand.Variable{Set: true, Kind: expand.Indexed, List: append([]string{}, sh.params...)}
	case "#":
		return text(strconv.Itoa(len(sh.params)))
	case "?":
		return text(strconv.Itoa(sh.status))
	case "-":
		return text(sh.opts.letters())
	case "$":
		return text(strconv.Itoa(sh.pid))
	case "PPID":
		return text(strconv.Itoa(sh.ppid))
	case "!":
		if len(sh.jobs) == 0 {
			return expand.Variable{}
		}
		return text(strconv.Itoa(sh.jobs[len(sh.jobs)-1].process.pid))
	case "0":
		return text(sh.name)
	case "RANDOM":
		return text(strconv.Itoa(rand.IntN(32768)))
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n < 1 || n > len(sh.params) {
			return expand.Variable{}
		}
		return text(sh.params[n-1])
	}
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		if user == "root" {
			return text("/root")
		}
		return text("~" + user)
	}
	return sh.vars[name]
}

var errReadOnly = errors.New("is read only")

// assign sets, changes or, if it is not Set, removes a variable.
func (sh *shell) assign(name string, v expand.Variable) error {
	old := sh.vars[name]
	if v.Kind == expand.KeepValue {
		v.Set, v.Kind, v.Str = old.Set, old.Kind, old.Str
	} else if old.ReadOnly {
		return fmt.Errorf("%s: %w", name, errReadOnly)
	}
	grown := sh.bytes + len(v.Str) - len(old.Str)
	if len(v.Str) > maxValue || grown > maxVariables || len(sh.vars) > maxFields {
		panic(outOfMemory{})
	}
	sh.process.hold(grown - sh.bytes)
	sh.bytes = grown
	if !v.Declared() {
		delete(sh.vars, name)
		return nil
	}
	v.Exported = v.Exported || old.Exported && v.Set || sh.opts.allExport && v.Set
	sh.vars[name] = v
	return nil
}

// setVar sets a variable, which must not be read-only, to a text.
func (sh *shell) setVar(name, value string) {
	if err := sh.assign(name, expand.Variable{Set: true, Kind: expand.String, Str: value}); err != nil {
		sh.complain("%v", err)
		sh.status = 1
	}
}

// exported is the environment for a program.
func (sh *shell) exported() []string {
	var env []string
	for _, name := range slices.Sorted(maps.Keys(sh.vars)) {
		if v := sh.vars[name]; v.Exported && v.Set {
			env = append(env, name+"="+v.Str)
		}
	}
	return env
}

// enter opens a scope for a function's local variables.
func (sh *shell) enter() { sh.scopes = append(sh.scopes, scope{}) }

// leave restores what local variables of the innermost function hid.
func (sh *shell) leave() {
	top := sh.scopes[len(sh.scopes)-1]
	sh.scopes = sh.scopes[:len(sh.scopes)-1]
	sh.restore(top)
}

// restore puts variables back, whatever they are now.
func (sh *shell) restore(saved scope) {
	for name, v := range saved {
		grown := len(v.Str) - len(sh.vars[name].Str)
		sh.bytes += grown
		sh.process.hold(grown)
		if v.Declared() {
			sh.vars[name] = v
		} else {
			delete(sh.vars, name)
		}
	}
}

// local makes a variable local to the innermost function.
func (sh *shell) local(name string) {
	top := sh.scopes[len(sh.scopes)-1]
	if _, ok := top[name]; !ok {
		top[name] = sh.vars[name]
	}
}
