package shell

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

var (
	errSyntax    = errors.New("syntax error")
	errNonNumber = errors.New("non-numeric argument")
	errZero      = errors.New("division by zero")
)

func exprProgram(_ context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		p.usage("expr EXPRESSION")
		return 2
	}
	e := &expression{args: p.Args[1:]}
	value, err := e.binary(0)
	if err == nil && len(e.args) > 0 {
		err = errSyntax
	}
	if err != nil {
		p.fail("%v", err)
		return 2
	}
	p.printf("%s\n", value)
	if null(value) {
		return 1
	}
	return 0
}

// null says whether a value counts as false.
func null(s string) bool { return s == "" || s == "0" }

// expression is expr's arguments, being parsed and evaluated at once.
type expression struct {
	args  []string
	depth int
}

// levels are the binary operators from the loosest on.
func levels() [][]string {
	return [][]string{{"|"}, {"&"}, {"<", "<=", "=", "==", "!=", ">=", ">"}, {"+", "-"}, {"*", "/", "%"}, {":"}}
}

func (e *expression) binary(level int) (string, error) {
	all := levels()
	if level == len(all) {
		return e.primary()
	}
	left, err := e.binary(level + 1)
	for err == nil && len(e.args) > 0 && contains(all[level], e.args[0]) {
		op := e.args[0]
		e.args = e.args[1:]
		var right string
		if right, err = e.binary(level + 1); err == nil {
			left, err = operate(left, op, right)
		}
	}
	return left, err
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (e *expression) primary() (string, error) {
	if len(e.args) == 0 {
		return "", errSyntax
	}
	word := e.args[0]
	e.args = e.args[1:]
	switch word {
	case "(":
		if e.depth++; e.depth > maxDepth {
			return "", errSyntax
		}
		value, err := e.binary(0)
		if err == nil && (len(e.args) == 0 || e.args[0] != ")") {
			err = errSyntax
		}
		if err == nil {
			e.args = e.args[1:]
		}
		e.depth--
		return value, err
	case "length", "match", "index", "substr", "quote":
		if len(e.args) > 0 {
			return e.function(word)
		}
	}
	return word, nil
}

// function is one of expr's word operators.
func (e *expression) function(name string) (string, error) {
	count := map[string]int{"length": 1, "quote": 1, "match": 2, "index": 2, "substr": 3}[name]
	var args []string
	for range count {
		if e.depth++; e.depth > maxDepth {
			return "", errSyntax
		}
		arg, err := e.primary()
		e.depth--
		if err != nil {
			return "", err
		}
		args = append(args, arg)
	}
	switch name {
	case "length":
		return strconv.Itoa(len(args[0])), nil
	case "match":
		return operate(args[0], ":", args[1])
	case "index":
		return strconv.Itoa(strings.IndexAny(args[0], args[1]) + 1), nil
	case "substr":
		return substr(args[0], args[1], args[2]), nil
	}
	return args[0], nil
}

func substr(s, from, length string) string {
	at, err1 := strconv.Atoi(from)
	n, err2 := strconv.Atoi(length)
	if err1 != nil || err2 != nil || at < 1 || n < 1 || at > len(s) {
		return ""
	}
	return s[at-1 : min(len(s), at-1+min(n, len(s)))]
}

func operate(a, op, b string) (string, error) {
	truth := func(ok bool) (string, error) {
		if ok {
			return "1", nil
		}
		return "0", nil
	}
	switch op {
	case "|":
		if null(a) {
			a = b
		}
		return a, nil
	case "&":
		if null(a) || null(b) {
			return "0", nil
		}
		return a, nil
	case ":":
		return matchExpr(a, b)
	}
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	c := strings.Compare(a, b)
	if errX == nil && errY == nil {
		c = compareInts(x, y)
	}
	switch op {
	case "<":
		return truth(c < 0)
	case "<=":
		return truth(c <= 0)
	case "=", "==":
		return truth(c == 0)
	case "!=":
		return truth(c != 0)
	case ">=":
		return truth(c >= 0)
	case ">":
		return truth(c > 0)
	}
	if errX != nil || errY != nil {
		return "", errNonNumber
	}
	return calculate(x, op, y)
}

func compareInts(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func calculate(x int64, op string, y int64) (string, error) {
	switch op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	default:
		if y == 0 {
			return "", errZero
		}
		if op == "/" {
			x /= y
		} else {
			x %= y
		}
	}
	return strconv.FormatInt(x, 10), nil
}

// matchExpr is ":", an expression that is anchored at the beginning. The result is the first
// group, or the length of the match.
func matchExpr(s, expr string) (string, error) {
	re, err := compile("^"+strings.TrimPrefix(expr, "^"), false, false)
	if err != nil {
		return "", err
	}
	at := re.FindStringSubmatchIndex(s)
	switch {
	case re.NumSubexp() > 0 && (at == nil || at[2] < 0):
		return "", nil
	case re.NumSubexp() > 0:
		return s[at[2]:at[3]], nil
	case at == nil:
		return "0", nil
	}
	return strconv.Itoa(at[1]), nil
}
