package shell

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// lines calls f for each line of the named files, or of the standard input, without the newline.
// It stops when f returns false. Lines end with sep.
func (p *Proc) lines(names []string, sep byte, f func(line string) bool) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	status := 0
	for _, name := range names {
		in, err := p.OpenRead(name)
		if err != nil {
			status = p.cannotRead(name, err)
			continue
		}
		more, err := eachLine(in, sep, f)
		in.Close()
		if err != nil && p.process.ctx.Err() == nil {
			status = p.fail("%s: %s", name, files.Reason(err))
		}
		if !more {
			break
		}
	}
	return status
}

// cannotRead reports that a file cannot be read: busybox has two forms, and this one is of programs
// that read lines.
func (p *Proc) cannotRead(name string, err error) int {
	return p.fail("%s: %s", name, files.Reason(err))
}

// eachLine splits a reader. It returns false if f did.
func eachLine(in io.Reader, sep byte, f func(string) bool) (bool, error) {
	return eachRawLine(in, sep, func(line string) bool { return f(strings.TrimSuffix(line, string(sep))) })
}

// eachRawLine is eachLine with the ends of lines left on; the last one may have none.
func eachRawLine(in io.Reader, sep byte, f func(string) bool) (bool, error) {
	r := bufio.NewReader(in)
	for {
		line, err := limitedLine(r, sep)
		if err == nil {
			line += string(sep)
		}
		if line != "" && !f(line) {
			return false, nil
		}
		if err != nil {
			return true, ignoreEOF(err)
		}
	}
}

// limitedLine reads a line of a sane length, without its end.
func limitedLine(r *bufio.Reader, sep byte) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice(sep)
		if line = append(line, part...); len(line) > maxValue {
			panic(outOfMemory{})
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return string(bytes.TrimSuffix(line, []byte{sep})), err
	}
}

// count reads the number of head -n and its like: "-5" is 5 and negative.
func count(s string) (n int64, negative, plus, ok bool) {
	if strings.HasPrefix(s, "-") {
		negative, s = true, s[1:]
	} else if strings.HasPrefix(s, "+") {
		plus, s = true, s[1:]
	}
	n, ok = byteCount(s)
	return n, negative, plus, ok
}

// byteCount reads a number with a unit: 1k is 1024.
func byteCount(s string) (int64, bool) {
	units := map[string]int64{"b": 512, "c": 1, "k": 1 << 10, "K": 1 << 10, "kB": 1000, "M": 1 << 20, "m": 1 << 20, "MB": 1000 * 1000, "G": 1 << 30, "g": 1 << 30}
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	factor, ok := units[s[end:]]
	if s[end:] == "" {
		factor, ok = 1, true
	}
	n, err := strconv.ParseInt(s[:end], 10, 40)
	return n * factor, ok && err == nil
}

func tacProgram(_ context.Context, p *Proc) int {
	var all []string
	size := 0
	status := p.lines(p.Args[1:], '\n', func(line string) bool {
		if size += len(line) + 16; size > maxInput {
			panic(outOfMemory{})
		}
		p.process.hold(len(line) + 16)
		all = append(all, line)
		return true
	})
	for i := len(all) - 1; i >= 0; i-- {
		p.printf("%s\n", all[i])
	}
	return status
}

func revProgram(_ context.Context, p *Proc) int {
	return p.lines(p.Args[1:], '\n', func(line string) bool {
		runes := []rune(line)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return p.line(string(runes))
	})
}

// line writes a line, and is false when nobody reads any more.
func (p *Proc) line(s string) bool {
	_, err := io.WriteString(p.Stdout, s+"\n")
	return err == nil
}

func nlProgram(_ context.Context, p *Proc) int {
	_, names, bad := p.options("", "bwsn")
	if bad {
		return 1
	}
	n := 0
	return p.lines(names, '\n', func(line string) bool {
		if line == "" {
			return p.line("       ")
		}
		n++
		return p.line(fmt.Sprintf("%6d\t%s", n, line))
	})
}

func teeProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("ai", "")
	if bad {
		return 1
	}
	flag := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if o.has('a') {
		flag = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	outs := []io.Writer{p.Stdout}
	status := 0
	for _, name := range names {
		f, err := p.Open(name, flag, 0o666)
		if err != nil {
			status = p.fail("%s: %s", name, files.Reason(err))
			continue
		}
		defer f.Close()
		outs = append(outs, f)
	}
	if _, err := io.Copy(plain{io.MultiWriter(outs...)}, p.Stdin); err != nil && p.process.ctx.Err() == nil {
		return p.fail("%s", files.Reason(err))
	}
	return status
}

func yesProgram(ctx context.Context, p *Proc) int {
	text := "y"
	if len(p.Args) > 1 {
		text = strings.Join(p.Args[1:], " ")
	}
	block := []byte(strings.Repeat(text+"\n", 1+4096/(len(text)+1)))
	for ctx.Err() == nil {
		if _, err := p.Stdout.Write(block); err != nil {
			return p.writeError(err)
		}
	}
	return 1
}

// counts are what wc counts.
type counts struct{ lines, words, bytes, chars, longest int64 }

func wcProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("lwcmL", "")
	if bad {
		return 1
	}
	inputs := names
	if len(inputs) == 0 {
		inputs = []string{"-"}
	}
	var total counts
	status := 0
	for _, name := range inputs {
		in, err := p.OpenRead(name)
		if err != nil {
			status = p.fail("%s: %s", name, files.Reason(err))
			continue
		}
		c, err := countAll(in)
		in.Close()
		if err != nil {
			status = p.fail("%s: %s", name, files.Reason(err))
		}
		label := name
		if len(names) == 0 {
			label = ""
		}
		p.showCounts(o, c, label)
		total = counts{total.lines + c.lines, total.words + c.words, total.bytes + c.bytes, total.chars + c.chars, max(total.longest, c.longest)}
	}
	if len(inputs) > 1 {
		p.showCounts(o, total, "total")
	}
	return status
}

func countAll(in io.Reader) (counts, error) {
	var c counts
	word, width := false, int64(0)
	buf := make([]byte, 32<<10)
	for {
		n, err := in.Read(buf)
		for _, b := range buf[:n] {
			c.bytes++
			if utf8.RuneStart(b) {
				c.chars++
			}
			width++
			if b == '\n' {
				c.lines++
				width = 0
			}
			c.longest = max(c.longest, width)
			space := b == ' ' || b >= '\t' && b <= '\r'
			if !space && !word {
				c.words++
			}
			word = !space
		}
		if err != nil {
			return c, ignoreEOF(err)
		}
	}
}

// showCounts prints numbers as busybox does: alone without padding, else in columns.
func (p *Proc) showCounts(o given, c counts, name string) {
	var list []int64
	for _, choice := range []struct {
		letter byte
		n      int64
	}{{'l', c.lines}, {'w', c.words}, {'m', c.chars}, {'c', c.bytes}, {'L', c.longest}} {
		byDefault := len(o) == 0 && strings.IndexByte("lwc", choice.letter) >= 0
		if o.has(choice.letter) || byDefault {
			list = append(list, choice.n)
		}
	}
	var cols []string
	for _, n := range list {
		if len(list) == 1 {
			cols = append(cols, strconv.FormatInt(n, 10))
		} else {
			cols = append(cols, pad(strconv.FormatInt(n, 10), 9))
		}
	}
	text := strings.Join(cols, " ")
	if name != "" {
		text += " " + name
	}
	p.printf("%s\n", text)
}

func cutProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("sn", "dfcb")
	if bad {
		return 1
	}
	list, chars := o.value('f', ""), false
	if o.has('c') || o.has('b') {
		list, chars = o.value('c', o.value('b', "")), true
	}
	ranges, ok := parseRanges(list)
	if !ok {
		return p.fail("invalid range '%s'", list)
	}
	sep := o.value('d', "\t")
	return p.lines(names, '\n', func(line string) bool {
		if chars {
			return p.line(strings.Join(pick(strings.Split(line, ""), ranges), ""))
		}
		if !strings.Contains(line, sep) {
			if o.has('s') {
				return true
			}
			return p.line(line)
		}
		return p.line(strings.Join(pick(strings.Split(line, sep), ranges), sep))
	})
}

// parseRanges reads "1,3-5,7-".
func parseRanges(s string) ([][2]int, bool) {
	var out [][2]int
	for _, part := range strings.Split(s, ",") {
		from, to, dash := strings.Cut(part, "-")
		r := [2]int{1, 1 << 30}
		var err error
		if from != "" {
			if r[0], err = strconv.Atoi(from); err != nil || r[0] < 1 {
				return nil, false
			}
		}
		if !dash {
			r[1] = r[0]
		} else if to != "" {
			if r[1], err = strconv.Atoi(to); err != nil {
				return nil, false
			}
		}
		if part == "" || part == "-" {
			return nil, false
		}
		out = append(out, r)
	}
	return out, true
}

func pick(fields []string, ranges [][2]int) []string {
	var out []string
	for i, f := range fields {
		for _, r := range ranges {
			if i+1 >= r[0] && i+1 <= r[1] {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

func uniqProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("cdui", "fsw")
	if bad {
		return 1
	}
	last, n := "", 0
	key := func(s string) string {
		if o.has('i') {
			return strings.ToLower(s)
		}
		return s
	}
	out := p.Stdout
	if len(args) > 1 {
		f, err := p.Open(args[1], os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return p.cannot("open", args[1], err)
		}
		defer f.Close()
		out, args = f, args[:1]
	}
	flush := func() {
		if n == 0 || o.has('d') && n == 1 || o.has('u') && n > 1 {
			return
		}
		if o.has('c') {
			fmt.Fprintf(out, "%7d ", n)
		}
		io.WriteString(out, last+"\n")
	}
	status := p.lines(args, '\n', func(line string) bool {
		if n > 0 && key(line) == key(last) {
			n++
			return true
		}
		flush()
		last, n = line, 1
		return p.process.ctx.Err() == nil
	})
	flush()
	return status
}

func seqProgram(ctx context.Context, p *Proc) int {
	args := p.Args[1:]
	sep, width := "\n", false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && (args[0][1] < '0' || args[0][1] > '9') && args[0][1] != '.' {
		switch {
		case args[0] == "-w":
			width = true
		case args[0] == "-s" && len(args) > 1:
			sep, args = args[1], args[1:]
		default:
			return p.fail("invalid option -- '%s'", args[0][1:])
		}
		args = args[1:]
	}
	if len(args) < 1 || len(args) > 3 {
		return p.usage("seq [-w] [-s SEP] [FIRST [INC]] LAST")
	}
	first, step, last := "1", "1", args[len(args)-1]
	if len(args) > 1 {
		first = args[0]
	}
	if len(args) > 2 {
		step = args[1]
	}
	return p.count(ctx, [3]string{first, step, last}, sep, width)
}

// count prints the numbers of seq.
func (p *Proc) count(ctx context.Context, bounds [3]string, sep string, padded bool) int {
	var n [3]float64
	decimals := 0
	for i, s := range bounds {
		var err error
		if n[i], err = strconv.ParseFloat(s, 64); err != nil {
			return p.fail("invalid number '%s'", s)
		}
		if _, fraction, ok := strings.Cut(s, "."); ok && i < 2 {
			decimals = max(decimals, len(fraction))
		}
	}
	format := func(x float64) string { return strconv.FormatFloat(x, 'f', decimals, 64) }
	width := 0
	if padded {
		width = max(len(format(n[0])), len(format(n[2])))
	}
	out := bufio.NewWriter(p.Stdout)
	defer out.Flush()
	for i := 0; ; i++ {
		x := n[0] + float64(i)*n[1]
		if n[1] >= 0 && x > n[2]+1e-9 || n[1] < 0 && x < n[2]-1e-9 {
			if i > 0 {
				out.WriteString("\n")
			}
			return 0
		}
		if i > 0 {
			out.WriteString(sep)
		}
		text := format(x)
		if len(text) < width {
			text = strings.Repeat("0", width-len(text)) + text
		}
		if _, err := out.WriteString(text); err != nil || ctx.Err() != nil {
			return 1
		}
	}
}
