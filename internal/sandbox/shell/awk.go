package shell

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// awk runs a program. The language is POSIX', within limits of memory and depth that a shell has
// too; go libraries for it have none, and a string that doubles would take all memory. Absent are
// what only gawk has, and more than one byte for a character.
type awk struct {
	*Proc
	program *awkProgram
	globals map[string]*awkCell
	frame   []*awkCell // parameters of the function at hand
	depth   int
	bytes   int // held by variables
	result  awkValue
	status  int
	opened  bool // an input was there

	line    string // $0
	fields  []string
	split   bool // fields are those of line
	input   *awkReader
	args    int // the next element of ARGV to read
	regexes map[string]*regexp.Regexp
	readers map[string]*awkReader
	writers map[string]*awkWriter
	random  *rand.Rand
	seed    float64
}

// awkReader is an input: records are cut from it.
type awkReader struct {
	*bufio.Reader
	close func()
	rest  []string // records of an input that was cut by a regular expression
	whole bool     // it was
}

// awkWriter is an output.
type awkWriter struct {
	io.Writer
	close func()
}

func awkCommand(_ context.Context, p *Proc) int {
	o, args, bad := p.optionsFirst("", "Fvf")
	if bad {
		return 1
	}
	text, args, ok := p.awkText(o, args)
	if !ok {
		return 1
	}
	program, err := parseAwk(text)
	if err != nil {
		return p.fail("%v", err)
	}
	a := &awk{
		Proc: p, program: program, globals: map[string]*awkCell{}, regexes: map[string]*regexp.Regexp{},
		readers: map[string]*awkReader{}, writers: map[string]*awkWriter{}, random: rand.New(rand.NewPCG(1, 1)), //nolint:gosec // awk's rand is no secret
	}
	a.prepare(o, args)
	return a.run()
}

// awkText is the program: the first argument, or the files of -f.
func (p *Proc) awkText(o given, args []string) (string, []string, bool) {
	if !o.has('f') {
		if len(args) == 0 {
			p.usage("awk [-F SEP] [-v VAR=VAL] [-f FILE | 'PROGRAM'] [FILE]...")
			return "", nil, false
		}
		return args[0], args[1:], true
	}
	var text strings.Builder
	for _, name := range o.all('f') {
		in, err := p.OpenRead(name)
		if err != nil {
			p.cannot("open", name, err)
			return "", nil, false
		}
		data, err := readAll(io.LimitReader(in, maxScript))
		in.Close()
		if err != nil {
			p.fail("%s: %s", name, files.Reason(err))
			return "", nil, false
		}
		text.Write(append(data, '\n'))
	}
	return text.String(), args, true
}

// prepare sets the variables that a program begins with.
func (a *awk) prepare(o given, args []string) {
	for name, value := range map[string]string{"FS": " ", "OFS": " ", "ORS": "\n", "RS": "\n", "SUBSEP": "\x1c", "CONVFMT": "%.6g", "OFMT": "%.6g"} {
		a.assign(a.global(name), awkText(value))
	}
	for _, name := range []string{"NR", "FNR", "NF", "RSTART", "RLENGTH"} {
		a.assign(a.global(name), awkNumeric(0))
	}
	for _, kv := range a.Env {
		if name, value, ok := strings.Cut(kv, "="); ok {
			a.store(a.global("ENVIRON"), name, awkInput(value))
		}
	}
	for i, arg := range append([]string{"awk"}, args...) {
		a.store(a.global("ARGV"), strconv.Itoa(i), awkInput(arg))
	}
	a.assign(a.global("ARGC"), awkNumeric(float64(len(args)+1)))
	a.args = 1
	if o.has('F') {
		separator := awkUnescape(o.value('F', " "))
		if separator == "t" {
			separator = "\t"
		}
		a.assign(a.global("FS"), awkText(separator))
	}
	for _, assignment := range o.all('v') {
		a.argument(assignment)
	}
}

// argument takes over "name=value"; false means that the text is no such thing.
func (a *awk) argument(text string) bool {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !isLetter(byte(r)) && !isDigit(byte(r)) || r > 127 }) || isDigit(name[0]) {
		return false
	}
	a.assignNamed(name, a.global(name), awkInput(awkUnescape(value)))
	return true
}

func awkUnescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			b.WriteString(awkEscape(text[i], false))
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// run runs the program, and closes what it has open.
func (a *awk) run() (status int) {
	defer a.closeAll()
	defer func() {
		if r := recover(); r != nil {
			mistake, ok := r.(awkError)
			if !ok {
				panic(r)
			}
			a.flushAll()
			a.fail("%v", mistake)
			status = 1
		}
	}()
	if a.all(a.program.begin) != awkExit && len(a.program.rules)+len(a.program.end) > 0 {
		a.records()
	}
	a.all(a.program.end)
	return a.status
}

func (a *awk) all(actions []awkStmt) awkFlow {
	for _, action := range actions {
		if a.do(action) == awkExit {
			return awkExit
		}
	}
	return awkOn
}

// do runs an action; "exit" may come out of any depth of functions.
func (a *awk) do(action awkStmt) (flow awkFlow) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(awkLeave); !ok {
				panic(r)
			}
			a.frame, a.depth, flow = nil, 0, awkExit
		}
	}()
	return action(a)
}

// records runs the rules for each record.
func (a *awk) records() {
	for {
		line, ok := a.nextRecord()
		if !ok {
			return
		}
		a.setRecord(line)
		switch a.do((*awk).rules) {
		case awkExit:
			return
		case awkNextFile:
			a.endInput()
		}
	}
}

func (a *awk) rules() awkFlow {
	for _, rule := range a.program.rules {
		if !rule.applies(a) {
			continue
		}
		switch flow := rule.body(a); flow {
		case awkExit, awkNextFile:
			return flow
		case awkNext:
			return awkOn
		}
	}
	return awkOn
}

// applies says whether the pattern of a rule holds for the record at hand.
func (r *awkRule) applies(a *awk) bool {
	switch {
	case r.from == nil:
		return true
	case r.to == nil:
		return r.from(a).truth()
	}
	if !r.inside && !r.from(a).truth() {
		return false
	}
	r.inside = !r.to(a).truth()
	return true
}

// global finds a variable that is not a parameter.
func (a *awk) global(name string) *awkCell {
	c := a.globals[name]
	if c == nil {
		c = &awkCell{}
		a.globals[name] = c
	}
	return c
}

// text is a variable as text.
func (a *awk) text(name string) string {
	v := a.global(name).value
	if v.kind == awkIsNumber {
		return strconv.FormatFloat(v.n, 'g', -1, 64)
	}
	return v.s
}

// held notes how much more variables hold.
func (a *awk) held(n int) {
	if a.bytes += n; a.bytes > maxVariables {
		panic(outOfMemory{})
	}
}

func (a *awk) assign(c *awkCell, v awkValue) {
	a.held(len(v.s) - len(c.value.s))
	c.value = v
}

// value reads a variable; NF needs the fields to be counted.
func (a *awk) value(name string, c *awkCell) awkValue {
	if name == "NF" && c == a.globals[name] {
		a.splitRecord()
	}
	return c.value
}

// assignNamed sets a variable; setting NF changes the record.
func (a *awk) assignNamed(name string, c *awkCell, v awkValue) {
	a.assign(c, v)
	if name == "NF" && c == a.globals[name] {
		a.splitTo(int(clamp(v.number())))
	}
}

// elementCost is charged for an element of an array, besides its text.
const elementCost = 64

func (a *awk) element(c *awkCell, key string) awkValue {
	v, ok := c.elements()[key]
	if !ok {
		a.store(c, key, v)
	}
	return v
}

func (a *awk) store(c *awkCell, key string, v awkValue) {
	elements := c.elements()
	old, ok := elements[key]
	if !ok {
		a.held(len(key) + elementCost)
	}
	a.held(len(v.s) - len(old.s))
	elements[key] = v
}

func (a *awk) remove(c *awkCell, key string) {
	elements := c.elements()
	if old, ok := elements[key]; ok {
		a.held(-len(key) - elementCost - len(old.s))
		delete(elements, key)
	}
}

func (a *awk) clear(c *awkCell) {
	for _, key := range a.keys(c) {
		a.remove(c, key)
	}
}

func (a *awk) has(c *awkCell, key string) bool {
	_, ok := c.elements()[key]
	return ok
}

// keys are those of an array: numbers first, in their order.
func (a *awk) keys(c *awkCell) []string {
	return slices.SortedFunc(maps.Keys(c.elements()), func(x, y string) int { return a.compare(awkInput(x), awkInput(y)) })
}

// key joins the parts of a subscript.
func (a *awk) key(parts []awkExpr) string {
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = part(a).string(a.text("CONVFMT"))
	}
	return limit(strings.Join(words, a.text("SUBSEP")))
}

// call calls a function of the program.
func (a *awk) call(t awkToken, args []awkNode) awkValue {
	f := a.program.functions[t.text]
	if f == nil {
		panic(awkError{t.line, "Call to undefined function"})
	}
	if a.depth++; a.depth > maxDepth {
		panic(awkError{t.line, "Too many nested calls"})
	}
	if len(args) > len(f.params) {
		panic(awkError{t.line, "Too many arguments"})
	}
	frame := make([]*awkCell, len(f.params))
	for i := range frame {
		frame[i] = &awkCell{}
		if i < len(args) {
			frame[i].value = args[i].value()(a)
			if args[i].cell != nil {
				frame[i].origin = args[i].cell(a)
				frame[i].array = frame[i].origin.array
			}
		}
	}
	outer := a.frame
	a.frame, a.result = frame, awkValue{}
	flow := f.body(a)
	a.frame = outer
	a.depth--
	for _, c := range frame {
		a.bytes -= len(c.value.s)
	}
	a.bytes = max(0, a.bytes)
	if flow == awkExit {
		panic(awkLeave{})
	}
	return a.result
}

// awkLeave is the panic of "exit" in a function.
type awkLeave struct{}

// maxAwkRegex is how long a regular expression may be: a program can make them in a loop.
const maxAwkRegex = 2 << 10

// regex compiles an expression, and keeps a few.
func (a *awk) regex(text string) *regexp.Regexp {
	if re := a.regexes[text]; re != nil {
		return re
	}
	if len(text) > maxAwkRegex {
		panic(awkError{0, "regular expression is too long"})
	}
	re, err := compile(text, true, false)
	if err != nil {
		panic(awkError{0, err.Error()})
	}
	if len(a.regexes) >= 16 {
		clear(a.regexes)
	}
	a.regexes[text] = re
	return re
}

// joined is what print prints.
func (a *awk) joined(args []awkExpr) string {
	if len(args) == 0 {
		return a.record() + a.text("ORS")
	}
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = arg(a).string(a.text("OFMT"))
	}
	return limit(strings.Join(words, a.text("OFS")) + a.text("ORS"))
}

// format is what printf prints.
func (a *awk) format(args []awkExpr) string {
	if len(args) == 0 {
		return ""
	}
	values := make([]awkValue, len(args))
	for i, arg := range args {
		values[i] = arg(a)
	}
	return awkSprintf(values[0].string(a.text("CONVFMT")), values[1:], a.text("CONVFMT"))
}

// stdout is the standard output, buffered: it is flushed before anybody else writes.
func (a *awk) stdout() *awkWriter {
	w := a.writers[""]
	if w == nil {
		out := bufio.NewWriter(a.Stdout)
		w = &awkWriter{out, func() { out.Flush() }}
		a.writers[""] = w
	}
	return w
}

// write writes. When nobody reads any more, the process is killed by that.
func (a *awk) write(w *awkWriter, text string) {
	if _, err := io.WriteString(w, text); err != nil && a.process.ctx.Err() == nil {
		panic(awkError{0, "write error: " + files.Reason(err)})
	}
}

// output opens a file or a command to write to; it stays open until close or the end.
func (a *awk) output(how, name string) *awkWriter {
	if w := a.writers[how+name]; w != nil {
		return w
	}
	if len(a.writers) >= maxDescriptors {
		panic(awkError{0, "too many open files"})
	}
	w := a.pipeTo(name)
	if how != "|" {
		flag := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		if how == ">>" {
			flag = os.O_WRONLY | os.O_CREATE | os.O_APPEND
		}
		a.stdout().close()
		f, err := a.Open(name, flag, 0o666)
		if err != nil {
			panic(awkError{0, fmt.Sprintf("can't open '%s': %s", name, files.Reason(err))})
		}
		w = &awkWriter{f, func() { f.Close() }}
	}
	a.writers[how+name] = w
	return w
}

// pipeTo collects the input of a command, which runs when it is closed.
func (a *awk) pipeTo(command string) *awkWriter {
	input := &strings.Builder{}
	return &awkWriter{
		writerFunc(func(b []byte) (int, error) { limit(input.String()); return input.Write(b) }),
		func() { a.shell(command, strings.NewReader(input.String()), a.Stdout) },
	}
}

// shell runs a command of the container.
func (a *awk) shell(command string, in io.Reader, out io.Writer) int {
	code, err := a.container.Run(a.process.ctx, Command{
		Argv: []string{"/bin/sh", "-c", command}, Env: a.Env, Dir: a.Dir, Stdin: in, Stdout: out, Stderr: a.Stderr,
	})
	if err != nil {
		return a.fail("can't execute '%s': %s", command, files.Reason(err))
	}
	return code
}

// flushAll writes what is buffered.
func (a *awk) flushAll() {
	if w := a.writers[""]; w != nil {
		w.close()
	}
}

func (a *awk) closeAll() {
	a.flushAll()
	for _, key := range slices.Sorted(maps.Keys(a.writers)) {
		a.writers[key].close()
	}
	for _, r := range a.readers {
		r.close()
	}
	a.endInput()
}
