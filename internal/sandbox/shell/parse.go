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

// nesting says how deeply the parser, and everything after it, would recurse into a script: the
// brackets and compound commands that are open at a time, as if none of them were quoted. Commands
// are given ten times as much room as brackets, since "if" is a word of prose too.
func nesting(text string) int {
	brackets, words, run, deepest := 0, 0, 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case strings.HasPrefix(text[i:], "()"):
			run++ // "f() f() f() …" is a function in a function
		case c == '(' || c == '{' || c == '[':
			brackets++
		case c == ')' || c == '}' || c == ']':
			brackets = max(0, brackets-1)
		case strings.IndexByte("`!~-+?=*<>|&,", c) >= 0:
			run++ // an operator may begin a level too, up to the end of its line or bracket
		case c == '\n' && brackets == 0:
			run = 0
		case isLower(c):
			n := digits(text[i:], len(text), "abcdefghijklmnopqrstuvwxyz")
			words = max(0, words+level(text[i:i+n]))
			i += n - 1
		}
		deepest = max(deepest, brackets+words/10+run/64)
	}
	return deepest
}

// level is what a word adds to the depth of commands.
func level(word string) int {
	switch word {
	case "if", "while", "until", "for", "case", "time", "function", "elif":
		return 1
	case "fi", "done", "esac":
		return -1
	}
	return 0
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
