package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// configure connects package expand with the shell.
func (sh *shell) configure() {
	sh.expand = &expand.Config{
		Env:      environ{sh},
		CmdSubst: sh.substitute,
		ProcSubst: func(*syntax.ProcSubst) (string, error) {
			return "", errors.New("process substitution is not supported")
		},
	}
}

// prepare updates what "set" may have changed.
func (sh *shell) prepare() *expand.Config {
	sh.expand.NoUnset = sh.opts.noUnset
	sh.expand.ReadDir2 = sh.glob
	if sh.opts.noGlob {
		sh.expand.ReadDir2 = nil
	}
	return sh.expand
}

// glob lists a directory of the tree for a pattern.
func (sh *shell) glob(dir string) ([]fs.DirEntry, error) {
	sh.spend(1 << 10) // patterns such as */../*/../* grow without end
	if err := sh.process.ctx.Err(); err != nil {
		panic(outOfMemory{})
	}
	return sh.files.ReadDir(sh.Path(dir))
}

// fields expands words to the arguments of a command.
func (sh *shell) fields(words []*syntax.Word) ([]string, bool) {
	sh.budget(words...)
	fields, err := expand.Fields(sh.prepare(), words...)
	if len(fields) > maxFields {
		panic(outOfMemory{})
	}
	return fields, sh.expandFailed(err)
}

// text expands a word to one string, as on the right of an assignment.
func (sh *shell) text(word *syntax.Word) (string, bool) {
	if word == nil {
		return "", true
	}
	sh.budget(word)
	s, err := expand.Literal(sh.prepare(), word)
	return s, sh.expandFailed(err)
}

// pattern expands a word to a pattern, in which quoted characters stand for themselves.
func (sh *shell) pattern(word *syntax.Word) string {
	sh.budget(word)
	s, err := expand.Pattern(sh.prepare(), word)
	sh.expandFailed(err)
	return s
}

// document expands a here-document.
func (sh *shell) document(word *syntax.Word) string {
	sh.budget(word)
	s, err := expand.Document(sh.prepare(), word)
	sh.expandFailed(err)
	return s
}

// arithmetic evaluates an expression.
func (sh *shell) arithmetic(expr syntax.ArithmExpr) (int, bool) {
	n, err := expand.Arithm(sh.prepare(), expr)
	return n, sh.expandFailed(err)
}

// budget watches replacements: ${a//x/$b} can be as long as both multiplied.
func (sh *shell) budget(words ...*syntax.Word) {
	sh.product = 0
	for _, word := range words {
		syntax.Walk(word, func(node syntax.Node) bool {
			if p, ok := node.(*syntax.ParamExp); ok && p.Repl != nil {
				sh.product = 1
				if with := p.Repl.With; with != nil {
					sh.product = max(1, int(with.End().Offset()-with.Pos().Offset()))
				}
			}
			return sh.product == 0
		})
	}
}

// expandFailed reports an error of an expansion, which ends the shell, as in ash.
func (sh *shell) expandFailed(err error) bool {
	if err == nil {
		return true
	}
	var unset expand.UnsetParameterError
	switch {
	case errors.As(err, &unset):
		sh.complain("%s: %s", unset.Node.Param.Value, unsetText(unset))
	case err.Error() == "division by zero":
		sh.complain("divide by zero")
	default:
		sh.complain("%v", err)
	}
	sh.exit(2)
	return false
}

// unsetText is what a shell says about ${x:?text}, ${x?} and, with "set -u", $x.
func unsetText(err expand.UnsetParameterError) string {
	if err.Message == "unbound variable" || err.Message == "" {
		if exp := err.Node.Exp; exp != nil && exp.Op == syntax.ErrorUnsetOrNull {
			return "parameter not set or null"
		}
		return "parameter not set"
	}
	return err.Message
}

// substitute runs the commands of $(…) in a subshell and copies their output to w.
func (sh *shell) substitute(w io.Writer, cs *syntax.CmdSubst) error {
	if ok, err := sh.shortcut(w, cs.Stmts); ok {
		return err
	}
	p := newPipe()
	child, err := sh.spawn(nil, func(sub *shell) int {
		sub.process.fds.set(1, opened(pipeWriter{p}))
		sub.runLast(cs.Stmts)
		return sub.finish()
	})
	if err != nil {
		return err
	}
	err = copyLimited(sh.process.ctx, w, p)
	p.closeRead()
	sh.subst = sh.await(child)
	return err
}

// copyLimited copies a command's output until all writers are gone.
func copyLimited(ctx context.Context, w io.Writer, p *pipe) error {
	total := 0
	buf := make([]byte, 4<<10)
	for {
		n, err := p.read(ctx, buf)
		if total += n; total > maxValue {
			panic(outOfMemory{})
		}
		w.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("killed")
		}
	}
}

// shortcut is $(<file).
func (sh *shell) shortcut(w io.Writer, stmts []*syntax.Stmt) (bool, error) {
	if len(stmts) != 1 || stmts[0].Cmd != nil || len(stmts[0].Redirs) != 1 || stmts[0].Redirs[0].Op != syntax.RdrIn {
		return false, nil
	}
	name, ok := sh.text(stmts[0].Redirs[0].Word)
	if !ok {
		return true, nil
	}
	f, err := sh.Open(name, os.O_RDONLY, 0)
	if err != nil {
		sh.complain("can't open %s: %s", name, redirectReason(err))
		sh.subst = 1
		return true, nil
	}
	defer f.Close()
	n, _ := io.Copy(w, io.LimitReader(f, maxValue+1))
	if n > maxValue {
		panic(outOfMemory{})
	}
	return true, nil
}

// message writes a line to the standard error.
func (sh *shell) message(label, format string, args ...any) {
	io.WriteString(sh.Stderr, label+": "+strings.TrimRight(fmt.Sprintf(format, args...), "\n")+"\n")
}
