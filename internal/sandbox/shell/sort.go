package shell

import (
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// sortKey is a -k of sort: fields from and to, with characters in them, and flags of its own.
type sortKey struct {
	from, fromChar, to, toChar int
	flags                      string
}

// sorter is sort.
type sorter struct {
	keys  []sortKey
	sep   string
	flags string
}

func sortProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("nrufbdishMVgcz", "ktoTS")
	if bad {
		return 2
	}
	s := &sorter{sep: o.value('t', "")}
	for _, c := range "nrfbdiMVgh" {
		if o.has(byte(c)) {
			s.flags += string(c)
		}
	}
	for _, text := range o.all('k') {
		key, ok := parseKey(text)
		if !ok {
			p.fail("bad -k option '%s'", text)
			return 2
		}
		s.keys = append(s.keys, key)
	}
	var all []string
	size := 0
	status := p.lines(names, '\n', func(line string) bool {
		if size += len(line) + 16; size > maxInput {
			panic(outOfMemory{})
		}
		p.process.hold(len(line) + 16)
		all = append(all, line)
		return true
	})
	if o.has('c') {
		if slices.IsSortedFunc(all, s.compare) {
			return 0
		}
		p.fail("%s", "Check line: disorder")
		return 1
	}
	slices.SortStableFunc(all, func(a, b string) int {
		c := s.compare(a, b)
		if c == 0 && !o.has('s') && !o.has('u') {
			c = strings.Compare(a, b)
			if o.has('r') {
				c = -c
			}
		}
		return c
	})
	if o.has('u') {
		all = slices.CompactFunc(all, func(a, b string) bool { return s.compare(a, b) == 0 })
	}
	if status != 0 {
		return 2
	}
	return max(status, p.writeLines(all, o.value('o', "")))
}

// writeLines prints lines, or writes them to a file.
func (p *Proc) writeLines(all []string, name string) int {
	text := strings.Join(all, "\n")
	if len(all) > 0 {
		text += "\n"
	}
	if name == "" {
		io.WriteString(p.Stdout, text)
		return 0
	}
	f, err := p.Open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return p.cannot("open", name, err)
	}
	defer f.Close()
	if _, err := io.WriteString(f, text); err != nil {
		return p.fail("%s: %s", name, files.Reason(err))
	}
	return 0
}

// parseKey reads "2.1n,3".
func parseKey(s string) (sortKey, bool) {
	k := sortKey{fromChar: 1}
	from, to, hasTo := strings.Cut(s, ",")
	var flags string
	var ok bool
	if k.from, k.fromChar, flags, ok = keyPart(from); !ok || k.from < 1 {
		return k, false
	}
	k.flags = flags
	if k.fromChar == 0 {
		k.fromChar = 1
	}
	if hasTo {
		if k.to, k.toChar, flags, ok = keyPart(to); !ok {
			return k, false
		}
		k.flags += flags
	}
	return k, true
}

func keyPart(s string) (field, char int, flags string, ok bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) && r != '.' })
	if end < 0 {
		end = len(s)
	}
	number, flags := s[:end], s[end:]
	f, c, dot := strings.Cut(number, ".")
	field, err := strconv.Atoi(f)
	if err != nil {
		return 0, 0, "", false
	}
	if dot {
		if char, err = strconv.Atoi(c); err != nil {
			return 0, 0, "", false
		}
	}
	return field, char, flags, true
}

func (s *sorter) compare(a, b string) int {
	if len(s.keys) == 0 {
		return compareBy(a, b, s.flags)
	}
	for _, k := range s.keys {
		flags := k.flags
		if strings.Trim(flags, "b") == "" {
			flags += s.flags
		}
		if c := compareBy(s.field(a, k), s.field(b, k), flags); c != 0 {
			return c
		}
	}
	return 0
}

// field cuts a key out of a line.
func (s *sorter) field(line string, k sortKey) string {
	starts := s.starts(line)
	at := func(field int) int {
		if field-1 < len(starts) {
			return starts[field-1]
		}
		return len(line)
	}
	from := min(at(k.from)+k.fromChar-1, len(line))
	to := len(line)
	switch {
	case k.to > 0 && k.toChar > 0:
		to = min(at(k.to)+k.toChar, len(line))
	case k.to > 0 && k.to < len(starts):
		to = starts[k.to]
		if s.sep != "" {
			to -= len(s.sep)
		}
	}
	return line[from:max(from, to)]
}

// starts are where the fields begin. Without a separator, blanks in front belong to a field.
func (s *sorter) starts(line string) []int {
	out := []int{0}
	if s.sep != "" {
		for i := 0; ; {
			at := strings.Index(line[i:], s.sep)
			if at < 0 {
				return out
			}
			i += at + len(s.sep)
			out = append(out, i)
		}
	}
	blank := true
	for i := range len(line) {
		isBlank := line[i] == ' ' || line[i] == '\t'
		if isBlank && !blank {
			out = append(out, i)
		}
		blank = isBlank
	}
	return out
}

// compareBy compares two keys.
func compareBy(a, b, flags string) int {
	c := 0
	switch {
	case strings.ContainsAny(flags, "ng"):
		c = compareNumbers(a, b)
	case strings.Contains(flags, "h"):
		c = compareFloats(humanNumber(a), humanNumber(b))
	case strings.Contains(flags, "V"):
		c = compareVersions(a, b)
	default:
		if strings.Contains(flags, "b") {
			a, b = strings.TrimLeft(a, " \t"), strings.TrimLeft(b, " \t")
		}
		if strings.Contains(flags, "f") {
			a, b = strings.ToUpper(a), strings.ToUpper(b)
		}
		c = strings.Compare(a, b)
	}
	if strings.Contains(flags, "r") {
		return -c
	}
	return c
}

func compareNumbers(a, b string) int { return compareFloats(leadingNumber(a), leadingNumber(b)) }

func compareFloats(x, y float64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// leadingNumber is the number that s begins with, or 0.
func leadingNumber(s string) float64 {
	s = strings.TrimLeft(s, " \t")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && (s[0] == '-' || s[0] == '+')) {
		end++
	}
	n, _ := strconv.ParseFloat(s[:end], 64)
	return n
}

func humanNumber(s string) float64 {
	s = strings.TrimSpace(s)
	n := leadingNumber(s)
	if s != "" {
		for range strings.IndexByte("KMGTPE", s[len(s)-1]) + 1 {
			n *= 1024
		}
	}
	return n
}

// compareVersions compares numbers in names as numbers.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		i, j := digits(a, len(a), "0123456789"), digits(b, len(b), "0123456789")
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}
