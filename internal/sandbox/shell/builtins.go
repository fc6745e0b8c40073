package shell

import (
	"errors"
	"io"
	"io/fs"

	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// builtin is a command of the shell itself. It gets the arguments after its name and returns the status.
type builtin func(sh *shell, args []string) int

// builtins are all of them.
func builtins() map[string]builtin {
	return map[string]builtin{
		":": succeed, "true": succeed, "false": inShell("false", falseProgram),
		".": dotBuiltin, "source": dotBuiltin, "break": breakLoop, "builtin": builtinCommand, "cd": cd,
		"command": commandBuiltin, "continue": continueLoop, "echo": inShell("echo", echoProgram), "eval": eval, "exec": execBuiltin,
		"exit": exitBuiltin, "getopts": getopts, "hash": succeed, "jobs": jobsBuiltin, "kill": killBuiltin,
		"printf": inShell("printf", printfProgram), "pwd": pwd, "read": readBuiltin, "return": returnBuiltin,
		"set": set, "shift": shift, "test": inShell("test", testProgram), "[": inShell("[", testProgram),
		"times": times, "trap": trap, "type": typeBuiltin, "ulimit": ulimit, "umask": umask, "unset": unset, "wait": wait,
	}
}

// special says whether name is one of POSIX' special builtins: functions do not hide them and
// errors in them end the shell.
func special(name string) bool {
	return slices.Contains([]string{
		":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift",
		"source", "times", "trap", "unset",
	}, name)
}

func succeed(*shell, []string) int { return 0 }

// inShell makes a builtin of a program that needs no process of its own.
func inShell(name string, run Program) builtin {
	return func(sh *shell, args []string) int {
		p := *sh.Proc
		p.Args = append([]string{name}, args...)
		return run(sh.process.ctx, &p)
	}
}

// numeric reads an argument that has to be a number.
func (sh *shell) numeric(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		sh.complain("Illegal number: %s", s)
		return 0, false
	}
	return n, true
}

func exitBuiltin(sh *shell, args []string) int {
	status := sh.status
	if len(args) > 0 {
		n, ok := sh.numeric(args[0])
		if !ok {
			n = 2
		}
		status = n
	}
	sh.exit(status)
	return sh.status
}

func returnBuiltin(sh *shell, args []string) int {
	status := sh.status
	if len(args) > 0 {
		n, ok := sh.numeric(args[0])
		if !ok {
			n = 2
		}
		status = n & 0xff
	}
	sh.ctl = returning
	return status
}

func breakLoop(sh *shell, args []string) int    { return sh.loopControl(breaking, args) }
func continueLoop(sh *shell, args []string) int { return sh.loopControl(continuing, args) }

func (sh *shell) loopControl(ctl control, args []string) int {
	n := 1
	if len(args) > 0 {
		var ok bool
		if n, ok = sh.numeric(args[0]); !ok || n == 0 {
			return 2
		}
	}
	if sh.loops > 0 {
		sh.ctl, sh.ctlCount = ctl, min(n, sh.loops)
	}
	return 0
}

func eval(sh *shell, args []string) int {
	sh.status = 0
	sh.evalText(strings.Join(args, " "))
	return sh.status
}

// dotBuiltin runs a script in this shell. It is looked for on the PATH, then in the working directory.
func dotBuiltin(sh *shell, args []string) int {
	if len(args) == 0 {
		return 0
	}
	name := sh.scriptPath(args[0])
	text, err := sh.files.ReadFile(sh.Path(name), maxScript)
	if err != nil {
		sh.complain("can't open '%s': %s", args[0], files.Reason(err))
		if sh.sourcing == 0 && !sh.tty {
			sh.exit(2)
		}
		return 2
	}
	params := sh.params
	if len(args) > 1 {
		sh.params = args[1:]
	}
	sh.sourcing++
	sh.evalText(string(text))
	sh.sourcing--
	if len(args) > 1 {
		sh.params = params
	}
	if sh.ctl == returning {
		sh.ctl = normal
	}
	return sh.status
}

func (sh *shell) scriptPath(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	for _, dir := range strings.Split(sh.vars["PATH"].String(), ":") {
		full := absolute(sh.Dir, strings.TrimSuffix(dir, "/")+"/"+name)
		if info, err := sh.files.Stat(full); err == nil && info.Mode().IsRegular() {
			return full
		}
	}
	return name
}

func execBuiltin(sh *shell, args []string) int {
	if len(args) == 0 {
		sh.keep = true
		return 0
	}
	prog, err := sh.container.load(sh.Dir, sh.vars["PATH"].String(), args)
	if err != nil {
		sh.exit(sh.cannotRun(args[0], err))
		return sh.status
	}
	sh.exit(sh.become(prog))
	return sh.status
}

func builtinCommand(sh *shell, args []string) int {
	if len(args) == 0 {
		return 0
	}
	run, ok := sh.builtins[args[0]]
	if !ok {
		sh.complain("%s: not found", args[0])
		return 127
	}
	return run(sh, args[1:])
}

// commandBuiltin runs a command without looking for a function, or says what it is.
func commandBuiltin(sh *shell, args []string) int {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-v", "-V":
			return sh.describeAll(args[1:], args[0] == "-V")
		case "-p", "--":
		default:
			sh.complain("illegal option %s", args[0])
			return 2
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return 0
	}
	if run, ok := sh.builtins[args[0]]; ok {
		return run(sh, args[1:])
	}
	sh.external(args)
	return sh.status
}

func typeBuiltin(sh *shell, args []string) int { return sh.describeAll(args, true) }

func (sh *shell) describeAll(names []string, long bool) int {
	status := 0
	for _, name := range names {
		text, ok := sh.describe(name, long)
		if !ok {
			status = 127
		}
		if ok || long {
			sh.printf("%s\n", text)
		}
	}
	return status
}

// describe says what a command name stands for.
func (sh *shell) describe(name string, long bool) (string, bool) {
	say := func(short, what string) (string, bool) {
		if long {
			return name + what, true
		}
		return short, true
	}
	if isKeyword(name) {
		return say(name, " is a shell keyword")
	}
	if sh.funcs[name] != nil {
		return say(name, " is a function")
	}
	if special(name) {
		return say(name, " is a special shell builtin")
	}
	if _, ok := sh.builtins[name]; ok {
		return say(name, " is a shell builtin")
	}
	found, err := sh.container.find(sh.Dir, sh.vars["PATH"].String(), name)
	if err != nil {
		return name + ": not found", false
	}
	return say(found, " is "+found)
}

func isKeyword(name string) bool {
	return slices.Contains(strings.Fields("! { } [[ ]] if then else elif fi for while until do done case esac in function time local"), name)
}

func shift(sh *shell, args []string) int {
	n := 1
	if len(args) > 0 {
		var ok bool
		if n, ok = sh.numeric(args[0]); !ok {
			return 2
		}
	}
	if n > len(sh.params) {
		return 1
	}
	sh.params = sh.params[n:]
	return 0
}

// set changes options and positional parameters, or lists variables.
func set(sh *shell, args []string) int {
	if len(args) == 0 {
		sh.list("", func(name string) bool { return sh.vars[name].Set })
		return 0
	}
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			sh.params = args
			return 0
		}
		on := arg[0] == '-'
		for _, c := range arg[1:] {
			err := error(nil)
			switch {
			case c != 'o':
				err = sh.opts.set(c, on)
			case len(args) == 0:
				sh.listOptions()
			default:
				err = sh.opts.setName(args[0], on)
				args = args[1:]
			}
			if err != nil {
				sh.complain("%v", err)
				sh.exit(2)
				return 2
			}
		}
	}
	if len(args) > 0 {
		sh.params = args
	}
	return 0
}

func (sh *shell) listOptions() {
	flags := sh.opts.flags()
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		state := "off"
		if *flags[name] {
			state = "on"
		}
		sh.printf("%-16s%s\n", name, state)
	}
}

// list prints variables so that a shell can read them.
func (sh *shell) list(prefix string, wanted func(string) bool) {
	for _, name := range slices.Sorted(maps.Keys(sh.vars)) {
		if !wanted(name) {
			continue
		}
		v := sh.vars[name]
		line := prefix + name
		if v.Set {
			line += "='" + strings.ReplaceAll(v.Str, "'", `'"'"'`) + "'"
		}
		sh.printf("%s\n", line)
	}
}

func unset(sh *shell, args []string) int {
	functions := false
	for len(args) > 0 && (args[0] == "-f" || args[0] == "-v") {
		functions = args[0] == "-f"
		args = args[1:]
	}
	for _, name := range args {
		if functions {
			delete(sh.funcs, name)
			continue
		}
		if sh.vars[name].ReadOnly {
			sh.complain("%s: is read only", name)
			return 2
		}
		sh.bytes -= len(sh.vars[name].Str)
		delete(sh.vars, name)
	}
	return 0
}

// cd changes the directory. As POSIX has it by default, ".." takes a name off the path.
func cd(sh *shell, args []string) int {
	physical := false
	for len(args) > 0 && (args[0] == "-L" || args[0] == "-P" || args[0] == "--") {
		physical = args[0] == "-P"
		args = args[1:]
	}
	target := sh.vars["HOME"].String()
	if len(args) > 0 {
		target = args[0]
	}
	back := target == "-"
	if back {
		target = sh.vars["OLDPWD"].String()
	}
	dir, err := sh.directory(target, physical)
	if err != nil {
		sh.complain("can't cd to %s: %s", target, files.Reason(err))
		return 2
	}
	sh.setVar("OLDPWD", sh.Dir)
	sh.Dir = dir
	sh.setVar("PWD", dir)
	if back {
		sh.printf("%s\n", dir)
	}
	return 0
}

// directory finds a directory for cd.
func (sh *shell) directory(name string, physical bool) (string, error) {
	if name == "" {
		return sh.Dir, nil
	}
	full := sh.Path(name)
	if !physical {
		full = path.Clean(full) // "." and ".." go without a look at the disk
	}
	info, err := sh.files.Stat(full)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", errNotDir
	}
	if physical {
		return sh.files.RealPath(full)
	}
	return full, nil
}

func pwd(sh *shell, args []string) int {
	if len(args) > 0 && args[0] == "-P" {
		dir, err := sh.files.RealPath(sh.Dir)
		if err != nil {
			sh.complain("%s", files.Reason(err))
			return 1
		}
		sh.printf("%s\n", dir)
		return 0
	}
	sh.printf("%s\n", sh.Dir)
	return 0
}

func umask(sh *shell, args []string) int {
	if len(args) == 0 {
		sh.printf("%04o\n", sh.process.umask)
		return 0
	}
	n, err := strconv.ParseUint(args[0], 8, 9)
	if err != nil {
		sh.complain("illegal mode: %s", args[0])
		return 2
	}
	sh.process.umask = fs.FileMode(n)
	return 0
}

func ulimit(sh *shell, args []string) int {
	if len(args) == 0 || strings.HasPrefix(args[len(args)-1], "-") {
		sh.printf("unlimited\n")
	}
	return 0
}

func times(sh *shell, _ []string) int {
	sh.printf("0m0.00s 0m0.00s\n0m0.00s 0m0.00s\n")
	return 0
}

// getopts steps through options, as POSIX describes.
func getopts(sh *shell, args []string) int {
	if len(args) < 2 {
		sh.complain("usage: getopts optstring var [arg]")
		return 2
	}
	spec, name := args[0], args[1]
	params := sh.params
	if len(args) > 2 {
		params = args[2:]
	}
	index, _ := strconv.Atoi(sh.vars["OPTIND"].String())
	g := option{spec: strings.TrimPrefix(spec, ":"), silent: strings.HasPrefix(spec, ":"), params: params, index: max(index, 1), pos: sh.optind}
	if index == 1 && sh.optind < 0 {
		g.pos = 0
	}
	found, arg, err := g.next()
	if err != nil {
		io.WriteString(sh.Stderr, err.Error()+"\n")
	}
	sh.optind = g.pos
	sh.setVar("OPTIND", strconv.Itoa(g.index))
	sh.setVar(name, found)
	if arg == nil {
		unset(sh, []string{"OPTARG"})
	} else {
		sh.setVar("OPTARG", *arg)
	}
	if g.done {
		return 1
	}
	return 0
}

// option is the state of getopts.
type option struct {
	spec   string
	silent bool
	params []string
	index  int // of the argument at hand, from 1
	pos    int // in that argument, behind the letters that were taken
	done   bool
}

// next returns the next option letter, its argument if it has one, and a complaint.
func (g *option) next() (string, *string, error) {
	if g.index > len(g.params) {
		return g.end()
	}
	word := g.params[g.index-1]
	if g.pos == 0 {
		if word == "--" {
			g.index++
			return g.end()
		}
		if len(word) < 2 || word[0] != '-' {
			return g.end()
		}
		g.pos = 1
	}
	letter := word[g.pos : g.pos+1]
	g.pos++
	rest := word[g.pos:]
	at := strings.Index(g.spec, letter)
	if rest == "" || at >= 0 && strings.HasPrefix(g.spec[at+1:], ":") {
		g.index, g.pos = g.index+1, 0
	}
	switch {
	case at < 0 || letter == ":":
		return g.bad("?", letter, "Illegal option -"+letter)
	case !strings.HasPrefix(g.spec[at+1:], ":"):
		return letter, nil, nil
	case rest != "":
		return letter, &rest, nil
	case g.index > len(g.params):
		return g.bad(":", letter, "No arg for -"+letter+" option")
	}
	arg := g.params[g.index-1]
	g.index++
	return letter, &arg, nil
}

func (g *option) end() (string, *string, error) {
	g.done, g.pos = true, 0
	return "?", nil, nil
}

func (g *option) bad(code, letter, message string) (string, *string, error) {
	if g.silent {
		return code, &letter, nil
	}
	return "?", nil, errors.New(message)
}
