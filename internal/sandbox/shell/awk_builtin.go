package shell

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// awkFunc is a function of awk's own.
type awkFunc func(a *awk, args []awkNode) awkValue

func awkBuiltins() map[string]awkFunc {
	numeric := func(f func(float64) float64) awkFunc {
		return func(a *awk, args []awkNode) awkValue { return awkNumeric(f(args[0].value()(a).number())) }
	}
	textual := func(f func(string) string) awkFunc {
		return func(a *awk, args []awkNode) awkValue { return awkText(f(a.argText(args[0]))) }
	}
	return map[string]awkFunc{
		"int": numeric(math.Trunc), "sqrt": numeric(math.Sqrt), "exp": numeric(math.Exp), "log": numeric(math.Log), "sin": numeric(math.Sin), "cos": numeric(math.Cos),
		"atan2": func(a *awk, args []awkNode) awkValue {
			return awkNumeric(math.Atan2(args[0].value()(a).number(), args[1].value()(a).number()))
		},
		"toupper": textual(strings.ToUpper), "tolower": textual(strings.ToLower),
		"length": awkLength, "substr": awkSubstr, "index": awkIndex, "split": awkSplit, "sub": awkSub, "gsub": awkGsub, "match": awkMatch, "sprintf": awkSprint,
		"rand":   func(a *awk, _ []awkNode) awkValue { return awkNumeric(a.random.Float64()) },
		"srand":  awkSrand,
		"system": awkSystem, "fflush": func(a *awk, _ []awkNode) awkValue { a.flushAll(); return awkNumeric(0) },
		"close":    func(a *awk, args []awkNode) awkValue { return awkNumeric(a.closeNamed(a.argText(args[0]))) },
		"systime":  func(a *awk, _ []awkNode) awkValue { return awkNumeric(float64(a.Now().Unix())) },
		"strftime": awkStrftime,
	}
}

// awkArity is how many arguments a function needs.
func awkArity(name string) int {
	switch name {
	case "length", "rand", "srand", "fflush", "systime", "strftime":
		return 0
	case "atan2", "substr", "index", "split", "sub", "gsub", "match":
		return 2
	}
	return 1
}

func (a *awk) argText(n awkNode) string { return n.value()(a).string(a.text("CONVFMT")) }

func awkLength(a *awk, args []awkNode) awkValue {
	if len(args) == 0 {
		return awkNumeric(float64(len(a.record())))
	}
	if args[0].cell != nil {
		if c := args[0].cell(a); c.array != nil || c.origin != nil && c.origin.array != nil {
			return awkNumeric(float64(len(c.elements())))
		}
	}
	return awkNumeric(float64(len(a.argText(args[0]))))
}

func awkSubstr(a *awk, args []awkNode) awkValue {
	text := a.argText(args[0])
	from := math.RoundToEven(clamp(args[1].value()(a).number()))
	to := math.Inf(1)
	if len(args) > 2 {
		to = from + math.RoundToEven(clamp(args[2].value()(a).number()))
	}
	from, to = max(1, from), min(to, float64(len(text)+1))
	if from >= to {
		return awkText("")
	}
	return awkText(text[int(from)-1 : int(to)-1])
}

func awkIndex(a *awk, args []awkNode) awkValue {
	return awkNumeric(float64(strings.Index(a.argText(args[0]), a.argText(args[1])) + 1))
}

// array is an argument that is an array.
func (a *awk) array(n awkNode) *awkCell {
	if n.cell == nil {
		panic(awkError{0, "Not an array"})
	}
	return n.cell(a)
}

func awkSplit(a *awk, args []awkNode) awkValue {
	text, array := a.argText(args[0]), a.array(args[1])
	separator := a.text("FS")
	var parts []string
	if len(args) > 2 && args[2].regex {
		if text != "" {
			parts = awkFields(args[2].pattern()(a).Split(text, -1))
		}
	} else {
		if len(args) > 2 {
			separator = a.argText(args[2])
		}
		parts = a.separate(text, separator, false)
	}
	a.clear(array)
	for i, part := range parts {
		a.store(array, strconv.Itoa(i+1), awkInput(part))
	}
	return awkNumeric(float64(len(parts)))
}

func awkSub(a *awk, args []awkNode) awkValue  { return a.substitute(args, 1) }
func awkGsub(a *awk, args []awkNode) awkValue { return a.substitute(args, -1) }

// substitute replaces matches in a variable, or in the record.
func (a *awk) substitute(args []awkNode, most int) awkValue {
	re, with := args[0].pattern()(a), a.argText(args[1])
	target := awkNode{eval: func(a *awk) awkValue { return a.field(0) }, set: func(a *awk, v awkValue) { a.setField(0, v.s) }}
	if len(args) > 2 {
		target = args[2]
	}
	text := a.argText(target)
	if len(text) > maxPattern {
		panic(outOfMemory{})
	}
	matches := re.FindAllStringIndex(text, most)
	if len(matches) == 0 {
		return awkNumeric(0)
	}
	var b strings.Builder
	at := 0
	for _, m := range matches {
		b.WriteString(text[at:m[0]])
		b.WriteString(awkReplacement(with, text[m[0]:m[1]]))
		if at = m[1]; b.Len() > maxValue {
			panic(outOfMemory{})
		}
	}
	if target.set != nil {
		target.set(a, awkText(b.String()+text[at:]))
	}
	return awkNumeric(float64(len(matches)))
}

// awkReplacement puts the match in the place of "&".
func awkReplacement(with, match string) string {
	if !strings.ContainsAny(with, `&\`) {
		return with
	}
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		switch {
		case with[i] == '\\' && i+1 < len(with) && (with[i+1] == '&' || with[i+1] == '\\'):
			i++
			b.WriteByte(with[i])
		case with[i] == '&':
			b.WriteString(match)
		default:
			b.WriteByte(with[i])
		}
	}
	return b.String()
}

func awkMatch(a *awk, args []awkNode) awkValue {
	start, length := 0, -1
	if m := args[1].pattern()(a).FindStringIndex(a.argText(args[0])); m != nil {
		start, length = m[0]+1, m[1]-m[0]
	}
	a.assign(a.global("RSTART"), awkNumeric(float64(start)))
	a.assign(a.global("RLENGTH"), awkNumeric(float64(length)))
	return awkNumeric(float64(start))
}

func awkSprint(a *awk, args []awkNode) awkValue {
	values := make([]awkExpr, len(args))
	for i, arg := range args {
		values[i] = arg.value()
	}
	return awkText(a.format(values))
}

func awkSrand(a *awk, args []awkNode) awkValue {
	old := a.seed
	a.seed = float64(a.Now().Unix())
	if len(args) > 0 {
		a.seed = args[0].value()(a).number()
	}
	a.random = rand.New(rand.NewPCG(uint64(clamp(a.seed)), 1)) //nolint:gosec // awk's rand is no secret
	return awkNumeric(old)
}

func awkSystem(a *awk, args []awkNode) awkValue {
	a.flushAll()
	return awkNumeric(float64(a.shell(a.argText(args[0]), nil, a.Stdout)))
}

func awkStrftime(a *awk, args []awkNode) awkValue {
	format, when := "%c", a.Now()
	if len(args) > 0 {
		format = a.argText(args[0])
	}
	if len(args) > 1 {
		when = time.Unix(int64(clamp(args[1].value()(a).number())), 0)
	}
	return awkText(formatDate(when.UTC(), format))
}
