package report

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/cellbuf"
)

// clean makes text from elsewhere safe for one line of a terminal: what is not
// printable is written out, such as \x1b, and line breaks become spaces.
func clean(s string) string {
	return strings.Join(strings.Fields(cleanText(s)), " ")
}

// cleanText is clean for text of several lines: line breaks and tabs stay.
func cleanText(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// styling is the only escape sequence that our own text contains: colours and
// weights (SGR).
var styling = regexp.MustCompile("\x1b\\[[0-9;]*m")

// cleanStyled is cleanText for rendered text. A renderer that decodes entities
// could be made to write other escape sequences than styling.
func cleanStyled(s string) string {
	var b strings.Builder
	last := 0
	for _, m := range styling.FindAllStringIndex(s, -1) {
		b.WriteString(cleanText(s[last:m[0]]))
		b.WriteString(s[m[0]:m[1]])
		last = m[1]
	}
	b.WriteString(cleanText(s[last:]))
	return b.String()
}

// width returns how many columns s takes.
func width(s string) int { return ansi.StringWidth(s) }

// Wrap is how this package breaks a line of text, which may have styles.
func Wrap(s string, columns int) []string { return wrap(s, columns) }

// wrap breaks s into lines of at most that many columns, at spaces only: half of
// an option such as --replicas is of no use. Each line has its styles to itself.
func wrap(s string, columns int) []string {
	s = strings.ReplaceAll(s, "-", noBreakHyphen)
	s = cellbuf.Wrap(s, max(columns, 10), "")
	return strings.Split(strings.ReplaceAll(s, noBreakHyphen, "-"), "\n")
}

const noBreakHyphen = "\u2011"

// cut takes a styled line apart after that many columns.
func cut(s string, columns int) (head, tail string) {
	return ansi.Truncate(s, columns, ""), ansi.TruncateLeft(s, columns, "")
}

// Line is text from elsewhere, made safe for one line of a terminal.
func Line(s string) string { return clean(s) }

// Printable is text from elsewhere, made safe for several lines of a terminal.
func Printable(s string) string { return cleanText(s) }
