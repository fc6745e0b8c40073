package shell

import (
	"fmt"
	"slices"
	"strings"
)

// awkKind is the kind of a token of an awk program.
type awkKind int

const (
	awkEOF awkKind = iota
	awkNewline
	awkNumber
	awkString
	awkRegex
	awkName
	awkCall    // a name with "(" right behind it
	awkBuiltin // a function of awk's own
	awkKeyword
	awkSign
)

// awkToken is a word of an awk program.
type awkToken struct {
	kind awkKind
	text string
	line int
}

// is says whether the token is a certain sign or keyword.
func (t awkToken) is(texts ...string) bool {
	return (t.kind == awkSign || t.kind == awkKeyword) && slices.Contains(texts, t.text)
}

// awkError is a mistake in a program, or an error while it runs.
type awkError struct {
	line int
	text string
}

func (e awkError) Error() string { return fmt.Sprintf("cmd. line:%d: %s", e.line, e.text) }

func awkKeywords() []string {
	return []string{
		"BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next", "nextfile", "exit", "return", "delete",
		"in", "getline", "print", "printf",
	}
}

// awkSigns are the operators, longer ones first.
func awkSigns() []string {
	return []string{
		"**=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=", "!~", ">>", "**",
		"{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":", "~", "$", "=",
	}
}

// awkLex splits a program.
type awkLex struct {
	text   string
	line   int
	tokens []awkToken
}

// lexAwk returns the tokens of a program, with an end.
func lexAwk(text string) ([]awkToken, error) {
	l := &awkLex{text: text, line: 1}
	for {
		l.blanks()
		if l.text == "" {
			return append(l.tokens, awkToken{awkEOF, "", l.line}), nil
		}
		if err := l.token(); err != nil {
			return nil, err
		}
	}
}

func (l *awkLex) add(kind awkKind, text string, n int) {
	l.tokens = append(l.tokens, awkToken{kind, text, l.line})
	l.text = l.text[n:]
}

// blanks skips blanks, comments and continued lines.
func (l *awkLex) blanks() {
	for {
		l.text = strings.TrimLeft(l.text, " \t\r")
		switch {
		case strings.HasPrefix(l.text, "\\\n"):
			l.text = l.text[2:]
			l.line++
		case strings.HasPrefix(l.text, "#"):
			_, _, _ = strings.Cut(l.text, "\n")
			l.text = l.text[max(0, strings.IndexByte(l.text+"\n", '\n')):]
		default:
			return
		}
	}
}

func (l *awkLex) token() error {
	switch c := l.text[0]; {
	case c == '\n':
		l.add(awkNewline, "newline", 1)
		l.line++
	case c == '"':
		return l.quoted('"', awkString)
	case c == '/' && !l.afterOperand():
		return l.quoted('/', awkRegex)
	case isDigit(c) || c == '.' && len(l.text) > 1 && isDigit(l.text[1]):
		l.add(awkNumber, l.text[:numberLength(l.text)], numberLength(l.text))
	case c == '_' || isLetter(c):
		l.word()
	default:
		for _, sign := range awkSigns() {
			if strings.HasPrefix(l.text, sign) {
				l.add(awkSign, strings.Replace(sign, "**", "^", 1), len(sign))
				return nil
			}
		}
		return awkError{l.line, "Unexpected token"}
	}
	return nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// afterOperand says that a slash divides.
func (l *awkLex) afterOperand() bool {
	if len(l.tokens) == 0 {
		return false
	}
	last := l.tokens[len(l.tokens)-1]
	switch last.kind {
	case awkNumber, awkString, awkName, awkBuiltin, awkRegex:
		return true
	}
	return last.is(")", "]", "$", "++", "--")
}

func (l *awkLex) word() {
	n := 0
	for n < len(l.text) && (l.text[n] == '_' || isLetter(l.text[n]) || isDigit(l.text[n])) {
		n++
	}
	kind := awkName
	switch word := l.text[:n]; {
	case slices.Contains(awkKeywords(), word):
		kind = awkKeyword
	case awkBuiltins()[word] != nil:
		kind = awkBuiltin
	case n < len(l.text) && l.text[n] == '(':
		kind = awkCall
	}
	l.add(kind, l.text[:n], n)
}

// quoted reads a string, or a regular expression.
func (l *awkLex) quoted(end byte, kind awkKind) error {
	var b strings.Builder
	bracket := false
	for i := 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '\n':
			return awkError{l.line, "Unterminated string or regular expression"}
		case c == '\\' && i+1 < len(l.text):
			i++
			b.WriteString(awkEscape(l.text[i], kind == awkRegex))
		case c == end && !bracket:
			l.add(kind, b.String(), i+1)
			return nil
		default:
			if kind == awkRegex {
				bracket = c == '[' || bracket && c != ']'
			}
			b.WriteByte(c)
		}
	}
	return awkError{l.line, "Unterminated string or regular expression"}
}

// awkEscape is what a backslash and a character mean. In a regular expression most of them are left
// to that.
func awkEscape(c byte, regex bool) string {
	if i := strings.IndexByte("ntr/\"abfv", c); i >= 0 {
		return "\n\t\r/\"\a\b\f\v"[i : i+1]
	}
	if c == '\\' && !regex {
		return `\`
	}
	return `\` + string(c)
}

// numberLength is how long a number at the beginning of a text is.
func numberLength(text string) int {
	n := 0
	digits := func() {
		for n < len(text) && isDigit(text[n]) {
			n++
		}
	}
	digits()
	if n < len(text) && text[n] == '.' {
		n++
		digits()
	}
	if n > 0 && n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		mark := n
		if n++; n < len(text) && (text[n] == '+' || text[n] == '-') {
			n++
		}
		if start := n; func() bool { digits(); return n == start }() {
			n = mark
		}
	}
	return n
}
