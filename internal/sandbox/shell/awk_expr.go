package shell

import (
	"math"
)

// expression reads an expression: first what binds least.
func (p *awkParser) expression() awkNode {
	p.enter()
	defer p.leave()
	left := p.ternary()
	t := p.peek()
	if left.set == nil || !t.is("=", "+=", "-=", "*=", "/=", "%=", "^=") {
		return left
	}
	p.next()
	p.newlines()
	right := p.expression().value()
	if t.text == "=" {
		return awkNode{eval: func(a *awk) awkValue {
			v := right(a)
			left.set(a, v)
			return v
		}}
	}
	calculate := awkArithmetic(t.text[0], t.line)
	return awkNode{eval: func(a *awk) awkValue {
		v := right(a)
		v = awkNumeric(calculate(left.eval(a).number(), v.number()))
		left.set(a, v)
		return v
	}}
}

func (p *awkParser) ternary() awkNode {
	condition := p.or()
	if !p.accept("?") {
		return condition
	}
	test := condition.value()
	p.newlines()
	yes := p.expression().value()
	p.newlines()
	p.expect(":")
	p.newlines()
	no := p.expression().value()
	return awkNode{eval: func(a *awk) awkValue {
		if test(a).truth() {
			return yes(a)
		}
		return no(a)
	}}
}

func (p *awkParser) or() awkNode {
	left := p.and()
	for p.accept("||") {
		p.newlines()
		x, y := left.value(), p.and().value()
		left = awkNode{eval: func(a *awk) awkValue { return awkBool(x(a).truth() || y(a).truth()) }}
	}
	return left
}

func (p *awkParser) and() awkNode {
	left := p.in()
	for p.accept("&&") {
		p.newlines()
		x, y := left.value(), p.in().value()
		left = awkNode{eval: func(a *awk) awkValue { return awkBool(x(a).truth() && y(a).truth()) }}
	}
	return left
}

func (p *awkParser) in() awkNode {
	left := p.match()
	for !p.noIn && p.accept("in") {
		key, array := left.value(), p.variable(p.next())
		left = awkNode{eval: func(a *awk) awkValue { return awkBool(a.has(array(a), key(a).string(a.text("CONVFMT")))) }}
	}
	return left
}

func (p *awkParser) match() awkNode {
	left := p.comparison()
	for p.peek().is("~", "!~") {
		want := p.next().text == "~"
		text, pattern := left.value(), p.comparison().pattern()
		left = awkNode{eval: func(a *awk) awkValue {
			return awkBool(pattern(a).MatchString(text(a).string(a.text("CONVFMT"))) == want)
		}}
	}
	return left
}

func (p *awkParser) comparison() awkNode {
	left := p.concatenation()
	t := p.peek()
	if !t.is("<", "<=", "==", "!=", ">=", ">") || t.text == ">" && p.noGT {
		return p.piped(left)
	}
	p.next()
	x, y := left.value(), p.concatenation().value()
	return awkNode{eval: func(a *awk) awkValue {
		order := a.compare(x(a), y(a))
		return awkBool(map[string]bool{"<": order < 0, "<=": order <= 0, "==": order == 0, "!=": order != 0, ">=": order >= 0, ">": order > 0}[t.text])
	}}
}

// piped reads "command | getline".
func (p *awkParser) piped(left awkNode) awkNode {
	for len(p.tokens) > 1 && p.peek().is("|") && p.tokens[1].is("getline") {
		p.next()
		p.next()
		command, target := left.value(), p.target()
		left = awkNode{eval: func(a *awk) awkValue {
			return a.getline(a.command(command(a).string(a.text("CONVFMT"))), target)
		}}
	}
	return left
}

// target is what getline reads into, or nil for the record.
func (p *awkParser) target() func(a *awk, v awkValue) {
	if t := p.peek(); t.kind != awkName && !t.is("$") {
		return nil
	}
	return p.postfix().set
}

func (p *awkParser) concatenation() awkNode {
	left := p.additive()
	for p.startsOperand() {
		x, y := left.value(), p.additive().value()
		left = awkNode{eval: func(a *awk) awkValue {
			format := a.text("CONVFMT")
			head := x(a).string(format)
			return awkText(limit(head + y(a).string(format)))
		}}
	}
	return left
}

// limit is a string, if it is not longer than one may be.
func limit(s string) string {
	if len(s) > maxValue {
		panic(outOfMemory{})
	}
	return s
}

// startsOperand says whether what follows can be concatenated.
func (p *awkParser) startsOperand() bool {
	t := p.peek()
	switch t.kind {
	case awkNumber, awkString, awkRegex, awkName, awkCall, awkBuiltin:
		return true
	}
	return t.is("$", "(", "-", "+", "!", "++", "--")
}

func (p *awkParser) additive() awkNode {
	return p.arithmetic(p.multiplicative, "+", "-")
}

func (p *awkParser) multiplicative() awkNode {
	return p.arithmetic(p.unary, "*", "/", "%")
}

// arithmetic reads operators of one rank.
func (p *awkParser) arithmetic(operand func() awkNode, signs ...string) awkNode {
	left := operand()
	for p.peek().is(signs...) {
		t := p.next()
		p.newlines()
		x, y, calculate := left.value(), operand().value(), awkArithmetic(t.text[0], t.line)
		left = awkNode{eval: func(a *awk) awkValue { return awkNumeric(calculate(x(a).number(), y(a).number())) }}
	}
	return left
}

// awkArithmetic is an operator of two numbers.
func awkArithmetic(sign byte, line int) func(x, y float64) float64 {
	switch sign {
	case '+':
		return func(x, y float64) float64 { return x + y }
	case '-':
		return func(x, y float64) float64 { return x - y }
	case '*':
		return func(x, y float64) float64 { return x * y }
	case '^':
		return math.Pow
	}
	return func(x, y float64) float64 {
		if y == 0 {
			panic(awkError{line, "Division by zero"})
		}
		if sign == '%' {
			return math.Mod(x, y)
		}
		return x / y
	}
}

func (p *awkParser) unary() awkNode {
	t := p.peek()
	if !t.is("!", "-", "+") {
		return p.power()
	}
	p.enter()
	defer p.leave()
	p.next()
	x := p.unary().value()
	switch t.text {
	case "!":
		return awkNode{eval: func(a *awk) awkValue { return awkBool(!x(a).truth()) }}
	case "-":
		return awkNode{eval: func(a *awk) awkValue { return awkNumeric(-x(a).number()) }}
	}
	return awkNode{eval: func(a *awk) awkValue { return awkNumeric(x(a).number()) }}
}

func (p *awkParser) power() awkNode {
	p.enter()
	defer p.leave()
	left := p.postfix()
	if !p.peek().is("^") {
		return left
	}
	p.next()
	x, y := left.value(), p.unary().value() // to the right first
	return awkNode{eval: func(a *awk) awkValue { return awkNumeric(math.Pow(x(a).number(), y(a).number())) }}
}

// postfix reads an operand with ++ or -- before or after it.
func (p *awkParser) postfix() awkNode {
	if p.peek().is("++", "--") {
		step := awkStep(p.next().text)
		x := p.operand()
		p.assignable(x)
		return awkNode{eval: func(a *awk) awkValue {
			v := awkNumeric(x.eval(a).number() + step)
			x.set(a, v)
			return v
		}}
	}
	x := p.operand()
	if x.set == nil || !p.peek().is("++", "--") {
		return x
	}
	step := awkStep(p.next().text)
	return awkNode{eval: func(a *awk) awkValue {
		old := awkNumeric(x.eval(a).number())
		x.set(a, awkNumeric(old.n+step))
		return old
	}}
}

func awkStep(sign string) float64 {
	if sign == "++" {
		return 1
	}
	return -1
}

func (p *awkParser) assignable(n awkNode) {
	if n.set == nil {
		p.fail("Unexpected token")
	}
}

func (p *awkParser) operand() awkNode {
	p.enter()
	defer p.leave()
	t := p.next()
	switch {
	case t.kind == awkNumber:
		return awkConstant(awkNumeric(awkNumberOf(t.text)))
	case t.kind == awkString:
		return awkConstant(awkText(t.text))
	case t.kind == awkRegex:
		return awkNode{regex: true, text: t.text, eval: func(*awk) awkValue { return awkText(t.text) }}
	case t.kind == awkName:
		return p.name(t)
	case t.kind == awkCall:
		return p.call(t)
	case t.kind == awkBuiltin:
		return p.builtin(t)
	case t.is("getline"):
		return p.getline()
	case t.is("$"):
		return p.field()
	case t.is("("):
		return p.group()
	}
	p.tokens = append([]awkToken{t}, p.tokens...)
	p.fail("Unexpected token")
	return awkNode{}
}

func (p *awkParser) name(t awkToken) awkNode {
	cell := p.variable(t)
	if !p.accept("[") {
		return awkNode{
			eval: func(a *awk) awkValue { return a.value(t.text, cell(a)) },
			set:  func(a *awk, v awkValue) { a.assignNamed(t.text, cell(a), v) },
			cell: cell,
		}
	}
	index := p.subscript()
	return awkNode{
		eval: func(a *awk) awkValue { return a.element(cell(a), index(a)) },
		set:  func(a *awk, v awkValue) { a.store(cell(a), index(a), v) },
	}
}

// field reads "$" with what tells which field.
func (p *awkParser) field() awkNode {
	var index awkExpr
	if p.peek().is("-", "+", "!") {
		index = p.unary().value()
	} else {
		index = p.postfix().value()
	}
	number := func(a *awk) int {
		n := index(a).number()
		if n < 0 || n > maxFields {
			panic(awkError{0, "Access to negative field"})
		}
		return int(n)
	}
	return awkNode{
		eval: func(a *awk) awkValue { return a.field(number(a)) },
		set:  func(a *awk, v awkValue) { a.setField(number(a), v.string(a.text("CONVFMT"))) },
	}
}

// group reads the rest of "(expression)", or of "(a, b) in array".
func (p *awkParser) group() awkNode {
	outerIn, outerGT := p.noIn, p.noGT
	p.noIn, p.noGT = false, false
	p.newlines()
	first := p.expression()
	list := []awkExpr{first.value()}
	for p.accept(",") {
		p.newlines()
		list = append(list, p.expression().value())
	}
	p.newlines()
	p.expect(")")
	p.noIn, p.noGT = outerIn, outerGT
	if len(list) == 1 {
		return awkNode{eval: list[0]}
	}
	p.expect("in")
	array := p.variable(p.next())
	return awkNode{eval: func(a *awk) awkValue { return awkBool(a.has(array(a), a.key(list))) }}
}

// getline reads "getline", "getline variable" and what is behind "<".
func (p *awkParser) getline() awkNode {
	target := p.target()
	if !p.accept("<") {
		return awkNode{eval: func(a *awk) awkValue { return a.getline(nil, target) }}
	}
	file := p.postfix().value()
	return awkNode{eval: func(a *awk) awkValue { return a.getline(a.fileInput(file(a).string(a.text("CONVFMT"))), target) }}
}

// call reads the arguments of a function of the program. A lone name may be an array.
func (p *awkParser) call(t awkToken) awkNode {
	p.expect("(")
	var args []awkNode
	outerIn, outerGT := p.noIn, p.noGT
	p.noIn, p.noGT = false, false
	for p.newlines(); !p.accept(")"); p.newlines() {
		args = append(args, p.expression())
		if !p.accept(",") && !p.peek().is(")") {
			p.fail("Unexpected token")
		}
	}
	p.noIn, p.noGT = outerIn, outerGT
	return awkNode{eval: func(a *awk) awkValue { return a.call(t, args) }}
}

// builtin reads the arguments of a function of awk's own; length needs none.
func (p *awkParser) builtin(t awkToken) awkNode {
	run := awkBuiltins()[t.text]
	var args []awkNode
	if p.accept("(") {
		outerIn, outerGT := p.noIn, p.noGT
		p.noIn, p.noGT = false, false
		for p.newlines(); !p.accept(")"); p.newlines() {
			args = append(args, p.expression())
			if !p.accept(",") && !p.peek().is(")") {
				p.fail("Unexpected token")
			}
		}
		p.noIn, p.noGT = outerIn, outerGT
	} else if t.text != "length" {
		p.fail("Unexpected token")
	}
	if len(args) < awkArity(t.text) {
		p.fail("Too few arguments")
	}
	return awkNode{eval: func(a *awk) awkValue { return run(a, args) }}
}
