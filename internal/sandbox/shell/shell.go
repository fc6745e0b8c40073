// Package shell runs the commands of simulated containers: an interpreter for sh, and the
// coreutils that container images bring along, over the files of a container.
//
// A Container has processes, and each is a goroutine. Syntax and word expansion are
// mvdan.cc/sh's; commands, redirections, signals, jobs and builtins are this package's, because its
// interp package cannot deliver signals, gives scripts pids and descriptors of the host, and
// panics in goroutines of its own. Nothing here opens a file, looks at one or runs a program of the
// host: files are those of the container's files.Tree, programs are functions in a table.
//
// The words of messages and the exit codes are busybox's. Signals work as Kubernetes users
// meet them: PID 1 gets only signals that it handles; a trap runs when the foreground command has
// ended; "wait" is interrupted.
//
// Deliberately absent: arrays, process substitution, coprocesses, select, aliases, job
// control (fg, bg, stopped jobs), process groups, and terminals with line editing.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

const fileExec = files.Exec

// Limits of one shell. A script that needs more ends with "out of memory" or an error.
const (
	maxScript    = 256 << 10 // bytes of a script; Linux has 128 KiB for an argument
	maxNesting   = 500       // brackets, quotes and compound commands within each other in a script
	maxDepth     = 500       // calls of functions, eval and source within each other
	maxValue     = 4 << 20   // bytes of a variable, or of the output of $(command)
	maxVariables = 16 << 20  // bytes of all variables
	maxExpansion = 32 << 20  // bytes that one command's words may pull out of variables
	maxFields    = 1 << 18   // words of one command
)

// shell is the state of an interpreter. A subshell is a copy in another process.
type shell struct {
	*Proc
	name   string // $0
	label  string // in front of messages: the name without directory
	vars   map[string]expand.Variable
	bytes  int // held by vars
	scopes []scope
	funcs  map[string]*syntax.Stmt
	params []string
	opts   options
	traps  map[Signal]string
	jobs   []*job
	pid    int // $$, which a subshell has from the shell that it came from
	ppid   int

	builtins  map[string]builtin
	expand    *expand.Config
	expanded  int // bytes, by the command at hand
	product   int // see budget
	status    int
	subst     int // status of the last $(command) of the command at hand
	ctl       control
	ctlCount  int    // loops still to leave
	running   string // name of the builtin at hand, for messages
	line      int    // of the command at hand
	loops     int    // loops around the command at hand
	depth     int
	sourcing  int
	noErr     int  // >0 where a failing command does not end a "set -e" shell
	last      bool // the command at hand is the shell's last one and may replace it
	keep      bool // exec without a command: redirections stay
	inTrap    bool
	fromInput bool // -s
	minusC    bool
	optind    int  // position in a group of options, for getopts
	child     bool // subshell

	interactive bool // see beInteractive
}

// control says why commands are being skipped.
type control int

const (
	normal control = iota
	breaking
	continuing
	returning
	interrupted // by Ctrl-C: back to the prompt
	exiting
)

// scope remembers what local variables of a function hide.
type scope map[string]expand.Variable

// job is a background command.
type job struct {
	process *Process
	text    string
}

// runShell is the program sh.
func runShell(ctx context.Context, p *Proc) int {
	sh := newShell(p)
	run, status := sh.parseArgs()
	if run == nil {
		return status
	}
	run()
	return sh.finish()
}

func newShell(p *Proc) *shell {
	sh := &shell{
		Proc:     p,
		name:     p.Args[0],
		label:    p.applet,
		vars:     map[string]expand.Variable{},
		funcs:    map[string]*syntax.Stmt{},
		traps:    map[Signal]string{},
		pid:      p.process.pid,
		ppid:     p.process.ppid,
		builtins: builtins(),
	}
	for _, kv := range p.Env {
		if name, value, ok := strings.Cut(kv, "="); ok && syntax.ValidName(name) {
			// in a new shell, no variable is read-only
			_ = sh.assign(name, expand.Variable{Set: true, Kind: expand.String, Str: value, Exported: true})
		}
	}
	sh.setVar("IFS", " \t\n")
	sh.setVar("OPTIND", "1")
	sh.setVar("PWD", p.Dir)
	for name, value := range map[string]string{"PS1": "\\w \\$ ", "PS2": "> ", "PS4": "+ ", "HOME": "/root"} {
		if !sh.vars[name].IsSet() {
			sh.setVar(name, value)
		}
	}
	sh.configure()
	return sh
}

// subshell copies the shell into another process.
func (sh *shell) subshell(process *Process) *shell {
	sub := *sh
	proc := *sh.Proc
	sub.Proc = &proc
	proc.attach(process)
	proc.applet = sh.applet
	sub.vars = maps.Clone(sh.vars)
	sub.funcs = maps.Clone(sh.funcs)
	sub.scopes = slices.Clone(sh.scopes)
	for i := range sub.scopes {
		sub.scopes[i] = maps.Clone(sub.scopes[i])
	}
	sub.jobs = nil
	sub.last = false
	sub.child = true
	sub.interactive = false
	sub.loops = 0
	sub.expanded, sub.product = 0, 0
	sub.depth++
	sub.traps = map[Signal]string{}
	for s, action := range sh.traps {
		if action == "" {
			sub.traps[s] = action
		}
	}
	sub.configure()
	return &sub
}

// parseArgs understands the shell's own command line. It returns what is to be run.
func (sh *shell) parseArgs() (func(), int) {
	args := sh.Args[1:]
	command := false
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			break
		}
		var err error
		if command, args, err = sh.flag(arg, command, args); err != nil {
			sh.complain("%v", err)
			return nil, 2
		}
	}
	switch {
	case command && len(args) == 0:
		sh.complain("-c requires an argument")
		return nil, 2
	case command:
		if len(args) > 1 {
			sh.name, sh.params = args[1], args[2:]
		}
		return func() { sh.runText(args[0], true) }, 0
	case len(args) > 0 && !sh.fromInput:
		sh.name, sh.params = args[0], args[1:]
		return func() { sh.runFile(args[0]) }, 0
	}
	sh.params = args
	return sh.runInput, 0
}

// flag takes one argument with options of the command line.
func (sh *shell) flag(arg string, command bool, rest []string) (bool, []string, error) {
	for _, c := range arg[1:] {
		switch c {
		case 'c':
			command = true
		case 's':
			sh.fromInput = true
		case 'l', 'i':
		case 'o':
			if len(rest) == 0 {
				return command, rest, errors.New("-o requires an argument")
			}
			if err := sh.opts.setName(rest[0], arg[0] == '-'); err != nil {
				return command, rest, err
			}
			rest = rest[1:]
		default:
			if err := sh.opts.set(c, arg[0] == '-'); err != nil {
				return command, rest, err
			}
		}
	}
	return command, rest, nil
}

// runFile runs a script of the tree.
func (sh *shell) runFile(name string) {
	text, err := sh.files.ReadFile(sh.Path(name), maxScript)
	if err != nil {
		sh.complain("can't open '%s': %s", name, files.Reason(err))
		sh.exit(2)
		return
	}
	sh.label = name
	sh.runText(string(text), false)
}

// runText runs a script. If it is the argument of -c, its last command may replace the shell.
func (sh *shell) runText(text string, minusC bool) {
	sh.minusC = minusC
	file, err := parse(text)
	if err != nil {
		sh.complain("%v", err)
		sh.exit(2)
		return
	}
	for i, stmt := range file.Stmts {
		sh.last = minusC && i == len(file.Stmts)-1
		sh.stmt(stmt)
	}
}

// runInput runs what the standard input says, command by command.
func (sh *shell) runInput() {
	sh.beInteractive()
	for sh.readCommands() {
		sh.atPrompt()
	}
	if sh.interactive && sh.ctl == normal {
		io.WriteString(sh.Stderr, "\n")
	}
}

// readCommands runs commands until the input ends, or somebody interrupts it: then it is true.
func (sh *shell) readCommands() bool {
	sh.prompt("PS1")
	parser := syntax.NewParser()
	input := &scriptReader{read: sh.Stdin.Read}
	if sh.interactive {
		input.read = sh.readTerminal
	}
	for stmts, err := range parser.InteractiveSeq(input) {
		if err == nil {
			err = check(stmts)
		}
		if err != nil {
			return sh.unreadable(err, input)
		}
		if parser.Incomplete() {
			sh.prompt("PS2")
			continue
		}
		sh.ctl = normal
		sh.expanded = 0
		sh.stmts(stmts)
		sh.atPrompt()
		if sh.stopped() {
			return false
		}
		sh.prompt("PS1")
	}
	return input.interrupted
}

// unreadable is the end of a script that cannot be parsed. Whoever types is told, and tries again.
func (sh *shell) unreadable(err error, input *scriptReader) (again bool) {
	switch {
	case input.dead:
		return input.interrupted
	case sh.interactive:
		sh.complain("%v", err)
		sh.status = 2
		return true
	}
	sh.complain("%v", err)
	sh.exit(2)
	return false
}

// scriptReader is the standard input as a script, of limited length between two commands.
type scriptReader struct {
	read        func([]byte) (int, error)
	dead        bool // reading ended otherwise than at the end
	interrupted bool // by Ctrl-C
	total       int
}

// Read hands out lines one by one, so that a command is run before the next one is read.
func (r *scriptReader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		k, err := r.read(b[n : n+1])
		n += k
		if err != nil {
			r.interrupted = errors.Is(err, errInterrupted)
			r.dead = !errors.Is(err, io.EOF)
			return n, err
		}
		if k == 1 && b[n-1] == '\n' {
			break
		}
	}
	if r.total += n; r.total > 64*maxScript {
		return n, errors.New("script is too long")
	}
	return n, nil
}

// prompt prints a prompt if there is a terminal.
func (sh *shell) prompt(name string) {
	if !sh.tty || sh.child {
		return
	}
	dir := sh.Dir
	if home := sh.vars["HOME"].String(); home != "/" && (dir == home || strings.HasPrefix(dir, home+"/")) {
		dir = "~" + strings.TrimPrefix(dir, home)
	}
	text := strings.NewReplacer(`\w`, dir, `\$`, sh.sign(), `\h`, sh.Hostname(), `\u`, sh.userName()).Replace(sh.vars[name].String())
	io.WriteString(sh.Stderr, text)
}

// finish is the end of a shell that was not killed: traps that are due, and the one on EXIT.
func (sh *shell) finish() int {
	sh.poll()
	if action := sh.traps[0]; action != "" && sh.process.ctx.Err() == nil {
		delete(sh.traps, 0)
		status := sh.status
		sh.ctl = normal
		sh.noErr++
		sh.evalText(action)
		if sh.ctl != exiting {
			sh.status = status
		}
	}
	return sh.status
}

// exit makes the shell end with a status.
func (sh *shell) exit(status int) {
	sh.status = status & 0xff
	sh.ctl = exiting
}

// stopped says that the rest of the commands at hand is to be skipped.
func (sh *shell) stopped() bool {
	if sh.process.ctx.Err() != nil {
		sh.ctl = exiting
	}
	return sh.ctl != normal
}

// complain writes a message with the shell's name in front, as busybox does.
func (sh *shell) complain(format string, args ...any) {
	label := sh.label
	if sh.running != "" {
		line := sh.line
		if sh.minusC {
			line-- // as ash counts there
		}
		label += fmt.Sprintf(": %s: line %d", sh.running, line)
	}
	sh.message(label, format, args...)
}
