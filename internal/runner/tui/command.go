package tui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// A commandLine is a line of a command as it is shown.
type commandLine struct {
	text  string
	flush bool // begins in the first column: it goes on in the middle of a word
}

// commandLines breaks a command into lines that fit behind a margin, so that what is copied
// from the screen is the same command: with a backslash, at spaces outside of quotes, and
// in a word that is longer than a line. The lines of a here-document, which has no such
// way, are broken anywhere.
func commandLines(command string, columns, margin int) []commandLine {
	var lines []commandLine
	for _, line := range strings.Split(command, "\n") {
		if !strings.Contains(command, "<<") {
			lines = append(lines, breakCommand(line, columns, margin)...)
		} else {
			lines = append(lines, commandLine{text: line})
		}
	}
	var fitting []commandLine
	for _, l := range lines {
		for _, text := range strings.Split(ansi.Hardwrap(l.text, max(l.room(columns, margin), 1), true), "\n") {
			fitting = append(fitting, commandLine{text, l.flush})
		}
	}
	return fitting
}

func (l commandLine) room(columns, margin int) int {
	if l.flush {
		return columns
	}
	return columns - margin
}

func breakCommand(line string, columns, margin int) []commandLine {
	const more, indent = ` \`, "    "
	var lines []commandLine
	current := commandLine{}
	words := shellWords(line)
	for i, word := range words {
		end := more
		if i+1 == len(words) {
			end = ""
		}
		switch {
		case current.text == "":
			current.text = word
		case width(current.text+" "+word+end) > current.room(columns, margin):
			lines = append(lines, commandLine{current.text + more, current.flush})
			current = commandLine{text: indent + strings.TrimLeft(word, " ")}
		default:
			current.text += " " + word
		}
		for width(current.text+end) > current.room(columns, margin) {
			head, tail, ok := breakWord(current.text, current.room(columns, margin))
			if !ok {
				break
			}
			lines = append(lines, commandLine{head, current.flush})
			current = commandLine{tail, true}
		}
	}
	return append(lines, current)
}

// breakWord takes text apart so that its head fits, with what makes the shell put both
// together: behind the last comma or space that it has room for, else anywhere.
func breakWord(text string, room int) (head, tail string, ok bool) {
	states := quoting(text)
	good := false
	for i := range text {
		s := states[i]
		closed, opened := `\`, ""
		switch {
		case s.escaped || strings.TrimSpace(text[:i]) == "":
			continue
		case s.quote == '\'':
			closed, opened = `'\`, "'"
		case s.quote == '"' && strings.Contains(text, "$("):
			continue // quotes in there are its own
		}
		if width(text[:i]+closed) > room {
			break
		}
		if last, _ := utf8.DecodeLastRuneInString(text[:i]); last == ',' || last == ' ' || !good {
			head, tail, ok = text[:i]+closed, opened+text[i:], true
			good = last == ',' || last == ' '
		}
	}
	return head, tail, ok
}

// shellWords splits a line at spaces that no quote, backslash or parenthesis protects. Leading
// space belongs to the first word.
func shellWords(line string) []string {
	var words []string
	start := 0
	for i, s := range quoting(line) {
		if i < len(line) && line[i] == ' ' && s == (shellState{}) && strings.TrimSpace(line[start:i]) != "" {
			words = append(words, line[start:i])
			start = i + 1
		}
	}
	return append(words, line[start:])
}

// shellState is what the shell takes a character for.
type shellState struct {
	quote   rune // that it is in
	escaped bool // by a backslash before it
	depth   int  // of parentheses
}

// quoting returns the state before each byte of a line.
func quoting(line string) []shellState {
	states := make([]shellState, len(line))
	s := shellState{}
	for i, r := range line {
		states[i] = s
		switch {
		case s.escaped:
			s.escaped = false
		case r == '\\' && s.quote != '\'':
			s.escaped = true
		case s.quote != 0:
			if r == s.quote {
				s.quote = 0
			}
		case r == '\'' || r == '"':
			s.quote = r
		case r == '(':
			s.depth++
		case r == ')':
			s.depth = max(s.depth-1, 0)
		}
	}
	return states
}
