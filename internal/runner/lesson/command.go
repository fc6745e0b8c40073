package lesson

import (
	"bytes"
	"errors"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// builtins are the commands besides kubectl that a lesson may type: they are
// part of every shell and touch nothing but it.
var builtins = []string{":", "[", "echo", "export", "false", "printf", "read", "set", "test", "true", "unset"}

// script cuts a file with commands into commands.
func (p *parser) script(file string, src []byte) []Command {
	src, ok := p.plain(file, src)
	if !ok {
		return nil
	}
	return p.shell(file, 0, src)
}

// shell cuts src into commands; line is the number of lines of file before it.
// POSIX shell, because learners type it into whatever shell they have.
func (p *parser) shell(file string, line int, src []byte) []Command {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(bytes.NewReader(src), "")
	if err != nil {
		p.shellError(file, line, err)
		return nil
	}
	commands := cutCommands(src, f.Stmts)
	for i := range commands {
		commands[i].File = file
		commands[i].Line += line
		if goesOn(commands[i].Text) {
			p.errorf(position{file, commands[i].Line, 0}, "Remove the backslash at its end.", "the command goes on in a line that is not there")
		}
	}
	p.programs(file, line, src, f)
	return commands
}

func (p *parser) shellError(file string, line int, err error) {
	const remedy = "Write it so that any POSIX shell reads it."
	at := position{file: file, line: line + 1}
	var parseError syntax.ParseError
	var langError syntax.LangError
	switch {
	case errors.As(err, &parseError):
		at.line, at.column = line+int(parseError.Pos.Line()), int(parseError.Pos.Col())
		p.errorf(at, remedy, "the shell cannot read this: %s", parseError.Text)
	case errors.As(err, &langError):
		at.line, at.column = line+int(langError.Pos.Line()), int(langError.Pos.Col())
		p.errorf(at, remedy, "POSIX shell does not have %s", langError.Feature)
	default:
		p.errorf(at, remedy, "the shell cannot read this: %v", err)
	}
}

// cutCommands joins the statements that share a line and returns the text of
// each command as it was written. Comments between them are left out.
func cutCommands(src []byte, stmts []*syntax.Stmt) []Command {
	var all []Command
	for i := 0; i < len(stmts); {
		start, end := offset(stmts[i].Pos(), src), offset(stmts[i].End(), src)
		for i++; i < len(stmts) && lineNumber(src, offset(stmts[i].Pos(), src)) <= lineNumber(src, end); i++ {
			end = max(end, offset(stmts[i].End(), src))
		}
		next := len(src)
		if i < len(stmts) {
			next = offset(stmts[i].Pos(), src)
		}
		all = append(all, Command{Line: lineNumber(src, start), Text: commandText(src[start:max(next, end)], end-start)})
	}
	return all
}

func offset(p syntax.Pos, src []byte) int { return min(int(p.Offset()), len(src)) }

// commandText returns s without the empty lines and comment lines at its end,
// but not less than the first end bytes. What follows those on their own line,
// and the end mark of a here-document, belong to the command.
func commandText(s []byte, end int) string {
	for len(s) > end {
		start := max(lineStart(s, len(s)-1), end)
		last := bytes.TrimSpace(s[start:])
		if len(last) > 0 && (last[0] != '#' || start == end) {
			break
		}
		s = s[:start]
	}
	return strings.TrimRight(string(s), " \t\n")
}

// goesOn reports whether a command ends in a backslash that quotes nothing.
func goesOn(command string) bool {
	return (len(command)-len(strings.TrimRight(command, `\`)))%2 == 1
}

// programs tells about commands that a learner may not have, or that would do
// something outside the lab.
func (p *parser) programs(file string, line int, src []byte, f *syntax.File) {
	known := append([]string{"kubectl"}, builtins...)
	syntax.Walk(f, func(n syntax.Node) bool {
		if d, ok := n.(*syntax.FuncDecl); ok && d.Name != nil {
			known = append(known, d.Name.Value)
		}
		return true
	})
	syntax.Walk(f, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			p.program(position{file, line + lineNumber(src, offset(call.Pos(), src)), 0}, call, known)
		}
		return true
	})
}

func (p *parser) program(at position, call *syntax.CallExpr, known []string) {
	name := call.Args[0].Lit()
	for _, k := range known {
		if name == k {
			return
		}
	}
	if name == "" {
		name = "a name that is computed"
	}
	p.errorf(at, "Use kubectl and what every shell has: "+strings.Join(builtins, " ")+".", "the command is %s, which not every learner has", name)
}
