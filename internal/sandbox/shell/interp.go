package shell

import (
	"errors"
	"io"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/syntax"
)

// stmts runs commands one after the other.
func (sh *shell) stmts(list []*syntax.Stmt) {
	for _, st := range list {
		sh.stmt(st)
	}
}

// runLast runs the commands of a subshell, the last of which may replace it.
func (sh *shell) runLast(list []*syntax.Stmt) {
	for i, st := range list {
		sh.last = i == len(list)-1
		sh.stmt(st)
	}
}

// stmt runs a command with its redirections, in the background if it says so.
func (sh *shell) stmt(st *syntax.Stmt) {
	sh.poll()
	if sh.stopped() || sh.opts.noExec {
		return
	}
	sh.expanded = 0
	sh.line = int(st.Pos().Line())
	last := sh.last && !st.Negated && !st.Background
	sh.last = false
	if st.Background {
		sh.background(st)
		return
	}
	if st.Negated {
		sh.noErr++
	}
	sh.redirected(st, last)
	if st.Negated {
		sh.noErr--
		sh.negate()
	}
	if and, ok := st.Cmd.(*syntax.BinaryCmd); ok && (and.Op == syntax.AndStmt || and.Op == syntax.OrStmt) {
		return // "set -e" looked at its last command already
	}
	if sh.status != 0 && sh.opts.errExit && sh.noErr == 0 && !st.Negated && sh.ctl == normal {
		sh.ctl = exiting
	}
}

func (sh *shell) negate() {
	if sh.ctl != normal {
		return
	}
	if sh.status == 0 {
		sh.status = 1
	} else {
		sh.status = 0
	}
}

// redirected runs a command between its redirections and their undoing.
func (sh *shell) redirected(st *syntax.Stmt, last bool) {
	undo, err := sh.redirect(st.Redirs)
	keep := false
	if err != nil {
		sh.complain("%v", err)
		sh.status = 1
		if name, ok := specialName(st.Cmd); ok && name != "exec" || sh.ctl == exiting {
			sh.exit(2)
		} else if name == "exec" {
			sh.exit(1)
		}
	} else if st.Cmd != nil {
		sh.last = last
		sh.command(st.Cmd)
		sh.last = false
		keep, sh.keep = sh.keep, false
	} else {
		sh.status = 0
	}
	undo(keep)
}

// specialName is the name of the special builtin that a command calls, if it does.
func specialName(cmd syntax.Command) (string, bool) {
	call, ok := cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return "", false
	}
	name := call.Args[0].Lit()
	return name, special(name)
}

// command runs a command by its kind.
func (sh *shell) command(cmd syntax.Command) {
	last := sh.last
	sh.last = false
	switch cmd := cmd.(type) {
	case *syntax.CallExpr:
		sh.last = last
		sh.call(cmd)
	case *syntax.Block:
		sh.last = last
		sh.block(cmd.Stmts)
	case *syntax.Subshell:
		sh.last = last
		sh.parenthesis(cmd)
	case *syntax.BinaryCmd:
		sh.binary(cmd)
	case *syntax.IfClause:
		sh.ifClause(cmd)
	case *syntax.WhileClause:
		sh.while(cmd)
	case *syntax.ForClause:
		sh.forClause(cmd)
	case *syntax.CaseClause:
		sh.caseClause(cmd)
	case *syntax.FuncDecl:
		sh.define(cmd)
	case *syntax.ArithmCmd:
		n, ok := sh.arithmetic(cmd.X)
		sh.truth(ok && n != 0)
	case *syntax.LetClause:
		sh.let(cmd)
	case *syntax.TestClause:
		sh.truth(sh.extendedTest(cmd.X))
	case *syntax.DeclClause:
		sh.declare(cmd)
	case *syntax.TimeClause:
		sh.time(cmd)
	default:
		sh.complain("unsupported command")
		sh.status = 2
	}
}

// truth sets the status of a condition, unless an error has set it.
func (sh *shell) truth(ok bool) {
	switch {
	case sh.ctl != normal:
	case ok:
		sh.status = 0
	default:
		sh.status = 1
	}
}

func (sh *shell) block(list []*syntax.Stmt) {
	if sh.last {
		sh.runLast(list)
		return
	}
	sh.stmts(list)
}

// parenthesis runs commands in a subshell and waits for it. A subshell that has nothing else to do
// needs no other one: the process id of "(…) &" is that of the shell in which the commands run.
func (sh *shell) parenthesis(cmd *syntax.Subshell) {
	if sh.last && sh.child && len(sh.traps) == 0 {
		sh.runLast(cmd.Stmts)
		return
	}
	sh.last = false
	child, err := sh.spawn(nil, func(sub *shell) int {
		sub.runLast(cmd.Stmts)
		return sub.finish()
	})
	if err != nil {
		sh.cannotFork(err)
		return
	}
	sh.status = sh.await(child)
}

// spawn runs main in a subshell, in another process. The text is for ps; nil means the shell's own.
func (sh *shell) spawn(argv []string, main func(*shell) int) (*Process, error) {
	if argv == nil {
		argv = sh.process.Argv()
	}
	if sh.depth >= maxDepth {
		return nil, syscall.EAGAIN
	}
	child, err := sh.container.fork(sh.process, argv)
	if err != nil {
		return nil, err
	}
	sub := sh.subshell(child)
	go child.run(func() int { return main(sub) })
	return child, nil
}

// cannotFork ends a shell that has no room for a process, as ash does.
func (sh *shell) cannotFork(err error) {
	if errors.Is(err, ErrEnded) {
		sh.exit(2)
		return
	}
	sh.complain("can't fork: Resource temporarily unavailable")
	sh.exit(2)
}

// await waits for a child, or until the shell itself is killed.
func (sh *shell) await(child *Process) int {
	select {
	case <-child.done:
		return child.status
	case <-sh.process.ctx.Done():
		sh.ctl = exiting
		return sh.status
	}
}

// binary is "a && b", "a || b" and pipelines.
func (sh *shell) binary(cmd *syntax.BinaryCmd) {
	switch cmd.Op {
	case syntax.AndStmt, syntax.OrStmt:
		sh.noErr++
		sh.stmt(cmd.X)
		sh.noErr--
		if !sh.stopped() && (sh.status == 0) == (cmd.Op == syntax.AndStmt) {
			sh.stmt(cmd.Y)
		}
	default:
		sh.pipeline(cmd)
	}
}

// stage is a command of a pipeline.
type stage struct {
	stmt *syntax.Stmt
	both bool // |& pipes the standard error too
}

func stages(cmd *syntax.BinaryCmd) []stage {
	var list []stage
	if left, ok := cmd.X.Cmd.(*syntax.BinaryCmd); ok && isPipe(left) && len(cmd.X.Redirs) == 0 && !cmd.X.Negated {
		list = stages(left)
		list[len(list)-1].both = cmd.Op == syntax.PipeAll
	} else {
		list = []stage{{cmd.X, cmd.Op == syntax.PipeAll}}
	}
	if right, ok := cmd.Y.Cmd.(*syntax.BinaryCmd); ok && isPipe(right) && len(cmd.Y.Redirs) == 0 && !cmd.Y.Negated {
		return append(list, stages(right)...)
	}
	return append(list, stage{stmt: cmd.Y})
}

func isPipe(cmd *syntax.BinaryCmd) bool { return cmd.Op == syntax.Pipe || cmd.Op == syntax.PipeAll }

// pipeline runs each command in a subshell and waits for all of them.
func (sh *shell) pipeline(cmd *syntax.BinaryCmd) {
	children, err := sh.startPipeline(stages(cmd))
	if err != nil {
		for _, child := range children {
			child.Kill()
		}
		sh.cannotFork(err)
		return
	}
	failed := 0
	for _, child := range children {
		sh.status = sh.await(child)
		if sh.status != 0 {
			failed = sh.status
		}
	}
	if sh.opts.pipeFail && failed != 0 {
		sh.status = failed
	}
}

func (sh *shell) startPipeline(list []stage) ([]*Process, error) {
	var children []*Process
	var input *openFile
	for i, st := range list {
		in, next := input, (*pipe)(nil)
		if i < len(list)-1 {
			next = newPipe()
			input = opened(pipeReader{next})
		}
		child, err := sh.spawn(nil, func(sub *shell) int {
			if in != nil {
				sub.process.fds.set(0, in)
			}
			if next != nil {
				out := opened(pipeWriter{next})
				if st.both {
					sub.process.fds.set(2, out.dup())
				}
				sub.process.fds.set(1, out)
			}
			sub.runLast([]*syntax.Stmt{st.stmt})
			return sub.finish()
		})
		if err != nil {
			if in != nil {
				in.release()
			}
			if next != nil {
				input.release()
			}
			return children, err
		}
		children = append(children, child)
	}
	return children, nil
}

// background starts a command as a job. Without job control its input is empty.
func (sh *shell) background(st *syntax.Stmt) {
	run := *st
	run.Background = false
	child, err := sh.spawn(nil, func(sub *shell) int {
		sub.process.fds.set(0, opened(textFile{strings.NewReader("")}))
		sub.process.setAction(SIGINT, ignore)
		sub.process.setAction(SIGQUIT, ignore)
		sub.noErr = 0
		sub.runLast([]*syntax.Stmt{&run})
		return sub.finish()
	})
	if err != nil {
		sh.cannotFork(err)
		return
	}
	sh.addJob(&job{process: child, text: source(&run)})
	sh.status = 0
}

// source prints a command as a script would have it.
func source(node syntax.Node) string {
	var b strings.Builder
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, node); err != nil {
		return "?"
	}
	return strings.TrimSpace(b.String())
}

// poll runs the traps of signals that have arrived.
func (sh *shell) poll() {
	for !sh.inTrap && sh.ctl != exiting {
		s, ok := sh.process.caught()
		if !ok || sh.process.ctx.Err() != nil {
			return
		}
		if action := sh.traps[s]; action != "" {
			sh.trapped(action)
		} else if s == SIGINT && sh.interactive {
			sh.ctl = interrupted
		}
	}
}

// trapped runs the action of a trap. It does not change the status.
func (sh *shell) trapped(action string) {
	status, ctl, count, last := sh.status, sh.ctl, sh.ctlCount, sh.last
	sh.inTrap, sh.ctl, sh.last = true, normal, false
	sh.noErr++
	sh.evalText(action)
	sh.noErr--
	sh.inTrap = false
	if sh.ctl == exiting {
		return
	}
	sh.status, sh.ctl, sh.ctlCount, sh.last = status, ctl, count, last
}

// evalText runs a script in this shell. It returns false if it cannot be parsed.
func (sh *shell) evalText(text string) bool {
	file, err := parse(text)
	if err != nil {
		sh.complain("%v", err)
		sh.status = 2
		return false
	}
	if !sh.descend() {
		return true
	}
	defer sh.ascend()
	if len(file.Stmts) == 0 {
		sh.status = 0
	}
	sh.stmts(file.Stmts)
	return true
}

// descend notes that a function, eval or script begins. Endless recursion ends here, and not with our stack.
func (sh *shell) descend() bool {
	if sh.depth >= maxDepth {
		sh.complain("maximum nesting level exceeded (%d)", maxDepth)
		sh.exit(2)
		return false
	}
	sh.depth++
	return true
}

func (sh *shell) ascend() { sh.depth-- }

// trace prints a command for "set -x".
func (sh *shell) trace(words []string) {
	if !sh.opts.xTrace || len(words) == 0 {
		return
	}
	io.WriteString(sh.Stderr, sh.vars["PS4"].String()+strings.Join(words, " ")+"\n")
}
