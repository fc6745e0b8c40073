package shell

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// condition runs the commands of a condition.
func (sh *shell) condition(list []*syntax.Stmt) bool {
	sh.noErr++
	sh.stmts(list)
	sh.noErr--
	return sh.status == 0 && !sh.stopped()
}

func (sh *shell) ifClause(cmd *syntax.IfClause) {
	for cmd != nil {
		isElse := len(cmd.Cond) == 0
		if isElse || sh.condition(cmd.Cond) {
			sh.stmts(cmd.Then)
			return
		}
		if sh.ctl != normal {
			return
		}
		cmd = cmd.Else
	}
	sh.status = 0
}

func (sh *shell) while(cmd *syntax.WhileClause) {
	status := 0
	for {
		sh.loops++
		met := sh.condition(cmd.Cond)
		sh.loops--
		if sh.ctl != normal {
			if sh.leaveLoop() {
				return
			}
			continue
		}
		if met == cmd.Until {
			sh.status = status
			return
		}
		if sh.loopBody(cmd.Do) {
			return
		}
		status = sh.status
	}
}

// loopBody runs a loop's commands once and says whether the loop ends.
func (sh *shell) loopBody(list []*syntax.Stmt) bool {
	sh.loops++
	sh.stmts(list)
	sh.loops--
	sh.poll()
	return sh.stopped() && sh.leaveLoop()
}

// leaveLoop handles break and continue, and says whether the loop at hand ends.
func (sh *shell) leaveLoop() bool {
	switch sh.ctl {
	case breaking, continuing:
		sh.ctlCount--
		if sh.ctlCount > 0 {
			return true
		}
		end := sh.ctl == breaking
		sh.ctl = normal
		return end
	}
	return sh.ctl != normal
}

func (sh *shell) forClause(cmd *syntax.ForClause) {
	switch loop := cmd.Loop.(type) {
	case *syntax.WordIter:
		items := sh.params
		if loop.InPos.IsValid() {
			var ok bool
			if items, ok = sh.fields(loop.Items); !ok {
				return
			}
		}
		sh.status = 0
		for _, item := range items {
			sh.setVar(loop.Name.Value, item)
			if sh.loopBody(cmd.Do) {
				return
			}
		}
	case *syntax.CStyleLoop:
		sh.cStyle(loop, cmd.Do)
	}
}

func (sh *shell) cStyle(loop *syntax.CStyleLoop, body []*syntax.Stmt) {
	step := func(expr syntax.ArithmExpr) (int, bool) {
		if expr == nil {
			return 1, true
		}
		return sh.arithmetic(expr)
	}
	if _, ok := step(loop.Init); !ok {
		return
	}
	sh.status = 0
	for {
		if n, ok := step(loop.Cond); !ok || n == 0 {
			return
		}
		if sh.loopBody(body) {
			return
		}
		if _, ok := step(loop.Post); !ok {
			return
		}
	}
}

func (sh *shell) caseClause(cmd *syntax.CaseClause) {
	word, ok := sh.text(cmd.Word)
	if !ok {
		return
	}
	sh.status = 0
	through := false
	for _, item := range cmd.Items {
		if !through && !sh.matchesAny(item.Patterns, word) {
			continue
		}
		sh.stmts(item.Stmts)
		switch item.Op {
		case syntax.Fallthrough:
			through = true
		case syntax.Resume:
			through = false
		default:
			return
		}
	}
}

func (sh *shell) matchesAny(patterns []*syntax.Word, word string) bool {
	for _, p := range patterns {
		if match(sh.pattern(p), word) {
			return true
		}
	}
	return false
}

// match compares with a shell pattern. A malformed one matches nothing.
func match(pat, s string) bool {
	expr, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return pat == s
	}
	re, err := regexp.Compile(expr)
	return err == nil && re.MatchString(s)
}

func (sh *shell) define(cmd *syntax.FuncDecl) {
	if cmd.Name == nil {
		sh.complain("unsupported function declaration")
		sh.status = 2
		return
	}
	sh.funcs[cmd.Name.Value] = cmd.Body
	sh.status = 0
}

// function calls a function with arguments.
func (sh *shell) function(body *syntax.Stmt, args []string) {
	if !sh.descend() {
		return
	}
	defer sh.ascend()
	params, loops := sh.params, sh.loops
	sh.params, sh.loops = args, 0
	sh.enter()
	sh.stmt(body)
	sh.leave()
	sh.params, sh.loops = params, loops
	if sh.ctl == returning {
		sh.ctl = normal
	}
}

func (sh *shell) let(cmd *syntax.LetClause) {
	n := 0
	for _, expr := range cmd.Exprs {
		if expr = sh.letArgument(expr); expr == nil {
			return
		}
		var ok bool
		if n, ok = sh.arithmetic(expr); !ok {
			return
		}
	}
	sh.truth(n != 0)
}

// letArgument parses a quoted argument of let, which is one word for the parser.
func (sh *shell) letArgument(expr syntax.ArithmExpr) syntax.ArithmExpr {
	word, ok := expr.(*syntax.Word)
	if !ok {
		return expr
	}
	text, ok := sh.text(word)
	if !ok || nesting(text) > maxNesting {
		return nil
	}
	parsed, err := syntax.NewParser().Arithmetic(strings.NewReader(text))
	if err != nil {
		sh.complain("%v", syntaxError(err))
		sh.status = 2
		return nil
	}
	return parsed
}

// time runs a command and says how long it took, by the container's clock.
func (sh *shell) time(cmd *syntax.TimeClause) {
	start := sh.Now()
	if cmd.Stmt != nil {
		sh.stmt(cmd.Stmt)
	}
	d := sh.Now().Sub(start)
	format := func(d time.Duration) string {
		return fmt.Sprintf("%dm %.2fs", int(d.Minutes()), (d % time.Minute).Seconds())
	}
	fmt.Fprintf(sh.Stderr, "real\t%s\nuser\t%s\nsys\t%s\n", format(d), format(0), format(0))
}
