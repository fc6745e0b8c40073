package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// maxDiff is how many lines diff compares: the time goes with the square.
const maxDiff = 20_000

// differ is diff.
type differ struct {
	*Proc
	brief, recursive, newFiles bool
	blanks, fold               bool
	context                    int
}

func diffProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("uqrNsbwiaBTtd", "ULS")
	if bad {
		return 2
	}
	if len(names) != 2 {
		p.usage("diff [-abBdiNqrTstw] [-U LINES] FILE1 FILE2")
		return 2
	}
	d := differ{Proc: p, brief: o.has('q'), recursive: o.has('r'), newFiles: o.has('N'), blanks: o.has('b') || o.has('w'), fold: o.has('i'), context: 3}
	if o.has('U') {
		n, ok := byteCount(o.value('U', "3"))
		if !ok || n > maxDiff {
			p.fail("invalid number '%s'", o.value('U', ""))
			return 2
		}
		d.context = int(n)
	}
	return d.pair(names[0], names[1], maxDepth)
}

// pair compares two files or directories: 0 if they are the same, 1 if they differ, 2 for an error.
func (d *differ) pair(a, b string, depth int) int {
	dirA, dirB := a != "-" && d.isDir(a), b != "-" && d.isDir(b)
	switch {
	case dirA && dirB:
		return d.dirs(a, b, depth)
	case dirA:
		a = inDir(a, b)
	case dirB:
		b = inDir(b, a)
	}
	linesA, errA := d.read(a)
	linesB, errB := d.read(b)
	if err := errors.Join(errA, errB); err != nil {
		return 2
	}
	return d.compare(a, b, linesA, linesB)
}

// dirs compares what is in two directories.
func (d *differ) dirs(a, b string, depth int) int {
	names := map[string]int{}
	for i, dir := range []string{a, b} {
		entries, err := d.files.ReadDir(d.Path(dir))
		if err != nil {
			d.fail("%s: %s", dir, files.Reason(err))
			return 2
		}
		for _, e := range entries {
			names[e.Name()] |= i + 1
		}
	}
	status := 0
	for _, name := range sortedKeys(names) {
		if d.process.ctx.Err() != nil {
			return 2
		}
		status = max(status, d.entry(a, b, name, names[name], depth))
	}
	return status
}

// entry compares one name; in says which directories have it.
func (d *differ) entry(a, b, name string, in, depth int) int {
	both := in == 3
	switch {
	case in == 1 && !d.newFiles:
		d.printf("Only in %s: %s\n", a, name)
		return 1
	case in == 2 && !d.newFiles:
		d.printf("Only in %s: %s\n", b, name)
		return 1
	case both && d.isDir(inDir(a, name)) && d.isDir(inDir(b, name)):
		if !d.recursive || depth == 0 {
			d.printf("Common subdirectories: %s and %s\n", inDir(a, name), inDir(b, name))
			return 0
		}
		return d.dirs(inDir(a, name), inDir(b, name), depth-1)
	}
	return d.pair(inDir(a, name), inDir(b, name), depth)
}

// read reads the lines of a file. A last line without its end says so, as patches do.
func (d *differ) read(name string) ([]string, error) {
	in, err := d.OpenRead(name)
	if err != nil {
		if d.newFiles && errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		d.fail("can't stat '%s': %s", name, files.Reason(err))
		return nil, err
	}
	defer in.Close()
	data, err := readAll(in)
	if err != nil {
		d.fail("%s: %s", name, files.Reason(err))
		return nil, err
	}
	lines := strings.SplitAfter(string(data), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else {
		lines[last] += "\n\\ No newline at end of file\n"
	}
	return lines, nil
}

func (d *differ) compare(a, b string, linesA, linesB []string) int {
	keysA, keysB := d.keys(linesA), d.keys(linesB)
	if slices.Equal(keysA, keysB) {
		return 0
	}
	if d.brief {
		d.printf("Files %s and %s differ\n", a, b)
		return 1
	}
	if len(linesA)+len(linesB) > maxDiff {
		d.fail("too many lines")
		return 2
	}
	d.printf("--- %s\n+++ %s\n", a, b)
	out := bufio.NewWriter(d.Stdout)
	defer out.Flush()
	for _, group := range difflib.NewMatcher(keysA, keysB).GetGroupedOpCodes(d.context) {
		first, last := group[0], group[len(group)-1]
		fmt.Fprintf(out, "@@ -%s +%s @@\n", span(first.I1, last.I2), span(first.J1, last.J2))
		for _, op := range group {
			hunk(out, op, linesA, linesB)
		}
	}
	return 1
}

func hunk(out io.Writer, op difflib.OpCode, a, b []string) {
	if op.Tag == 'e' {
		for _, line := range a[op.I1:op.I2] {
			io.WriteString(out, " "+line)
		}
		return
	}
	for _, line := range a[op.I1:op.I2] {
		io.WriteString(out, "-"+line)
	}
	for _, line := range b[op.J1:op.J2] {
		io.WriteString(out, "+"+line)
	}
}

// span is a range of lines in a hunk's head.
func span(from, to int) string {
	switch n := to - from; n {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	default:
		return fmt.Sprintf("%d,%d", from+1, n)
	}
}

// keys are the lines as they are compared.
func (d *differ) keys(lines []string) []string {
	if !d.blanks && !d.fold {
		return lines
	}
	keys := make([]string, len(lines))
	for i, line := range lines {
		if d.blanks {
			line = strings.Join(strings.Fields(line), " ")
		}
		if d.fold {
			line = strings.ToLower(line)
		}
		keys[i] = line
	}
	return keys
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// cmpProgram compares two files byte by byte.
func cmpProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("sl", "n")
	if bad || len(names) == 0 || len(names) > 2 {
		p.usage("cmp [-s] FILE1 [FILE2]")
		return 2
	}
	if len(names) == 1 {
		names = append(names, "-")
	}
	var inputs [2]*bufio.Reader
	for i, name := range names {
		in, err := p.OpenRead(name)
		if err != nil {
			if !o.has('s') {
				p.fail("%s: %s", name, files.Reason(err))
			}
			return 2
		}
		defer in.Close()
		inputs[i] = bufio.NewReader(in)
	}
	return p.compareBytes(names, inputs, o.has('s'))
}

func (p *Proc) compareBytes(names []string, inputs [2]*bufio.Reader, silent bool) int {
	line := 1
	for n := 1; ; n++ {
		a, errA := inputs[0].ReadByte()
		b, errB := inputs[1].ReadByte()
		switch {
		case errA != nil && errB != nil:
			return 0
		case errA != nil || errB != nil:
			short := names[0]
			if errA == nil {
				short = names[1]
			}
			if !silent {
				p.fail("EOF on %s", short)
			}
			return 1
		case a != b:
			if !silent {
				p.printf("%s %s differ: char %d, line %d\n", names[0], names[1], n, line)
			}
			return 1
		}
		if a == '\n' {
			line++
		}
	}
}
