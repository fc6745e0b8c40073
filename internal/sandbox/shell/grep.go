package shell

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// grepping is grep at work.
type grepping struct {
	*Proc
	o             given
	patterns      []*regexp.Regexp
	names         bool // print names of files
	after, before int
	found         bool
	status        int
}

func grepProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("HhnlLoqvsrRiwFExazc", "efmABC")
	if bad {
		return 2
	}
	g := &grepping{Proc: p, o: o}
	expressions, args, ok := g.expressions(args)
	if !ok {
		return 2
	}
	for _, e := range expressions {
		re, err := g.compile(e)
		if err != nil {
			p.fail("%v", err)
			return 2
		}
		g.patterns = append(g.patterns, re)
	}
	for _, n := range []struct {
		letter byte
		to     []*int
	}{{'A', []*int{&g.after}}, {'B', []*int{&g.before}}, {'C', []*int{&g.after, &g.before}}} {
		if k, ok := byteCount(o.value(n.letter, "0")); ok {
			for _, to := range n.to {
				*to = max(*to, int(k))
			}
		}
	}
	recursive := o.has('r') || o.has('R')
	if len(args) == 0 {
		args = []string{"-"}
		if recursive {
			args = []string{"."}
		}
	}
	g.names = (len(args) > 1 || recursive || o.has('H')) && !o.has('h')
	for _, name := range args {
		g.search(name, recursive)
	}
	switch {
	case g.found && o.has('q'):
		return 0
	case g.status != 0:
		return g.status
	case g.found:
		return 0
	}
	return 1
}

// expressions collects the patterns of -e, -f or the first argument.
func (g *grepping) expressions(args []string) ([]string, []string, bool) {
	list := []string{}
	for _, e := range g.o.all('e') {
		list = append(list, strings.Split(e, "\n")...)
	}
	for _, name := range g.o.all('f') {
		if g.lines([]string{name}, '\n', func(line string) bool { list = append(list, line); return true }) != 0 {
			return nil, nil, false
		}
	}
	if len(list) == 0 && !g.o.has('f') {
		if len(args) == 0 {
			g.usage("grep [-HhnlLoqvsrRiwFE] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...")
			return nil, nil, false
		}
		list, args = strings.Split(args[0], "\n"), args[1:]
	}
	return list, args, true
}

func (g *grepping) compile(expr string) (*regexp.Regexp, error) {
	extended := g.o.has('E') || g.applet == "egrep"
	if g.o.has('F') || g.applet == "fgrep" {
		expr, extended = regexp.QuoteMeta(expr), true
		expr = strings.ReplaceAll(expr, `\-`, "-")
	}
	text, err := translate(expr, extended)
	if err != nil {
		return nil, err
	}
	switch {
	case g.o.has('x'):
		text = "^(?:" + text + ")$"
	case g.o.has('w'):
		text = `\b(?:` + text + `)\b`
	}
	if g.o.has('i') {
		text = "(?i)" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("bad regex '%s'", expr)
	}
	re.Longest()
	return re, nil
}

func (g *grepping) search(name string, recursive bool) {
	if name != "-" && g.isDir(name) {
		if !recursive {
			return // busybox says nothing about directories
		}
		g.status = max(g.status, g.walk(name, true, func(file string, info *files.Info) int {
			if info.Mode().IsRegular() {
				g.file(file)
			}
			return 0
		}))
		return
	}
	g.file(name)
}

// file searches one file.
func (g *grepping) file(name string) {
	in, err := g.OpenRead(name)
	if err != nil {
		if !g.o.has('s') {
			g.fail("%s: %s", name, files.Reason(err))
		}
		g.status = 2
		return
	}
	defer in.Close()
	label := name
	if name == "-" {
		label = "(standard input)"
	}
	s := search{grepping: g, label: label, limit: 1 << 60}
	if g.o.has('m') {
		s.limit, _ = byteCount(g.o.value('m', ""))
	}
	if s.limit > 0 {
		_, _ = eachLine(in, '\n', s.line) // busybox takes an error for the end of the file
	}
	s.end()
}

// search is grep in one file.
type search struct {
	*grepping
	label   string
	limit   int64
	number  int
	count   int64
	context []string // lines before, with their numbers
	show    int      // lines after that are still to print
	gap     bool
	printed bool
}

func (g *grepping) match(line string) []int {
	for _, re := range g.patterns {
		if at := re.FindStringIndex(line); at != nil {
			return at
		}
	}
	return nil
}

func (s *search) line(line string) bool {
	s.number++
	if (s.match(line) != nil) == s.o.has('v') {
		s.miss(line)
		return s.process.ctx.Err() == nil && (s.count < s.limit || s.show > 0)
	}
	if s.count >= s.limit {
		return false
	}
	s.count++
	s.found = true
	switch {
	case s.o.has('q') || s.o.has('l') || s.o.has('L'):
		return false
	case s.o.has('c'):
	case s.o.has('o'):
		s.only(line)
	default:
		s.hit(line)
	}
	return s.process.ctx.Err() == nil && (s.count < s.limit || s.show > 0)
}

func (s *search) miss(line string) {
	if s.show > 0 {
		s.show--
		s.put('-', s.number, line)
		return
	}
	if s.before > 0 {
		s.context = append(s.context, line)
		if len(s.context) > s.before {
			s.context = s.context[1:]
			s.gap = true
		}
	} else {
		s.gap = true
	}
}

func (s *search) hit(line string) {
	if s.printed && s.gap && (s.after > 0 || s.before > 0) {
		s.emit("--")
	}
	for i, before := range s.context {
		s.put('-', s.number-len(s.context)+i, before)
	}
	s.context, s.gap, s.show, s.printed = nil, false, s.after, true
	s.put(':', s.number, line)
}

// only prints the matching parts.
func (s *search) only(line string) {
	if s.o.has('v') {
		return
	}
	for line != "" {
		at := s.match(line)
		if at == nil {
			return
		}
		if at[0] < at[1] {
			s.put(':', s.number, line[at[0]:at[1]])
		} else {
			at[1]++
		}
		line = line[min(at[1], len(line)):]
	}
}

func (s *search) put(mark byte, number int, text string) {
	prefix := ""
	if s.names {
		prefix = s.label + string(mark)
	}
	if s.o.has('n') {
		prefix += fmt.Sprintf("%d%c", number, mark)
	}
	s.emit(prefix + text)
}

func (s *search) emit(text string) { s.Proc.line(text) }

// end prints what is known at a file's end.
func (s *search) end() {
	switch {
	case s.o.has('q'):
	case s.o.has('l'):
		if s.count > 0 {
			s.emit(s.label)
		}
	case s.o.has('L'):
		if s.count == 0 {
			s.emit(s.label)
		}
	case s.o.has('c'):
		prefix := ""
		if s.names {
			prefix = s.label + ":"
		}
		s.emit(fmt.Sprint(prefix, s.count))
	}
}
