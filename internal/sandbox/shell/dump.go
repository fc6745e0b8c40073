package shell

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// dumped is the input of od, hexdump and xxd: the files one after the other, from an offset on.
func (p *Proc) dumped(names []string, skip, count int64) (io.Reader, func(), int) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var readers []io.Reader
	var closers []io.Closer
	status := 0
	for _, name := range names {
		in, err := p.OpenRead(name)
		if err != nil {
			status = p.cannotRead(name, err)
			continue
		}
		readers, closers = append(readers, in), append(closers, in)
	}
	all := io.MultiReader(readers...)
	if skip > 0 {
		_, _ = io.CopyN(io.Discard, all, skip) // a short input leaves nothing to show
	}
	if count >= 0 {
		all = io.LimitReader(all, count)
	}
	return all, func() {
		for _, c := range closers {
			c.Close()
		}
	}, status
}

// rows calls f with 16 bytes after the other, and returns how many there were.
func rows(ctx context.Context, in io.Reader, width int, f func(offset int64, row []byte)) (int64, error) {
	buf, offset := make([]byte, width), int64(0)
	for ctx.Err() == nil {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			f(offset, buf[:n])
			offset += int64(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return offset, nil
		}
		if err != nil {
			return offset, err
		}
	}
	return offset, ctx.Err()
}

// od is what its options say.
type od struct {
	*Proc
	radix byte
	kinds []string // "x1", "o2", "c"
	all   bool
	last  string
	same  bool // lines were left out
}

func odProgram(ctx context.Context, p *Proc) int {
	o, names, bad := p.options("bcdoxva", "AtjNw")
	if bad {
		return 1
	}
	d := &od{Proc: p, radix: o.value('A', "o")[0], all: o.has('v')}
	for letter, kind := range map[byte]string{'b': "o1", 'c': "c", 'd': "u2", 'o': "o2", 'x': "x2", 'a': "a"} {
		if o.has(letter) {
			d.kinds = append(d.kinds, kind)
		}
	}
	slices.Sort(d.kinds)
	d.kinds = append(d.kinds, o.all('t')...)
	if len(d.kinds) == 0 {
		d.kinds = []string{"o2"}
	}
	for i, kind := range d.kinds {
		if !validKind(kind) {
			return p.fail("invalid type string '%s'", kind)
		}
		d.kinds[i] = strings.TrimSuffix(kind, "z")
	}
	skip, ok := byteCount(o.value('j', "0"))
	count, okCount := byteCount(o.value('N', "0"))
	if !ok || !okCount || strings.IndexByte("doxn", d.radix) < 0 {
		return p.fail("invalid number")
	}
	if !o.has('N') {
		count = -1
	}
	in, done, status := p.dumped(names, skip, count)
	defer done()
	total, err := rows(ctx, in, 16, func(offset int64, row []byte) { d.row(skip+offset, row) })
	if err != nil {
		return p.fail("%s", files.Reason(err))
	}
	if end := d.offset(skip + total); end != "" {
		p.printf("%s\n", end)
	}
	return status
}

func validKind(kind string) bool {
	kind = strings.TrimSuffix(kind, "z")
	if kind == "c" || kind == "a" {
		return true
	}
	size := strings.TrimLeft(kind, "doux")
	return len(kind)-len(size) == 1 && slices.Contains([]string{"", "1", "2", "4", "8", "C", "S", "I", "L"}, size)
}

func (d *od) offset(n int64) string {
	switch d.radix {
	case 'd':
		return fmt.Sprintf("%07d", n)
	case 'x':
		return fmt.Sprintf("%06x", n)
	case 'n':
		return ""
	}
	return fmt.Sprintf("%07o", n)
}

// row prints 16 bytes, once for every kind. Rows like the one before are shown as an asterisk.
func (d *od) row(offset int64, row []byte) {
	if len(row) == 16 && string(row) == d.last && !d.all {
		if !d.same {
			d.printf("*\n")
		}
		d.same = true
		return
	}
	d.same, d.last = false, string(row)
	for i, kind := range d.kinds {
		head := d.offset(offset)
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		d.printf("%s%s\n", head, d.text(kind, row))
	}
}

// text is a row in one format.
func (d *od) text(kind string, row []byte) string {
	size := map[string]int{"1": 1, "C": 1, "2": 2, "S": 2, "": 4, "4": 4, "I": 4, "8": 8, "L": 8}[kind[1:]]
	if kind[0] == 'c' || kind[0] == 'a' {
		size = 1
	}
	var b strings.Builder
	for len(row) > 0 {
		unit := make([]byte, 8)
		n := copy(unit, row[:min(size, len(row))])
		row = row[n:]
		b.WriteString(unitText(kind[0], size, binary.LittleEndian.Uint64(unit)))
	}
	return b.String()
}

// unitText is one number of a row. The widths are those of the largest number.
func unitText(kind byte, size int, n uint64) string {
	switch kind {
	case 'x':
		return fmt.Sprintf(" %0*x", size*2, n)
	case 'o':
		return fmt.Sprintf(" %0*o", (size*8+2)/3, n)
	case 'u':
		return fmt.Sprintf(" %*d", len(strconv.FormatUint(1<<(8*size-1)*2-1, 10)), n)
	case 'd':
		signed := int64(n<<(64-8*size)) >> (64 - 8*size)
		return fmt.Sprintf(" %*d", len(strconv.FormatUint(1<<(8*size-1), 10))+1, signed)
	}
	return fmt.Sprintf(" %3s", charName(kind, byte(n)))
}

// charName is a byte as a character for od -c and -a.
func charName(kind, c byte) string {
	if kind == 'a' {
		names := strings.Fields("nul soh stx etx eot enq ack bel bs ht nl vt ff cr so si dle dc1 dc2 dc3 dc4 nak syn etb can em sub esc fs gs rs us sp")
		if c &= 0x7f; int(c) < len(names) {
			return names[c]
		} else if c == 0x7f {
			return "del"
		}
		return string(rune(c))
	}
	if i := strings.IndexByte("\x00\a\b\f\n\r\t\v", c); i >= 0 {
		return strings.Fields(`\0 \a \b \f \n \r \t \v`)[i]
	}
	if c < 0x20 || c > 0x7e {
		return fmt.Sprintf("%03o", c)
	}
	return string(rune(c))
}

func hexdumpProgram(ctx context.Context, p *Proc) int {
	o, names, bad := p.options("bcCdoxv", "ns")
	if bad {
		return 1
	}
	skip, ok := byteCount(o.value('s', "0"))
	count, okCount := byteCount(o.value('n', "0"))
	if !ok || !okCount {
		return p.fail("invalid number")
	}
	if !o.has('n') {
		count = -1
	}
	in, done, status := p.dumped(names, skip, count)
	defer done()
	h := &hexdump{Proc: p, canonical: o.has('C'), all: o.has('v')}
	total, err := rows(ctx, in, 16, func(offset int64, row []byte) { h.row(skip+offset, row) })
	if err != nil {
		return p.fail("%s", files.Reason(err))
	}
	switch {
	case total == 0:
	case h.canonical:
		p.printf("%08x\n", skip+total)
	default:
		p.printf("%07x\n", skip+total)
	}
	return status
}

// hexdump is what its options say.
type hexdump struct {
	*Proc
	canonical, all, same bool
	last                 string
}

func (h *hexdump) row(offset int64, row []byte) {
	if len(row) == 16 && string(row) == h.last && !h.all {
		if !h.same {
			h.printf("*\n")
		}
		h.same = true
		return
	}
	h.same, h.last = false, string(row)
	var b strings.Builder
	if !h.canonical {
		for i := 0; i < len(row); i += 2 {
			pair := append(slices.Clone(row[i:min(i+2, len(row))]), 0)
			fmt.Fprintf(&b, " %04x", binary.LittleEndian.Uint16(pair))
		}
		h.printf("%07x%-40s\n", offset, b.String())
		return
	}
	for i, c := range row {
		if i%8 == 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, " %02x", c)
	}
	h.printf("%08x%-50s  |%s|\n", offset, b.String(), printable(row))
}

// printable has a dot for what cannot be shown.
func printable(row []byte) string {
	text := slices.Clone(row)
	for i, c := range text {
		if c < 0x20 || c > 0x7e {
			text[i] = '.'
		}
	}
	return string(text)
}

func xxdProgram(ctx context.Context, p *Proc) int {
	o, names, bad := p.options("p", "lsc")
	if bad {
		return 1
	}
	skip, ok := byteCount(o.value('s', "0"))
	count, okCount := byteCount(o.value('l', "0"))
	if !ok || !okCount {
		return p.fail("invalid number")
	}
	if !o.has('l') {
		count = -1
	}
	in, done, status := p.dumped(names, skip, count)
	defer done()
	width := 16
	if o.has('p') {
		width = 30
	}
	_, err := rows(ctx, in, width, func(offset int64, row []byte) {
		if o.has('p') {
			p.printf("%x\n", row)
			return
		}
		var b strings.Builder
		for i, c := range row {
			if i%2 == 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%02x", c)
		}
		p.printf("%08x:%-40s  %s\n", skip+offset, b.String(), printable(row))
	})
	if err != nil {
		return p.fail("%s", files.Reason(err))
	}
	return status
}
