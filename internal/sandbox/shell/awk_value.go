package shell

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// awkValue is a number, a string, or a string of the input that may be a number.
type awkValue struct {
	kind awkType
	s    string
	n    float64
}

type awkType int

const (
	awkNothing awkType = iota // "" and 0
	awkIsNumber
	awkIsText
	awkLooks // like a number, and came from outside
)

func awkNumeric(n float64) awkValue { return awkValue{kind: awkIsNumber, n: n} }
func awkText(s string) awkValue     { return awkValue{kind: awkIsText, s: s} }

func awkBool(b bool) awkValue {
	if b {
		return awkNumeric(1)
	}
	return awkNumeric(0)
}

// awkInput is a value from outside.
func awkInput(s string) awkValue {
	text := strings.TrimSpace(s)
	if n := numericLength(text); text != "" && n == len(text) {
		return awkValue{kind: awkLooks, s: s, n: awkNumberOf(text)}
	}
	return awkText(s)
}

// numericLength is how long the number at the beginning of a text is, with its sign.
func numericLength(text string) int {
	sign := 0
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		sign = 1
	}
	n := numberLength(text[sign:])
	if strings.Trim(text[sign:sign+n], ".") == "" {
		return 0
	}
	return sign + n
}

func (v awkValue) number() float64 {
	if v.kind != awkIsText {
		return v.n
	}
	text := strings.TrimLeft(v.s, " \t\n\r")
	return awkNumberOf(text[:numericLength(text)])
}

// string is the value as text; numbers that are no integers take the given format.
func (v awkValue) string(format string) string {
	if v.kind != awkIsNumber {
		return v.s
	}
	switch {
	case math.IsNaN(v.n):
		return "nan"
	case math.IsInf(v.n, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v.n, 'f', -1, 64), "+"))
	case v.n == math.Trunc(v.n) && math.Abs(v.n) < 1e16:
		return strconv.FormatInt(int64(v.n), 10)
	}
	return awkSprintf(format, []awkValue{v}, "%.6g")
}

func (v awkValue) truth() bool {
	switch v.kind {
	case awkIsText:
		return v.s != ""
	default:
		return v.n != 0
	}
}

// compare orders two values: as numbers if both are, else as texts.
func (a *awk) compare(x, y awkValue) int {
	if x.kind != awkIsText && y.kind != awkIsText {
		return cmp.Compare(x.n, y.n)
	}
	format := a.text("CONVFMT")
	return strings.Compare(x.string(format), y.string(format))
}

// awkCell is a variable: a value or an array.
type awkCell struct {
	value  awkValue
	array  map[string]awkValue
	origin *awkCell // of a parameter: the argument, which becomes an array with it
}

// elements is the variable as an array.
func (c *awkCell) elements() map[string]awkValue {
	if c.array == nil {
		if c.origin != nil {
			c.array = c.origin.elements()
		} else {
			c.array = map[string]awkValue{}
		}
	}
	return c.array
}

// awkSprintf is sprintf; convfmt is for numbers that are to be shown as text.
func awkSprintf(format string, args []awkValue, convfmt string) string {
	var b strings.Builder
	take := func() awkValue {
		if len(args) == 0 {
			return awkValue{}
		}
		v := args[0]
		args = args[1:]
		return v
	}
	for {
		before, after, found := strings.Cut(format, "%")
		b.WriteString(before)
		if !found {
			return limit(b.String())
		}
		n := len(after) - len(strings.TrimLeft(after, "-+ #0123456789.*"))
		if n == len(after) {
			b.WriteString("%" + after)
			return limit(b.String())
		}
		spec, verb := awkWidths(after[:n], take), after[n]
		format = after[n+1:]
		b.WriteString(awkConvert(spec, verb, take, convfmt))
		limit(b.String())
	}
}

// awkWidths puts numbers in the place of asterisks.
func awkWidths(spec string, take func() awkValue) string {
	for strings.Contains(spec, "*") {
		spec = strings.Replace(spec, "*", strconv.Itoa(int(take().number())), 1)
	}
	for _, part := range strings.FieldsFunc(spec, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(part); err != nil || n > 1<<16 {
			panic(outOfMemory{})
		}
	}
	return spec
}

// awkConvert formats one value.
func awkConvert(spec string, verb byte, take func() awkValue, convfmt string) string {
	switch verb {
	case '%':
		return "%"
	case 'd', 'i':
		return fmt.Sprintf("%"+spec+"d", int64(clamp(take().number())))
	case 'u':
		return fmt.Sprintf("%"+spec+"d", uint64(clamp(take().number())))
	case 'o', 'x', 'X':
		return fmt.Sprintf("%"+spec+string(verb), uint64(clamp(take().number())))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if (verb == 'g' || verb == 'G') && !strings.Contains(spec, ".") {
			spec += ".6"
		}
		return fmt.Sprintf("%"+spec+string(verb), take().number())
	case 'c':
		v := take()
		if v.kind == awkIsNumber {
			return fmt.Sprintf("%"+spec+"s", string([]byte{byte(int(v.n))}))
		}
		return fmt.Sprintf("%"+spec+"s", v.s[:min(1, len(v.s))])
	case 's':
		return fmt.Sprintf("%"+spec+"s", take().string(convfmt))
	}
	return "%" + spec + string(verb)
}

// clamp keeps a number in the range of an integer.
func clamp(n float64) float64 {
	if math.IsNaN(n) {
		return 0
	}
	return max(-math.MaxInt64, min(n, math.MaxInt64/2))
}
