package shell

import (
	"bufio"
	"context"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// maxPattern is how long the pattern space and the hold space may be. All matches of a text are
// searched at a time, and until they are found a signal has to wait: that must stay a moment.
const maxPattern = 256 << 10

// sed is a stream editor at work.
type sed struct {
	*Proc
	ctx     context.Context
	script  []*sedCommand
	quiet   bool
	out     *bufio.Writer
	in      *sedInput
	pattern string
	hold    string
	line    int
	queue   []string // texts to print at the end of the cycle
	subbed  bool     // a substitution succeeded, for t
	exit    int
	writers map[string]io.ReadWriteCloser
}

// sedResult says what happens after a command.
type sedResult int

const (
	sedNext    sedResult = iota // go on with the next command
	sedEnd                      // end of the cycle
	sedDelete                   // end of the cycle without printing
	sedRestart                  // again, without reading a line
	sedQuit
	sedJump
)

func sedProgram(ctx context.Context, p *Proc) int {
	inPlace, suffix := takeInPlace(&p.Args)
	o, args, bad := p.options("nrEsz", "ef")
	if bad {
		return 1
	}
	script, args, ok := p.sedScript(o, args)
	if !ok {
		return 1
	}
	parser := sedParser{text: script, extended: o.has('r') || o.has('E')}
	commands, err := parser.parse(false)
	if err != nil {
		return p.fail("%v", err)
	}
	s := &sed{Proc: p, ctx: ctx, script: commands, quiet: o.has('n') || strings.HasPrefix(script, "#n\n"), writers: map[string]io.ReadWriteCloser{}}
	defer s.closeWriters()
	if inPlace {
		return each(args, func(name string) int { return s.edit(name, suffix) })
	}
	if len(args) == 0 {
		args = []string{"-"}
	}
	s.out = bufio.NewWriter(p.Stdout)
	return max(s.run(args), s.exit)
}

// takeInPlace removes -i and -iSUFFIX, which no other option looks like.
func takeInPlace(args *[]string) (bool, string) {
	var rest []string
	found, suffix := false, ""
	for i, arg := range *args {
		switch {
		case arg == "--":
			*args = append(rest, (*args)[i:]...)
			return found, suffix
		case i > 0 && strings.HasPrefix(arg, "-i"):
			found, suffix = true, arg[2:]
		case i > 0 && len(arg) > 2 && arg[0] == '-' && strings.HasSuffix(arg, "i") && strings.Trim(arg[1:], "nrEsi") == "":
			found = true
			rest = append(rest, strings.ReplaceAll(arg, "i", ""))
		default:
			rest = append(rest, arg)
		}
	}
	*args = rest
	return found, suffix
}

// sedScript collects the script of -e, -f or the first argument.
func (p *Proc) sedScript(o given, args []string) (string, []string, bool) {
	var parts []string
	parts = append(parts, o.all('e')...)
	for _, name := range o.all('f') {
		text, err := p.files.ReadFile(p.Path(name), maxScript)
		if err != nil {
			p.cannot("open", name, err)
			return "", nil, false
		}
		parts = append(parts, strings.TrimSuffix(string(text), "\n"))
	}
	if len(parts) > 0 {
		return strings.Join(parts, "\n"), args, true
	}
	if len(args) == 0 {
		p.usage("sed [-i[SFX]] [-nrE] [-f FILE]... [-e CMD]... [FILE]...")
		return "", nil, false
	}
	return args[0], args[1:], true
}

// edit runs the script on a file and replaces the file by the result.
func (s *sed) edit(name, suffix string) int {
	old, err := s.files.ReadFile(s.Path(name), maxInput)
	if err != nil {
		return s.cannotRead(name, err)
	}
	var result strings.Builder
	s.out = bufio.NewWriter(&result)
	s.line, s.hold = 0, ""
	resetRanges(s.script)
	if status := s.run([]string{name}); status != 0 {
		return status
	}
	if suffix != "" {
		if err := s.files.WriteFile(s.Path(name+suffix), old, 0o666); err != nil {
			return s.cannot("open", name+suffix, err)
		}
	}
	if err := s.files.WriteFile(s.Path(name), []byte(result.String()), 0o666); err != nil {
		return s.cannot("open", name, err)
	}
	return s.exit
}

func resetRanges(list []*sedCommand) {
	for _, c := range list {
		c.active = false
		resetRanges(c.block)
	}
}

// run goes through the lines of the named files.
func (s *sed) run(names []string) int {
	s.in = &sedInput{Proc: s.Proc, names: names}
	defer s.in.close()
	defer s.out.Flush()
	restart := false
	for restart || s.read() {
		result := s.cycle()
		restart = result == sedRestart
		if result == sedQuit || s.ctx.Err() != nil {
			break
		}
	}
	return s.in.status
}

// read gets the next line into the pattern space.
func (s *sed) read() bool {
	line, ok := s.in.next()
	if ok {
		s.pattern = line
		s.line++
	}
	return ok
}

// cycle runs the script once.
func (s *sed) cycle() sedResult {
	result := s.execute(s.script)
	if (result == sedNext || result == sedEnd || result == sedQuit) && !s.quiet {
		s.print(s.pattern)
	}
	for _, text := range s.queue {
		s.out.WriteString(text)
	}
	s.queue = nil
	if result == sedQuit && s.exit < 0 {
		s.exit = 0
	}
	return result
}

func (s *sed) print(text string) {
	s.out.WriteString(text)
	if s.in.newline() {
		s.out.WriteByte('\n')
	}
}

// execute runs commands; a jump to a label starts again at the label.
func (s *sed) execute(list []*sedCommand) sedResult {
	s.subbed = false
	label := ""
	for steps := 0; ; steps++ {
		result, to := s.block(list, label, label == "")
		if result != sedJump || s.ctx.Err() != nil {
			return result
		}
		if to == "" {
			return sedEnd
		}
		label = to
	}
}

// block runs a list of commands. Without running, it looks for a label to begin at.
func (s *sed) block(list []*sedCommand, label string, running bool) (sedResult, string) {
	for _, c := range list {
		if !running {
			if c.name == ':' && c.text == label {
				running = true
			} else if c.name == '{' && hasLabel(c.block, label) {
				if result, to := s.block(c.block, label, false); result != sedNext {
					return result, to
				}
				running = true
			}
			continue
		}
		if !s.selected(c) {
			continue
		}
		if result, to := s.do(c); result != sedNext {
			return result, to
		}
	}
	return sedNext, ""
}

func hasLabel(list []*sedCommand, label string) bool {
	for _, c := range list {
		if c.name == ':' && c.text == label || hasLabel(c.block, label) {
			return true
		}
	}
	return false
}

// selected says whether a command's addresses select the line.
func (s *sed) selected(c *sedCommand) bool {
	return s.inRange(c) != c.invert
}

func (s *sed) inRange(c *sedCommand) bool {
	switch {
	case c.from == nil:
		return true
	case c.to == nil:
		return s.matches(c.from)
	case c.active:
		return s.goesOn(c)
	case !s.matches(c.from) && !(c.from.line == 0 && s.line == 1 && c.from.re == nil && !c.from.last && c.from.step == 0):
		return false
	}
	if c.from.line == 0 && c.from.re == nil && !c.from.last && c.to.re != nil { // 0,/re/
		c.active = !c.to.re.MatchString(s.pattern)
		return true
	}
	switch {
	case c.to.plus:
		c.until = s.line + c.to.line
		c.active = c.until > s.line
	case c.to.re == nil && !c.to.last:
		c.until = c.to.line
		c.active = c.until > s.line
	default:
		c.active = !(c.to.last && s.in.last())
	}
	return true
}

// goesOn says whether a range that has begun includes the line, and ends it where it ends.
func (s *sed) goesOn(c *sedCommand) bool {
	switch {
	case c.to.last:
		c.active = !s.in.last()
	case c.to.re != nil:
		c.active = !c.to.re.MatchString(s.pattern)
	default:
		if s.line > c.until {
			c.active = false
			return s.matches(c.from)
		}
		c.active = s.line < c.until
	}
	return true
}

func (s *sed) matches(a *sedAddress) bool {
	switch {
	case a.last:
		return s.in.last()
	case a.re != nil:
		return a.re.MatchString(s.pattern)
	case a.step > 0:
		return s.line >= a.line && (s.line-a.line)%a.step == 0
	}
	return s.line == a.line
}

// do runs one command.
func (s *sed) do(c *sedCommand) (sedResult, string) {
	switch c.name {
	case '{':
		return s.block(c.block, "", true)
	case 's':
		s.substitute(c)
	case 'y':
		s.pattern = strings.Map(func(r rune) rune {
			if to, ok := c.table[r]; ok {
				return to
			}
			return r
		}, s.pattern)
	case 'p':
		s.out.WriteString(s.pattern + "\n")
	case 'P':
		first, _, _ := strings.Cut(s.pattern, "\n")
		s.out.WriteString(first + "\n")
	case '=':
		s.out.WriteString(strconv.Itoa(s.line) + "\n")
	case 'l':
		s.out.WriteString(strings.Trim(strconv.QuoteToASCII(s.pattern), `"`) + "$\n")
	case 'a':
		s.queue = append(s.queue, c.text+"\n")
	case 'i':
		s.out.WriteString(c.text + "\n")
	case 'c':
		if c.to == nil || !c.active || c.invert {
			s.out.WriteString(c.text + "\n")
		}
		return sedDelete, ""
	case 'r':
		if text, err := s.files.ReadFile(s.Path(c.text), maxValue); err == nil {
			s.queue = append(s.queue, string(text))
		}
	case 'w':
		s.write(c.text)
	default:
		return s.flow(c)
	}
	return sedNext, ""
}

// flow runs the commands that read lines, move texts and jump.
func (s *sed) flow(c *sedCommand) (sedResult, string) {
	switch c.name {
	case 'd':
		return sedDelete, ""
	case 'D':
		if _, rest, ok := strings.Cut(s.pattern, "\n"); ok {
			s.pattern = rest
			return sedRestart, ""
		}
		return sedDelete, ""
	case 'n':
		if s.in.last() {
			return sedQuit, ""
		}
		if !s.quiet {
			s.print(s.pattern)
		}
		s.read()
	case 'N':
		before := s.pattern
		if !s.read() {
			return sedQuit, ""
		}
		s.setPattern(before + "\n" + s.pattern)
	case 'g':
		s.pattern = s.hold
	case 'G':
		s.setPattern(s.pattern + "\n" + s.hold)
	case 'h':
		s.hold = s.pattern
	case 'H':
		if s.hold += "\n" + s.pattern; len(s.hold) > maxPattern {
			panic(outOfMemory{})
		}
	case 'x':
		s.pattern, s.hold = s.hold, s.pattern
	case 'b':
		return sedJump, c.text
	case 't', 'T':
		was := s.subbed
		s.subbed = false
		if was == (c.name == 't') {
			return sedJump, c.text
		}
	case 'q':
		s.exit = c.exit
		return sedQuit, ""
	case 'Q':
		s.exit, s.pattern = c.exit, ""
		s.quiet = true
		return sedQuit, ""
	}
	return sedNext, ""
}

func (s *sed) setPattern(text string) {
	if len(text) > maxPattern {
		panic(outOfMemory{})
	}
	s.pattern = text
}

// substitute is s/…/…/.
func (s *sed) substitute(c *sedCommand) {
	var b strings.Builder
	at, count, done := 0, 0, false
	for _, m := range c.re.FindAllStringSubmatchIndex(s.pattern, -1) {
		count++
		if count < max(1, c.nth) || done && !c.global {
			continue
		}
		b.WriteString(s.pattern[at:m[0]])
		b.WriteString(replacement(c.with, s.pattern, m))
		at, done = m[1], true
		if b.Len() > maxPattern {
			panic(outOfMemory{})
		}
	}
	if !done {
		return
	}
	s.setPattern(b.String() + s.pattern[at:])
	s.subbed = true
	if c.print {
		s.out.WriteString(s.pattern + "\n")
	}
	if c.file != "" {
		s.write(c.file)
	}
}

// replacement fills & and \1 in.
func replacement(with, text string, m []int) string {
	var b strings.Builder
	group := func(n int) {
		if 2*n+1 < len(m) && m[2*n] >= 0 {
			b.WriteString(text[m[2*n]:m[2*n+1]])
		}
	}
	for i := 0; i < len(with); i++ {
		switch c := with[i]; {
		case c == '&':
			group(0)
		case c == '\\' && i+1 < len(with):
			i++
			switch next := with[i]; {
			case isDigit(next):
				group(int(next - '0'))
			case next == 'n':
				b.WriteByte('\n')
			case next == 't':
				b.WriteByte('\t')
			default:
				b.WriteByte(next)
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// write appends the pattern space to a file of the script.
func (s *sed) write(name string) {
	if name == "/dev/stdout" {
		s.out.WriteString(s.pattern + "\n")
		return
	}
	w, ok := s.writers[name]
	if !ok {
		var err error
		if w, err = s.Open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666); err != nil {
			s.in.status = s.fail("%s: %s", name, files.Reason(err))
			return
		}
		s.writers[name] = w
	}
	io.WriteString(w, s.pattern+"\n")
}

func (s *sed) closeWriters() {
	for _, w := range s.writers {
		w.Close()
	}
}

// sedInput reads lines of several files as one, one line ahead, because "$" has to be known.
type sedInput struct {
	*Proc
	names   []string
	file    io.ReadCloser
	r       *bufio.Reader
	ahead   *string
	ended   bool // the line at hand had no newline
	aheadNL bool
	status  int
}

func (in *sedInput) next() (string, bool) {
	if in.ahead == nil {
		in.fill()
	}
	if in.ahead == nil {
		return "", false
	}
	line := *in.ahead
	in.ended = !in.aheadNL
	in.ahead = nil
	return line, true
}

// last says whether the line at hand is the last one.
func (in *sedInput) last() bool {
	if in.ahead == nil {
		in.fill()
	}
	return in.ahead == nil
}

// newline says whether the line at hand ends with one.
func (in *sedInput) newline() bool { return !in.ended || !in.last() }

// fill reads the line ahead.
func (in *sedInput) fill() {
	for {
		if in.r == nil {
			if len(in.names) == 0 {
				return
			}
			name := in.names[0]
			in.names = in.names[1:]
			f, err := in.OpenRead(name)
			if err != nil {
				in.status = in.cannotRead(name, err)
				continue
			}
			in.file, in.r = f, bufio.NewReader(f)
		}
		line, err := limitedLine(in.r, '\n')
		if line != "" || err == nil {
			in.ahead, in.aheadNL = &line, err == nil
			return
		}
		in.close()
	}
}

func (in *sedInput) close() {
	if in.file != nil {
		in.file.Close()
	}
	in.file, in.r = nil, nil
}
