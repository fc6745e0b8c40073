package shell

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// testProgram is "test" and "[".
func testProgram(_ context.Context, p *Proc) int {
	args := p.Args[1:]
	if p.Args[0] == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			p.fail("missing ]")
			return 2
		}
		args = args[:len(args)-1]
	}
	t := tester{Proc: p, args: args}
	ok, err := t.evaluate()
	if err != nil {
		p.fail("%v", err)
		return 2
	}
	if !ok {
		return 1
	}
	return 0
}

// tester evaluates the arguments of test.
type tester struct {
	*Proc
	args  []string
	depth int
}

// evaluate follows POSIX' rules for up to four arguments, by parsing with the operators
// where they can be told from operands.
func (t *tester) evaluate() (bool, error) {
	if len(t.args) == 0 {
		return false, nil
	}
	ok, err := t.or()
	if err == nil && len(t.args) > 0 {
		err = fmt.Errorf("%s: unknown operand", t.args[0])
	}
	return ok, err
}

func (t *tester) take() string {
	arg := t.args[0]
	t.args = t.args[1:]
	return arg
}

func (t *tester) or() (bool, error) {
	left, err := t.and()
	for err == nil && len(t.args) > 0 && t.args[0] == "-o" {
		t.take()
		var right bool
		right, err = t.and()
		left = left || right
	}
	return left, err
}

func (t *tester) and() (bool, error) {
	left, err := t.not()
	for err == nil && len(t.args) > 0 && t.args[0] == "-a" {
		t.take()
		var right bool
		right, err = t.not()
		left = left && right
	}
	return left, err
}

func (t *tester) not() (bool, error) {
	if t.depth++; t.depth > maxDepth {
		return false, fmt.Errorf("too many operators")
	}
	defer func() { t.depth-- }()
	if len(t.args) > 1 && t.args[0] == "!" && !t.binaryNext() {
		t.take()
		ok, err := t.not()
		return !ok, err
	}
	return t.primary()
}

// binaryNext says whether the next three arguments are a comparison.
func (t *tester) binaryNext() bool { return len(t.args) >= 3 && binaryOperator(t.args[1]) }

func (t *tester) primary() (bool, error) {
	if len(t.args) == 0 {
		return false, fmt.Errorf("argument expected")
	}
	switch {
	case t.binaryNext():
		left, op, right := t.take(), t.take(), t.take()
		return t.compare(left, op, right)
	case t.args[0] == "(" && len(t.args) > 1:
		t.take()
		ok, err := t.or()
		if err == nil && (len(t.args) == 0 || t.take() != ")") {
			err = fmt.Errorf("closing paren expected")
		}
		return ok, err
	case len(t.args) >= 2 && unaryOperator(t.args[0]):
		op, operand := t.take(), t.take()
		return t.unary(op, operand)
	}
	return t.take() != "", nil
}

func binaryOperator(s string) bool {
	switch s {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef":
		return true
	}
	return false
}

func unaryOperator(s string) bool {
	return len(s) == 2 && s[0] == '-' && strings.Contains("bcdefghkLnOGprsStuwxz", s[1:])
}

func (t *tester) compare(left, op, right string) (bool, error) {
	switch op {
	case "=", "==":
		return left == right, nil
	case "!=":
		return left != right, nil
	case "<":
		return left < right, nil
	case ">":
		return left > right, nil
	case "-nt", "-ot", "-ef":
		return t.compareFiles(left, op, right), nil
	}
	a, err := number(left)
	if err != nil {
		return false, err
	}
	b, err := number(right)
	if err != nil {
		return false, err
	}
	switch op {
	case "-eq":
		return a == b, nil
	case "-ne":
		return a != b, nil
	case "-lt":
		return a < b, nil
	case "-le":
		return a <= b, nil
	case "-gt":
		return a > b, nil
	}
	return a >= b, nil
}

func number(s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: bad number", s)
	}
	return n, nil
}

func (p *Proc) compareFiles(left, op, right string) bool {
	a, errA := p.files.Stat(p.Path(left))
	b, errB := p.files.Stat(p.Path(right))
	switch {
	case op == "-ef":
		return errA == nil && errB == nil && a.Inode() == b.Inode() && a.Inode() != (files.Inode{})
	case op == "-ot":
		a, b, errA, errB = b, a, errB, errA
	}
	return errA == nil && (errB != nil || a.ModTime().After(b.ModTime()))
}

func (t *tester) unary(op, operand string) (bool, error) {
	switch op {
	case "-z":
		return operand == "", nil
	case "-n":
		return operand != "", nil
	case "-t":
		return t.tty && len(operand) == 1 && operand < "3", nil
	}
	return t.fileTest(op, operand), nil
}

// fileTest is a question about a file of the tree.
func (p *Proc) fileTest(op, name string) bool {
	full := p.Path(name)
	switch op {
	case "-r":
		return p.files.Access(full, files.Read) == nil
	case "-w":
		return p.files.Access(full, files.Write) == nil
	case "-x":
		return p.files.Access(full, files.Exec) == nil
	case "-L", "-h":
		info, err := p.files.Lstat(full)
		return err == nil && info.Mode()&fs.ModeSymlink != 0
	}
	info, err := p.files.Stat(full)
	if err != nil {
		return false
	}
	mode := info.Mode()
	switch op {
	case "-e", "-O", "-G":
		return true
	case "-f":
		return mode.IsRegular()
	case "-d":
		return mode.IsDir()
	case "-s":
		return info.Size() > 0
	case "-p":
		return mode&fs.ModeNamedPipe != 0
	case "-S":
		return mode&fs.ModeSocket != 0
	case "-c":
		return mode&fs.ModeCharDevice != 0
	case "-b":
		return mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0
	case "-k":
		return mode&fs.ModeSticky != 0
	}
	return false // set-user-ID bits do not exist here
}

// extendedTest evaluates [[ … ]].
func (sh *shell) extendedTest(expr syntax.TestExpr) bool {
	switch x := expr.(type) {
	case *syntax.Word:
		s, _ := sh.text(x)
		return s != ""
	case *syntax.ParenTest:
		return sh.extendedTest(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return !sh.extendedTest(x.X)
		}
		operand, _ := sh.text(x.X.(*syntax.Word))
		return sh.extendedUnary(x.Op, operand)
	case *syntax.BinaryTest:
		return sh.extendedBinary(x)
	}
	return false
}

func (sh *shell) extendedUnary(op syntax.UnTestOperator, operand string) bool {
	if op == syntax.TsVarSet {
		return sh.lookup(operand).IsSet()
	}
	text := op.String()
	if op == syntax.TsExists {
		text = "-e"
	}
	if op == syntax.TsSmbLink {
		text = "-L"
	}
	if !unaryOperator(text) {
		sh.complain("%s: unsupported operator", text)
		sh.exit(2)
		return false
	}
	t := tester{Proc: sh.Proc}
	ok, _ := t.unary(text, operand)
	return ok
}

func (sh *shell) extendedBinary(x *syntax.BinaryTest) bool {
	switch x.Op {
	case syntax.AndTest:
		return sh.extendedTest(x.X) && sh.extendedTest(x.Y)
	case syntax.OrTest:
		return sh.extendedTest(x.X) || sh.extendedTest(x.Y)
	}
	left, ok := sh.text(x.X.(*syntax.Word))
	if !ok {
		return false
	}
	switch x.Op {
	case syntax.TsMatch, syntax.TsMatchShort:
		return match(sh.pattern(x.Y.(*syntax.Word)), left)
	case syntax.TsNoMatch:
		return !match(sh.pattern(x.Y.(*syntax.Word)), left)
	}
	right, ok := sh.text(x.Y.(*syntax.Word))
	if !ok {
		return false
	}
	if x.Op == syntax.TsReMatch {
		return sh.regexpTest(left, right)
	}
	t := tester{Proc: sh.Proc}
	result, err := t.compare(left, x.Op.String(), right)
	if err != nil {
		sh.complain("%v", err)
		sh.status = 2
	}
	return result
}

func (sh *shell) regexpTest(s, expr string) bool {
	re, err := regexp.Compile(expr)
	if err != nil {
		sh.complain("bad regular expression: %s", expr)
		return false
	}
	return re.MatchString(s)
}
