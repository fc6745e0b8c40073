package shell

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// unescape replaces backslash sequences. stop is set by \c, which ends all output. In echo and %b an
// octal number may begin with a zero more.
func unescape(s string, zero bool) (text string, stop bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`abefnrtv\`, s[i]); at >= 0 {
			b.WriteByte("\a\b\x1b\f\n\r\t\v\\"[at])
			continue
		}
		switch c := s[i]; {
		case c == 'c':
			return b.String(), true
		case c == 'x':
			n := digits(s[i+1:], 2, "0123456789abcdefABCDEF")
			if n == 0 {
				b.WriteString(`\x`)
				continue
			}
			v, _ := strconv.ParseUint(s[i+1:i+1+n], 16, 8)
			b.WriteByte(byte(v))
			i += n
		case c >= '0' && c <= '7':
			width := 3
			if zero && c == '0' {
				width = 4
			}
			n := digits(s[i:], width, "01234567")
			v, _ := strconv.ParseUint(s[i:i+n], 8, 16)
			b.WriteByte(byte(v))
			i += n - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), false
}

// digits counts how many of the first characters belong to a set.
func digits(s string, most int, set string) int {
	n := 0
	for n < len(s) && n < most && strings.IndexByte(set, s[n]) >= 0 {
		n++
	}
	return n
}

// printfProgram formats its arguments.
func printfProgram(_ context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		p.usage("printf FORMAT [ARG]...")
		return 2
	}
	f := formatter{Proc: p, args: p.Args[2:]}
	for {
		before := len(f.args)
		stop := f.once(p.Args[1])
		if f.out.Len() > 1<<16 || stop || len(f.args) == 0 || len(f.args) == before {
			if _, err := io.WriteString(p.Stdout, f.out.String()); err != nil {
				return f.writeError(err)
			}
			f.out.Reset()
		}
		if stop || len(f.args) == 0 || len(f.args) == before {
			return f.status
		}
	}
}

// formatter is printf at work.
type formatter struct {
	*Proc
	args   []string
	out    strings.Builder
	status int
}

func (f *formatter) next() (string, bool) {
	if len(f.args) == 0 {
		return "", false
	}
	arg := f.args[0]
	f.args = f.args[1:]
	return arg, true
}

// once goes through the format. It returns true after \c.
func (f *formatter) once(format string) bool {
	for format != "" {
		i := strings.IndexAny(format, `\%`)
		if i < 0 {
			f.out.WriteString(format)
			return false
		}
		f.out.WriteString(format[:i])
		format = format[i:]
		if format[0] == '\\' {
			n := escapeLen(format)
			text, stop := unescape(format[:n], false)
			f.out.WriteString(text)
			if stop {
				return true
			}
			format = format[n:]
			continue
		}
		n, stop := f.directive(format)
		if stop {
			return true
		}
		format = format[n:]
	}
	return false
}

// escapeLen is the length of the backslash sequence that s begins with.
func escapeLen(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch c := s[1]; {
	case c == 'x':
		return 2 + digits(s[2:], 2, "0123456789abcdefABCDEF")
	case c >= '0' && c <= '7':
		return 1 + digits(s[1:], 3, "01234567")
	}
	return 2
}

// directive handles the %… that format begins with and returns its length.
func (f *formatter) directive(format string) (int, bool) {
	i := 1
	spec := "%"
	for i < len(format) && strings.IndexByte("-+ #0", format[i]) >= 0 {
		spec += format[i : i+1]
		i++
	}
	star := func() {
		if i < len(format) && format[i] == '*' {
			arg, _ := f.next()
			spec += strconv.Itoa(int(f.integer(arg)))
			i++
			return
		}
		n := digits(format[i:], 6, "0123456789")
		spec += format[i : i+n]
		i += n
	}
	star()
	if i < len(format) && format[i] == '.' {
		spec += "."
		i++
		star()
	}
	for i < len(format) && strings.IndexByte("hlLjzt", format[i]) >= 0 {
		i++
	}
	if i >= len(format) {
		f.status = f.fail("%s: invalid format", format)
		return i, true
	}
	return i + 1, f.convert(spec, format[i], format)
}

func (f *formatter) convert(spec string, verb byte, format string) bool {
	switch verb {
	case '%':
		f.out.WriteByte('%')
	case 's':
		arg, _ := f.next()
		fmt.Fprintf(&f.out, spec+"s", arg)
	case 'b':
		arg, _ := f.next()
		text, stop := unescape(arg, true)
		fmt.Fprintf(&f.out, spec+"s", text)
		return stop
	case 'q':
		arg, _ := f.next()
		f.out.WriteString(quote(arg))
	case 'c':
		arg, _ := f.next()
		fmt.Fprintf(&f.out, spec+"s", arg[:min(1, len(arg))])
	case 'd', 'i':
		arg, _ := f.next()
		fmt.Fprintf(&f.out, spec+"d", f.integer(arg))
	case 'u', 'o', 'x', 'X':
		arg, _ := f.next()
		fmt.Fprintf(&f.out, spec+strings.Replace(string(verb), "u", "d", 1), uint64(f.integer(arg)))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		arg, _ := f.next()
		n, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
		if err != nil && arg != "" {
			f.status = f.fail("invalid number '%s'", arg)
		}
		fmt.Fprintf(&f.out, spec+string(verb), n)
	default:
		f.status = f.fail("%s: invalid format", format)
		return true
	}
	return false
}

// integer reads a number as C does; 'x is the code of a character.
func (f *formatter) integer(s string) int64 {
	if s == "" {
		return 0
	}
	if s[0] == '\'' || s[0] == '"' {
		for _, r := range s[1:] {
			return int64(r)
		}
		return 0
	}
	t := strings.TrimSpace(s)
	n, err := strconv.ParseInt(t, 0, 64)
	if err != nil {
		if u, uerr := strconv.ParseUint(t, 0, 64); uerr == nil {
			return int64(u)
		}
		f.status = f.fail("invalid number '%s'", s)
	}
	return n
}
