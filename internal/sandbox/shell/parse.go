package shell

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/syntax"
)

var errNoEntry error = syscall.ENOENT

// parse reads a script and refuses what this shell does not do.
func parse(text string) (*syntax.File, error) {
	if len(text) > maxScript {
		return nil, errors.New("script is too long")
	}
	if nesting(text) > maxNesting {
		return nil, errors.New("script is nested too deeply")
	}
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return nil, syntaxError(err)
	}
	return file, check(file.Stmts)
}

// syntaxError puts a parser's error into the words of a shell.
func syntaxError(err error) error {
	var parseErr syntax.ParseError
	var langErr syntax.LangError
	switch {
	case errors.As(err, &parseErr):
		return fmt.Errorf("syntax error: line %d: %s", parseErr.Pos.Line(), parseErr.Text)
	case errors.As(err, &langErr):
		return fmt.Errorf("syntax error: line %d: %s", langErr.Pos.Line(), langErr.Feature)
	}
	return err
}

// nesting is an upper bound for how deeply the parser could recurse into a script. It counts
// brackets as if all of them opened something and none were quoted, less those that close.
func nesting(text string) int {
	depth, deepest, flat := 0, 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth = max(0, depth-1)
		case '`', '!', '~', '?', '-', '+':
			flat++ // each may be a level of its own in an expression
		case '\n':
			flat = 0
		}
		deepest = max(deepest, depth+flat/64)
	}
	for _, word := range []string{"if", "while", "until", "for", "case", "time", "function"} {
		deepest = max(deepest, strings.Count(text, word+" ")/16)
	}
	return deepest
}

// check refuses what this shell does not do, before anything has run.
func check(stmts []*syntax.Stmt) error {
	var err error
	refuse := func(node syntax.Node, what string) {
		if err == nil {
			err = fmt.Errorf("line %d: %s", node.Pos().Line(), what)
		}
	}
	for _, stmt := range stmts {
		syntax.Walk(stmt, func(node syntax.Node) bool {
			switch node := node.(type) {
			case *syntax.ProcSubst:
				refuse(node, "process substitution is not supported")
			case *syntax.CoprocClause:
				refuse(node, "coproc is not supported")
			case *syntax.ArrayExpr:
				refuse(node, "arrays are not supported")
			case *syntax.Assign:
				if node.Index != nil {
					refuse(node, "arrays are not supported")
				}
			case *syntax.ParamExp:
				if node.Index != nil || node.Names != 0 {
					refuse(node, "arrays are not supported")
				}
			case *syntax.ForClause:
				if node.Select {
					refuse(node, "select is not supported")
				}
			case *syntax.Redirect:
				if node.N != nil && strings.HasPrefix(node.N.Value, "{") {
					refuse(node, "{name} redirections are not supported")
				}
			}
			return err == nil
		})
	}
	return err
}
