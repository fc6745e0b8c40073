package shell

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sedCommand is a command of a sed script.
type sedCommand struct {
	from, to *sedAddress
	invert   bool
	name     byte
	text     string // of a, i, c; a label; a file name
	re       *regexp.Regexp
	with     string // replacement of s
	global   bool
	print    bool
	nth      int
	file     string
	table    map[rune]rune // of y
	exit     int
	block    []*sedCommand

	active bool // inside a range
	until  int  // last line of a range that is counted
}

// sedAddress is a line number, a pattern or "$".
type sedAddress struct {
	line, step int
	last       bool
	re         *regexp.Regexp
	plus       bool // "+N" behind a comma
}

// sedParser reads a sed script.
type sedParser struct {
	text     string
	extended bool
	depth    int
	previous *regexp.Regexp // an empty pattern means the last one
}

// parse reads commands up to the end, or up to "}" in a block.
func (p *sedParser) parse(inBlock bool) ([]*sedCommand, error) {
	var out []*sedCommand
	if p.depth++; p.depth > 50 {
		return nil, fmt.Errorf("too many {")
	}
	defer func() { p.depth-- }()
	for {
		p.text = strings.TrimLeft(p.text, " \t\n;")
		switch {
		case p.text == "":
			if inBlock {
				return nil, fmt.Errorf("unmatched '{'")
			}
			return out, nil
		case p.text[0] == '#':
			_, p.text, _ = strings.Cut(p.text, "\n")
			continue
		case p.text[0] == '}':
			if !inBlock {
				return nil, fmt.Errorf("unexpected '}'")
			}
			p.text = p.text[1:]
			return out, nil
		}
		cmd, err := p.command()
		if err != nil {
			return nil, err
		}
		out = append(out, cmd)
	}
}

func (p *sedParser) blanks() { p.text = strings.TrimLeft(p.text, " \t") }

func (p *sedParser) command() (*sedCommand, error) {
	c := &sedCommand{}
	var err error
	if c.from, err = p.address(); err != nil {
		return nil, err
	}
	p.blanks()
	if c.from != nil && strings.HasPrefix(p.text, ",") {
		p.text = p.text[1:]
		p.blanks()
		if c.to, err = p.address(); err != nil {
			return nil, err
		}
		if c.to == nil {
			return nil, fmt.Errorf("no address after comma")
		}
	}
	p.blanks()
	for strings.HasPrefix(p.text, "!") {
		c.invert = true
		p.text = p.text[1:]
		p.blanks()
	}
	if p.text == "" {
		return nil, fmt.Errorf("missing command")
	}
	c.name = p.text[0]
	p.text = p.text[1:]
	return c, p.arguments(c)
}

// address reads one address, or nothing.
func (p *sedParser) address() (*sedAddress, error) {
	switch {
	case p.text == "":
		return nil, nil
	case p.text[0] == '$':
		p.text = p.text[1:]
		return &sedAddress{last: true}, nil
	case p.text[0] == '/' || p.text[0] == '\\' && len(p.text) > 1:
		if p.text[0] == '\\' {
			p.text = p.text[1:]
		}
		return p.patternAddress()
	case p.text[0] == '+' || isDigit(p.text[0]):
		plus := p.text[0] == '+'
		p.text = strings.TrimPrefix(p.text, "+")
		a := &sedAddress{line: p.number(), plus: plus}
		if strings.HasPrefix(p.text, "~") {
			p.text = p.text[1:]
			a.step = p.number()
		}
		return a, nil
	}
	return nil, nil
}

func (p *sedParser) patternAddress() (*sedAddress, error) {
	delim := p.text[0]
	p.text = p.text[1:]
	expr, err := p.until(delim, true)
	if err != nil {
		return nil, err
	}
	fold := strings.HasPrefix(p.text, "I")
	p.text = strings.TrimPrefix(p.text, "I")
	re, err := p.compile(expr, fold)
	return &sedAddress{re: re}, err
}

func (p *sedParser) compile(expr string, fold bool) (*regexp.Regexp, error) {
	if expr == "" {
		if p.previous == nil {
			return nil, fmt.Errorf("no previous regexp")
		}
		return p.previous, nil
	}
	re, err := compile(expr, p.extended, fold)
	p.previous = re
	return re, err
}

func (p *sedParser) number() int {
	n := digits(p.text, 9, "0123456789")
	v, _ := strconv.Atoi(p.text[:n])
	p.text = p.text[n:]
	return v
}

// until reads to the delimiter. An escaped delimiter is the character itself; other escapes stay.
func (p *sedParser) until(delim byte, pattern bool) (string, error) {
	var b strings.Builder
	for i := 0; i < len(p.text); i++ {
		c := p.text[i]
		switch {
		case c == delim:
			p.text = p.text[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.text):
			i++
			switch next := p.text[i]; {
			case next == delim:
				b.WriteByte(delim)
			case next == 'n' && pattern:
				b.WriteByte('\n')
			default:
				b.WriteByte('\\')
				b.WriteByte(next)
			}
		case c == '[' && pattern:
			n := max(1, bracket(p.text[i:]))
			b.WriteString(p.text[i : i+n])
			i += n - 1
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("unmatched '%c'", delim)
}

// arguments reads what follows a command's name.
func (p *sedParser) arguments(c *sedCommand) error {
	var err error
	switch c.name {
	case '{':
		c.block, err = p.parse(true)
		return err
	case 's':
		return p.substitution(c)
	case 'y':
		return p.table(c)
	case 'a', 'i', 'c':
		c.text = p.appended()
		return nil
	case ':', 'b', 't', 'T':
		p.blanks()
		end := strings.IndexAny(p.text, ";\n}")
		if c.name == ':' || end < 0 {
			if end = strings.IndexAny(p.text, "\n;"); end < 0 {
				end = len(p.text)
			}
		}
		c.text = strings.TrimSpace(p.text[:end])
		p.text = p.text[end:]
		return nil
	case 'r', 'w':
		p.blanks()
		c.text, p.text, _ = strings.Cut(p.text, "\n")
		return nil
	case 'q', 'Q':
		p.blanks()
		c.exit = p.number()
	case 'p', 'd', 'D', 'P', 'n', 'N', 'g', 'G', 'h', 'H', 'x', '=', 'l':
	default:
		return fmt.Errorf("unsupported command %c", c.name)
	}
	p.blanks()
	if p.text != "" && strings.IndexByte(";\n}#", p.text[0]) < 0 {
		return fmt.Errorf("garbage after command")
	}
	return nil
}

// appended reads the text of a, i and c.
func (p *sedParser) appended() string {
	p.blanks()
	if strings.HasPrefix(p.text, "\\") {
		p.text = strings.TrimLeft(p.text[1:], " \t")
		p.text = strings.TrimPrefix(p.text, "\n")
	}
	var b strings.Builder
	for i := 0; i < len(p.text); i++ {
		c := p.text[i]
		if c == '\n' {
			p.text = p.text[i+1:]
			return b.String()
		}
		if c == '\\' && i+1 < len(p.text) {
			i++
			c = p.text[i]
		}
		b.WriteByte(c)
	}
	p.text = ""
	return b.String()
}

func (p *sedParser) substitution(c *sedCommand) error {
	if p.text == "" || p.text[0] == '\n' || p.text[0] == '\\' {
		return fmt.Errorf("bad format in substitution expression")
	}
	delim := p.text[0]
	p.text = p.text[1:]
	expr, err := p.until(delim, true)
	if err == nil {
		c.with, err = p.until(delim, false)
	}
	if err != nil {
		return err
	}
	fold := false
	for p.text != "" {
		switch flag := p.text[0]; {
		case flag == 'g':
			c.global = true
		case flag == 'p':
			c.print = true
		case flag == 'i' || flag == 'I':
			fold = true
		case isDigit(flag):
			c.nth = p.number()
			continue
		case flag == 'w':
			c.file, p.text, _ = strings.Cut(strings.TrimLeft(p.text[1:], " "), "\n")
			c.re, err = p.compile(expr, fold)
			return err
		case strings.IndexByte(" \t;\n}#", flag) >= 0:
			c.re, err = p.compile(expr, fold)
			return err
		default:
			return fmt.Errorf("bad option in substitution expression")
		}
		p.text = p.text[1:]
	}
	c.re, err = p.compile(expr, fold)
	return err
}

func (p *sedParser) table(c *sedCommand) error {
	if p.text == "" {
		return fmt.Errorf("missing command")
	}
	delim := p.text[0]
	p.text = p.text[1:]
	from, err := p.until(delim, true)
	if err != nil {
		return err
	}
	to, err := p.until(delim, true)
	if err != nil {
		return err
	}
	a, b := []rune(from), []rune(to)
	if len(a) != len(b) {
		return fmt.Errorf("strings for y command are different lengths")
	}
	c.table = map[rune]rune{}
	for i := range a {
		c.table[a[i]] = b[i]
	}
	return nil
}
