package picture

import (
	"strconv"
	"strings"
)

// canvas is lines of cells for a terminal.
type canvas struct {
	width  int
	colour bool
	rows   [][]cell
}

type cell struct {
	r     rune
	style style
}

// style is how a cell looks: attributes of ANSI's SGR. The zero value is plain.
type style struct {
	colour uint8 // 30 to 37, or 0
	bold   bool
	faint  bool
}

func (s style) String() string {
	codes := "0"
	if s.bold {
		codes += ";1"
	}
	if s.faint {
		codes += ";2"
	}
	if s.colour != 0 {
		codes += ";" + strconv.Itoa(int(s.colour))
	}
	return "\x1b[" + codes + "m"
}

// line adds a line and returns it.
func (c *canvas) line() []cell {
	row := make([]cell, c.width)
	for i := range row {
		row[i].r = ' '
	}
	c.rows = append(c.rows, row)
	return row
}

// text adds a line of text, cut to the width.
func (c *canvas) text(s string, st style, ellipsis string) {
	put(c.line(), 0, cut(s, c.width, ellipsis), st)
}

// put writes text into a line from a column on, as far as there is room.
func put(row []cell, x int, s string, st style) int {
	for _, r := range s {
		if x >= 0 && x < len(row) {
			row[x] = cell{r, st}
		}
		x++
	}
	return x
}

// cut shortens text to a width at its end, with an ellipsis.
func cut(s string, width int, ellipsis string) string {
	if length(s) <= width {
		return s
	}
	keep := max(0, width-length(ellipsis))
	return string([]rune(s)[:keep]) + string([]rune(ellipsis)[:min(width, length(ellipsis))])
}

// tail shortens text to a width at its beginning: of the names of Pods the end differs.
func tail(s string, width int, ellipsis string) string {
	if length(s) <= width {
		return s
	}
	keep := max(0, width-length(ellipsis))
	return ellipsis + string([]rune(s)[length(s)-keep:])
}

// length counts the characters of text that has none that are wider than a cell.
func length(s string) int { return len([]rune(s)) }

// lines returns the lines without the spaces at their ends.
func (c *canvas) lines() []string {
	lines := make([]string, len(c.rows))
	for i, row := range c.rows {
		lines[i] = c.render(row)
	}
	return lines
}

func (c *canvas) render(row []cell) string {
	end := len(row)
	for end > 0 && row[end-1].r == ' ' {
		end--
	}
	var b strings.Builder
	now := style{}
	for _, cell := range row[:end] {
		if c.colour && cell.style != now && cell.r != ' ' {
			b.WriteString(cell.style.String())
			now = cell.style
		}
		b.WriteRune(cell.r)
	}
	if now != (style{}) {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}
