package shell

import (
	"errors"
	"regexp"
	"strings"
)

// compile makes a Go regular expression of a POSIX one, basic or extended. Matches are the longest,
// as POSIX has them. Back-references in a pattern are an error: Go's expressions have none, and
// in exchange they never take exponential time.
func compile(expr string, extended, fold bool) (*regexp.Regexp, error) {
	text, err := translate(expr, extended)
	if err != nil {
		return nil, err
	}
	if fold {
		text = "(?i)" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("bad regex '" + expr + "'")
	}
	re.Longest()
	return re, nil
}

// translate rewrites an expression into Go's syntax.
func translate(expr string, extended bool) (string, error) {
	var b strings.Builder
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		switch {
		case c == '[':
			n := bracket(expr[i:])
			if n == 0 {
				return "", errors.New("bad regex '" + expr + "': Unmatched [")
			}
			b.WriteString(bracketText(expr[i : i+n]))
			i += n - 1
		case c == '\\' && i+1 < len(expr):
			i++
			text, err := escaped(expr[i], extended)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		case c == '*' && (i == 0 || !extended && (strings.HasSuffix(expr[:i], `\(`) || strings.HasSuffix(expr[:i], `\|`) || expr[:i] == "^")):
			b.WriteString(`\*`)
		case !extended && strings.IndexByte("+?(){}|", c) >= 0:
			b.WriteString(`\` + string(c))
		case !extended && c == '^' && i > 0 && !strings.HasSuffix(expr[:i], `\(`) && !strings.HasSuffix(expr[:i], `\|`):
			b.WriteString(`\^`)
		case !extended && c == '$' && i < len(expr)-1 && !strings.HasPrefix(expr[i+1:], `\)`) && !strings.HasPrefix(expr[i+1:], `\|`):
			b.WriteString(`\$`)
		case extended && c == '{' && (i+1 == len(expr) || expr[i+1] < '0' || expr[i+1] > '9'):
			b.WriteString(`\{`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// escaped is what a backslash and c mean.
func escaped(c byte, extended bool) (string, error) {
	switch {
	case !extended && strings.IndexByte("(){}|+?", c) >= 0:
		return string(c), nil
	case c >= '1' && c <= '9':
		return "", errors.New("back-references are not supported")
	case c == '<' || c == '>':
		return `\b`, nil
	case c == '`':
		return `\A`, nil
	case c == '\'':
		return `\z`, nil
	case strings.IndexByte("wWsSbBnt", c) >= 0:
		return `\` + string(c), nil
	}
	return regexp.QuoteMeta(string(c)), nil
}

// bracket is the length of the bracket expression that s begins with, or 0.
func bracket(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for i < len(s) {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				i += end + 2
				continue
			}
		}
		if s[i] == ']' {
			return i + 1
		}
		i++
	}
	return 0
}

// bracketText escapes what Go takes for special in a bracket expression.
func bracketText(s string) string {
	inner := s[1 : len(s)-1]
	out := "["
	if strings.HasPrefix(inner, "^") {
		out, inner = "[^", inner[1:]
	}
	for inner != "" {
		if strings.HasPrefix(inner, "[:") {
			if end := strings.Index(inner, ":]"); end > 0 {
				out += inner[:end+2]
				inner = inner[end+2:]
				continue
			}
		}
		if strings.IndexByte(`\[]&~`, inner[0]) >= 0 {
			out += `\`
		}
		out += inner[:1]
		inner = inner[1:]
	}
	return out + "]"
}
