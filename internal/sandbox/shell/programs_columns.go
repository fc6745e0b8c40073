package shell

import (
	"bufio"
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// pasteProgram puts lines of files beside each other.
func pasteProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("s", "d")
	if bad {
		return 1
	}
	delimiters := []rune(unescapeDelimiters(o.value('d', "\t")))
	if len(names) == 0 {
		names = []string{"-"}
	}
	var inputs []*bufio.Reader
	stdin := bufio.NewReader(p.Stdin) // "-" is one input, however often it is named
	for _, name := range names {
		if name == "-" {
			inputs = append(inputs, stdin)
			continue
		}
		in, err := p.OpenRead(name)
		if err != nil {
			return p.cannotRead(name, err)
		}
		defer in.Close()
		inputs = append(inputs, bufio.NewReader(in))
	}
	if o.has('s') {
		return each(inputs, func(in *bufio.Reader) int { return p.pasteLines(in, delimiters) })
	}
	return p.pasteFiles(inputs, delimiters)
}

func unescapeDelimiters(text string) string {
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`, `\0`, "").Replace(text)
}

// delimiter is the one after column i.
func delimiter(delimiters []rune, i int) string {
	if len(delimiters) == 0 {
		return ""
	}
	return string(delimiters[i%len(delimiters)])
}

// pasteLines makes one line of all lines of a file.
func (p *Proc) pasteLines(in *bufio.Reader, delimiters []rune) int {
	for i := 0; ; i++ {
		line, err := readLine(in)
		if err != nil {
			break
		}
		if i > 0 {
			p.printf("%s", delimiter(delimiters, i-1))
		}
		p.printf("%s", line)
	}
	p.printf("\n")
	return 0
}

// pasteFiles makes lines of one line of each file. One that has ended leaves no column, as in busybox.
func (p *Proc) pasteFiles(inputs []*bufio.Reader, delimiters []rune) int {
	for p.process.ctx.Err() == nil {
		var row strings.Builder
		columns := 0
		for _, in := range inputs {
			line, err := readLine(in)
			if err != nil {
				continue
			}
			if columns > 0 {
				row.WriteString(delimiter(delimiters, columns-1))
			}
			row.WriteString(line)
			columns++
		}
		if columns == 0 {
			return 0
		}
		p.printf("%s\n", row.String())
	}
	return 1
}

// readLine reads a line without its end; the last one may have none.
func readLine(in *bufio.Reader) (string, error) {
	line, err := limitedLine(in, '\n')
	if line != "" {
		err = nil
	}
	return line, err
}

// foldProgram breaks long lines.
func foldProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("bs", "w")
	if bad {
		return 1
	}
	width, err := strconv.Atoi(o.value('w', "80"))
	if err != nil || width < 1 {
		return p.fail("invalid number '%s'", o.value('w', ""))
	}
	return p.lines(names, '\n', func(line string) bool {
		text := []rune(line)
		for len(text) > width {
			at := width
			if o.has('s') {
				if blank := strings.LastIndexAny(string(text[:width]), " \t"); blank >= 0 {
					at = len([]rune(string(text[:width])[:blank+1]))
				}
			}
			p.printf("%s\n", string(text[:at]))
			text = text[at:]
		}
		p.printf("%s\n", string(text))
		return true
	})
}

// shufProgram shuffles lines.
func shufProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("e", "nio")
	if bad {
		return 1
	}
	lines := names
	switch {
	case o.has('i'):
		low, high, ok := strings.Cut(o.value('i', ""), "-")
		from, errFrom := strconv.Atoi(low)
		to, errTo := strconv.Atoi(high)
		if !ok || errFrom != nil || errTo != nil || to < from || to-from > maxFields {
			return p.fail("invalid range '%s'", o.value('i', ""))
		}
		lines = nil
		for n := from; n <= to; n++ {
			lines = append(lines, strconv.Itoa(n))
		}
	case !o.has('e'):
		var status int
		if lines, status = p.allLines(names); status != 0 {
			return status
		}
	}
	lines = slices.Clone(lines)
	rand.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	if n, ok := byteCount(o.value('n', "")); ok && o.has('n') && n < int64(len(lines)) {
		lines = lines[:n]
	}
	for _, line := range lines {
		p.printf("%s\n", line)
	}
	return 0
}

// allLines reads files into memory.
func (p *Proc) allLines(names []string) ([]string, int) {
	var lines []string
	total := 0
	status := p.lines(names, '\n', func(line string) bool {
		if total += len(line) + 16; total > maxInput {
			panic(outOfMemory{})
		}
		lines = append(lines, line)
		return true
	})
	return lines, status
}

// stringsProgram finds text in binary files.
func stringsProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("af", "not")
	if bad {
		return 1
	}
	least, err := strconv.Atoi(o.value('n', "4"))
	if err != nil || least < 1 {
		return p.fail("invalid number '%s'", o.value('n', ""))
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	return each(names, func(name string) int {
		in, err := p.OpenRead(name)
		if err != nil {
			return p.cannotRead(name, err)
		}
		defer in.Close()
		data, err := readAll(in)
		if err != nil {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		for _, text := range strings.FieldsFunc(string(data), func(r rune) bool { return r != '\t' && (r < 0x20 || r > 0x7e) }) {
			if len(text) >= least {
				p.printf("%s\n", text)
			}
		}
		return 0
	})
}
