package shell

import (
	"bufio"
	"context"
	"io"
	"strings"
)

func trProgram(_ context.Context, p *Proc) int {
	o, sets, bad := p.optionsFirst("cCds", "")
	if bad {
		return 1
	}
	if len(sets) == 0 || len(sets) == 1 && !o.has('d') && !o.has('s') {
		return p.usage("tr [-cds] STRING1 [STRING2]")
	}
	first := trSet(sets[0])
	if o.has('c') || o.has('C') {
		first = complement(first)
	}
	second := ""
	if len(sets) > 1 {
		second = trSet(sets[1])
	}
	var table [256]byte
	var remove, squeeze [256]bool
	for i := range table {
		table[i] = byte(i)
	}
	squeezed := second
	if second == "" || o.has('d') && len(sets) == 1 {
		squeezed = first
	}
	for i := range len(first) {
		switch {
		case o.has('d'):
			remove[first[i]] = true
		case second != "":
			table[first[i]] = second[min(i, len(second)-1)]
		}
	}
	for i := range len(squeezed) {
		squeeze[squeezed[i]] = o.has('s')
	}
	return p.transliterate(&table, &remove, &squeeze)
}

func (p *Proc) transliterate(table *[256]byte, remove, squeeze *[256]bool) int {
	in, out := bufio.NewReader(p.Stdin), make([]byte, 0, 4096)
	last := -1
	for {
		c, err := in.ReadByte()
		if err == nil && !remove[c] {
			if c = table[c]; int(c) != last || !squeeze[c] {
				out = append(out, c)
			}
			last = int(c)
		}
		if err != nil || in.Buffered() == 0 || len(out) == cap(out) {
			if _, werr := p.Stdout.Write(out); werr != nil {
				return 1
			}
			out = out[:0]
		}
		if err != nil {
			if err == io.EOF {
				return 0
			}
			return 1
		}
	}
}

// trSet expands "a-z", "[:upper:]" and escapes.
func trSet(s string) string {
	classes := map[string]func(byte) bool{
		"alpha": isAlpha, "digit": isDigit, "upper": isUpper, "lower": isLower, "space": isSpace,
		"alnum": func(c byte) bool { return isAlpha(c) || isDigit(c) },
		"blank": func(c byte) bool { return c == ' ' || c == '\t' },
		"punct": func(c byte) bool { return c > ' ' && c < 127 && !isAlpha(c) && !isDigit(c) },
		"print": func(c byte) bool { return c >= ' ' && c < 127 },
		"cntrl": func(c byte) bool { return c < ' ' || c == 127 },
	}
	var b strings.Builder
	for s != "" {
		if strings.HasPrefix(s, "[:") {
			if end := strings.Index(s, ":]"); end > 0 && classes[s[2:end]] != nil {
				for c := range 256 {
					if classes[s[2:end]](byte(c)) {
						b.WriteByte(byte(c))
					}
				}
				s = s[end+2:]
				continue
			}
		}
		n := 1
		if s[0] == '\\' {
			n = escapeLen(s)
		}
		text, _ := unescape(s[:n], false)
		s = s[n:]
		if len(s) > 1 && s[0] == '-' && text != "" && text[0] <= s[1] {
			for c := int(text[0]); c <= int(s[1]); c++ {
				b.WriteByte(byte(c))
			}
			s = s[2:]
			continue
		}
		b.WriteString(text)
	}
	return b.String()
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isAlpha(c byte) bool { return isUpper(c) || isLower(c) }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func complement(set string) string {
	var b strings.Builder
	for c := range 256 {
		if strings.IndexByte(set, byte(c)) < 0 {
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}
