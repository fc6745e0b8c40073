package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// commandLines breaks a command into lines that fit, so that what is copied from the
// screen is the same command: at spaces outside of quotes, with a backslash. A word
// that is longer than a line goes on in the next, and so does a here-document.
func commandLines(command string, columns int) []string {
	var lines []string
	for _, line := range strings.Split(command, "\n") {
		if !strings.Contains(command, "<<") {
			lines = append(lines, breakCommand(line, columns)...)
		} else {
			lines = append(lines, line)
		}
	}
	return strings.Split(ansi.Hardwrap(strings.Join(lines, "\n"), max(columns, 1), true), "\n")
}

func breakCommand(line string, columns int) []string {
	const more, indent = ` \`, "    "
	var lines []string
	current := ""
	for _, word := range shellWords(line) {
		switch {
		case current == "":
			current = word
		case width(current)+1+width(word)+width(more) > columns:
			lines = append(lines, current+more)
			current = indent + strings.TrimLeft(word, " ")
		default:
			current += " " + word
		}
	}
	lines = append(lines, current)
	if len(lines) == 2 && width(line) <= columns {
		return []string{line} // only the backslash would not have fitted
	}
	return lines
}

// shellWords splits a line at spaces that no quote or backslash protects. Leading
// space belongs to the first word.
func shellWords(line string) []string {
	var words []string
	var quote rune
	depth, escaped := 0, false
	start := 0
	for i, r := range line {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ' ' && depth <= 0 && strings.TrimSpace(line[start:i]) != "":
			words = append(words, line[start:i])
			start = i + 1
		}
	}
	return append(words, line[start:])
}
