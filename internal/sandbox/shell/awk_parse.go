package shell

import (
	"regexp"
	"slices"
	"strconv"
)

// An awk program is turned into functions: an expression into one that returns a value, a
// statement into one that says how to go on.
type (
	awkExpr func(a *awk) awkValue
	awkStmt func(a *awk) awkFlow
)

// awkFlow says what follows a statement.
type awkFlow int

const (
	awkOn awkFlow = iota
	awkBreak
	awkContinue
	awkNext
	awkNextFile
	awkExit
	awkReturn
)

// awkNode is an expression; set is not nil if something can be assigned to it.
type awkNode struct {
	eval  awkExpr
	set   func(a *awk, v awkValue)
	cell  func(a *awk) *awkCell // of a variable
	regex bool                  // a literal: what it matches is $0, unless an operator takes it
	text  string                // of the literal
}

// awkRule is a pattern with an action; without an action, it prints.
type awkRule struct {
	from, to awkExpr
	body     awkStmt
	inside   bool // between from and to
}

type awkFunction struct {
	params []string
	body   awkStmt
}

// awkProgram is a parsed program.
type awkProgram struct {
	begin, end []awkStmt
	rules      []*awkRule
	functions  map[string]*awkFunction
}

// awkParser reads a program. Its methods panic with an awkError.
type awkParser struct {
	tokens  []awkToken
	program *awkProgram
	params  []string // of the function at hand
	depth   int
	noIn    bool // in the head of a for, where "in" is not an operator
	noGT    bool // in print, where ">" is a redirection
}

func parseAwk(text string) (program *awkProgram, err error) {
	tokens, err := lexAwk(text)
	if err != nil {
		return nil, err
	}
	p := &awkParser{tokens: tokens, program: &awkProgram{functions: map[string]*awkFunction{}}}
	defer func() {
		if r := recover(); r != nil {
			mistake, ok := r.(awkError)
			if !ok {
				panic(r)
			}
			err = mistake
		}
	}()
	p.newlines(";")
	for p.peek().kind != awkEOF {
		p.item()
		p.newlines(";")
	}
	return p.program, nil
}

func (p *awkParser) peek() awkToken { return p.tokens[0] }

func (p *awkParser) next() awkToken {
	t := p.tokens[0]
	if len(p.tokens) > 1 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *awkParser) fail(text string) { panic(awkError{p.peek().line, text}) }

// accept takes the next token if it is one of some signs.
func (p *awkParser) accept(texts ...string) bool {
	if !p.peek().is(texts...) {
		return false
	}
	p.next()
	return true
}

func (p *awkParser) expect(text string) {
	if !p.accept(text) {
		p.fail("Unexpected token")
	}
}

// newlines skips newlines, and the given signs.
func (p *awkParser) newlines(texts ...string) {
	for p.peek().kind == awkNewline || p.peek().is(texts...) {
		p.next()
	}
}

// enter limits how deep a program may be nested.
func (p *awkParser) enter() {
	if p.depth++; p.depth > maxNesting {
		p.fail("Too deeply nested")
	}
}

func (p *awkParser) leave() { p.depth-- }

// item reads a rule or a function.
func (p *awkParser) item() {
	switch {
	case p.accept("function", "func"):
		p.function()
	case p.accept("BEGIN"):
		p.program.begin = append(p.program.begin, p.block())
	case p.accept("END"):
		p.program.end = append(p.program.end, p.block())
	default:
		p.rule()
	}
}

func (p *awkParser) rule() {
	rule := &awkRule{}
	if !p.peek().is("{") {
		rule.from = p.expression().value()
		if p.accept(",") {
			p.newlines()
			rule.to = p.expression().value()
		}
	}
	if p.peek().is("{") {
		rule.body = p.block()
	} else {
		rule.body = func(a *awk) awkFlow { a.write(a.stdout(), a.record()+a.text("ORS")); return awkOn }
	}
	p.program.rules = append(p.program.rules, rule)
}

func (p *awkParser) function() {
	name := p.next()
	if name.kind != awkName && name.kind != awkCall {
		p.fail("Unexpected token")
	}
	f := &awkFunction{}
	p.program.functions[name.text] = f
	p.expect("(")
	for !p.accept(")") {
		p.newlines()
		f.params = append(f.params, p.next().text)
		p.newlines()
		if !p.accept(",") && !p.peek().is(")") {
			p.fail("Unexpected token")
		}
	}
	p.newlines()
	p.params = f.params
	f.body = p.block()
	p.params = nil
}

func (p *awkParser) block() awkStmt {
	p.expect("{")
	p.enter()
	defer p.leave()
	var list []awkStmt
	for p.newlines(";"); !p.accept("}"); p.newlines(";") {
		if p.peek().kind == awkEOF {
			p.fail("Unexpected token")
		}
		list = append(list, p.statement())
	}
	return func(a *awk) awkFlow {
		for _, s := range list {
			if flow := s(a); flow != awkOn {
				return flow
			}
		}
		return awkOn
	}
}

// body is the statement after if, while and so on.
func (p *awkParser) body() awkStmt {
	p.newlines()
	if p.accept(";") {
		return func(*awk) awkFlow { return awkOn }
	}
	return p.statement()
}

func (p *awkParser) statement() awkStmt {
	p.enter()
	defer p.leave()
	switch t := p.peek(); {
	case t.is("{"):
		return p.block()
	case t.is("if"):
		return p.ifStatement()
	case t.is("while", "do", "for"):
		return p.loop()
	}
	s := p.simple()
	if !p.peek().is("}") && p.peek().kind != awkEOF && p.peek().kind != awkNewline && !p.peek().is(";") {
		p.fail("Unexpected token")
	}
	return s
}

func (p *awkParser) ifStatement() awkStmt {
	p.next()
	p.expect("(")
	condition := p.expression().value()
	p.expect(")")
	then := p.body()
	mark := p.tokens
	p.newlines(";")
	if !p.accept("else") {
		p.tokens = mark
		return func(a *awk) awkFlow {
			if condition(a).truth() {
				return then(a)
			}
			return awkOn
		}
	}
	otherwise := p.body()
	return func(a *awk) awkFlow {
		if condition(a).truth() {
			return then(a)
		}
		return otherwise(a)
	}
}

// simple reads a statement without others in it.
func (p *awkParser) simple() awkStmt {
	t := p.peek()
	if t.kind == awkKeyword {
		switch t.text {
		case "print", "printf":
			return p.print()
		case "delete":
			return p.delete()
		case "exit", "return":
			return p.leaveStatement()
		}
		if flow, ok := map[string]awkFlow{"break": awkBreak, "continue": awkContinue, "next": awkNext, "nextfile": awkNextFile}[t.text]; ok {
			p.next()
			return func(*awk) awkFlow { return flow }
		}
	}
	eval := p.expression().value()
	return func(a *awk) awkFlow { eval(a); return awkOn }
}

// ends says that no expression follows.
func (p *awkParser) ends() bool {
	t := p.peek()
	return t.kind == awkEOF || t.kind == awkNewline || t.is(";", "}")
}

func (p *awkParser) leaveStatement() awkStmt {
	exit := p.next().text == "exit"
	value := awkExpr(nil)
	if !p.ends() {
		value = p.expression().value()
	}
	return func(a *awk) awkFlow {
		v := awkValue{}
		if value != nil {
			v = value(a)
		}
		if !exit {
			a.result = v
			return awkReturn
		}
		if value != nil {
			a.status = int(v.number()) & 0xff
		}
		return awkExit
	}
}

func (p *awkParser) delete() awkStmt {
	p.next()
	array := p.variable(p.next())
	if !p.accept("[") {
		return func(a *awk) awkFlow { a.clear(array(a)); return awkOn }
	}
	index := p.subscript()
	return func(a *awk) awkFlow {
		a.remove(array(a), index(a))
		return awkOn
	}
}

// print reads print and printf with their redirection.
func (p *awkParser) print() awkStmt {
	formatted := p.next().text == "printf"
	outer := p.noGT
	p.noGT = true
	var args []awkExpr
	if !p.ends() && !p.peek().is(">", ">>", "|") {
		args = p.printed()
	}
	p.noGT = outer
	how, target := "", awkExpr(nil)
	if p.peek().is(">", ">>", "|") {
		how = p.next().text
		p.noGT = true
		target = p.ternary().value()
		p.noGT = outer
	}
	return func(a *awk) awkFlow {
		text := ""
		if formatted {
			text = a.format(args)
		} else {
			text = a.joined(args)
		}
		if target == nil {
			a.write(a.stdout(), text)
		} else {
			a.write(a.output(how, target(a).string(a.text("CONVFMT"))), text)
		}
		return awkOn
	}
}

// printed reads the expressions to print, which may stand in parentheses.
func (p *awkParser) printed() []awkExpr {
	if p.peek().is("(") {
		mark := p.tokens
		p.next()
		outer := p.noGT
		p.noGT = false
		args := p.list(")")
		p.noGT = outer
		if p.ends() || p.peek().is(">", ">>", "|") {
			return args
		}
		p.tokens = mark // the parentheses were part of an expression
	}
	args := []awkExpr{p.expression().value()}
	for p.accept(",") {
		p.newlines()
		args = append(args, p.expression().value())
	}
	return args
}

// list reads expressions up to a closing sign.
func (p *awkParser) list(end string) []awkExpr {
	var args []awkExpr
	for p.newlines(); !p.accept(end); p.newlines() {
		args = append(args, p.expression().value())
		p.newlines()
		if !p.accept(",") && !p.peek().is(end) {
			p.fail("Unexpected token")
		}
	}
	return args
}

func (p *awkParser) loop() awkStmt {
	switch p.next().text {
	case "while":
		p.expect("(")
		condition := p.expression().value()
		p.expect(")")
		body := p.body()
		return awkLoop(nil, condition, nil, body)
	case "do":
		body := p.body()
		p.newlines(";")
		p.expect("while")
		p.expect("(")
		condition := p.expression().value()
		p.expect(")")
		again := awkLoop(nil, condition, nil, body)
		return func(a *awk) awkFlow {
			switch flow := body(a); flow {
			case awkOn, awkContinue:
				return again(a)
			case awkBreak:
				return awkOn
			default:
				return flow
			}
		}
	}
	return p.forLoop()
}

// awkLoop is a loop; every part but the body may be nil.
func awkLoop(first awkStmt, condition awkExpr, last, body awkStmt) awkStmt {
	return func(a *awk) awkFlow {
		if first != nil {
			first(a)
		}
		for condition == nil || condition(a).truth() {
			if a.process.ctx.Err() != nil {
				return awkExit
			}
			switch flow := body(a); flow {
			case awkOn, awkContinue:
			case awkBreak:
				return awkOn
			default:
				return flow
			}
			if last != nil {
				last(a)
			}
		}
		return awkOn
	}
}

func (p *awkParser) forLoop() awkStmt {
	p.expect("(")
	if t := p.tokens; len(t) > 3 && t[0].kind == awkName && t[1].is("in") && t[2].kind == awkName && t[3].is(")") {
		return p.forIn()
	}
	var first, last awkStmt
	var condition awkExpr
	if !p.peek().is(";") {
		first = p.simple()
	}
	p.expect(";")
	p.newlines()
	if !p.peek().is(";") {
		condition = p.expression().value()
	}
	p.expect(";")
	p.newlines()
	if !p.peek().is(")") {
		last = p.simple()
	}
	p.expect(")")
	return awkLoop(first, condition, last, p.body())
}

// forIn is a loop over the keys of an array, in their order, where awk leaves it open.
func (p *awkParser) forIn() awkStmt {
	variable := p.variable(p.next())
	p.next()
	array := p.variable(p.next())
	p.expect(")")
	body := p.body()
	return func(a *awk) awkFlow {
		for _, key := range a.keys(array(a)) {
			a.assign(variable(a), awkInput(key))
			if a.process.ctx.Err() != nil {
				return awkExit
			}
			switch flow := body(a); flow {
			case awkOn, awkContinue:
			case awkBreak:
				return awkOn
			default:
				return flow
			}
		}
		return awkOn
	}
}

// variable finds a variable by name: a parameter of the function at hand, or a global one.
func (p *awkParser) variable(t awkToken) func(a *awk) *awkCell {
	if t.kind != awkName {
		p.fail("Unexpected token")
	}
	if i := slices.Index(p.params, t.text); i >= 0 {
		return func(a *awk) *awkCell { return a.frame[i] }
	}
	return func(a *awk) *awkCell { return a.global(t.text) }
}

// subscript reads the rest of "[a, b]".
func (p *awkParser) subscript() func(a *awk) string {
	outerIn, outerGT := p.noIn, p.noGT
	p.noIn, p.noGT = false, false
	parts := p.list("]")
	p.noIn, p.noGT = outerIn, outerGT
	if len(parts) == 0 {
		p.fail("Unexpected token")
	}
	return func(a *awk) string { return a.key(parts) }
}

// value is the node as a value: a lone regular expression asks whether it matches the record.
func (n awkNode) value() awkExpr {
	if !n.regex {
		return n.eval
	}
	return func(a *awk) awkValue { return awkBool(a.regex(n.eval(a).s).MatchString(a.record())) }
}

// pattern is the node as a regular expression.
func (n awkNode) pattern() func(a *awk) *regexp.Regexp {
	if n.regex {
		return func(a *awk) *regexp.Regexp { return a.regex(n.text) }
	}
	return func(a *awk) *regexp.Regexp { return a.regex(n.eval(a).string(a.text("CONVFMT"))) }
}

func awkConstant(v awkValue) awkNode { return awkNode{eval: func(*awk) awkValue { return v }} }

func awkNumberOf(text string) float64 {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return n
}
