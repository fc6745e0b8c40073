package shell

import (
	"context"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

func trueProgram(context.Context, *Proc) int  { return 0 }
func falseProgram(context.Context, *Proc) int { return 1 }

func killProgram(_ context.Context, p *Proc) int { return kill(p, p.Args[1:], nil) }

// echoProgram is echo with busybox's options.
func echoProgram(_ context.Context, p *Proc) int {
	args := p.Args[1:]
	newline, escapes := "\n", false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, c := range args[0][1:] {
			switch c {
			case 'n':
				newline = ""
			default:
				escapes = c == 'e'
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		var stop bool
		if text, stop = unescape(text, true); stop {
			newline = ""
		}
	}
	if _, err := io.WriteString(p.Stdout, text+newline); err != nil {
		return p.writeError(err)
	}
	return 0
}

// writeError reports that the standard output takes no more. A process that was killed says nothing.
func (p *Proc) writeError(err error) int {
	if p.process.ctx.Err() != nil {
		return 1
	}
	return p.fail("write error: %s", files.Reason(err))
}

// sleepProgram waits for the sum of its arguments.
func sleepProgram(ctx context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		return p.usage("sleep [N]...")
	}
	total := 0.0
	for _, arg := range p.Args[1:] {
		seconds, ok := duration(arg)
		if !ok {
			return p.fail("invalid number '%s'", arg)
		}
		total += seconds
	}
	d := time.Duration(math.MaxInt64)
	if total < float64(math.MaxInt64)/float64(time.Second) {
		d = time.Duration(total * float64(time.Second))
	}
	if p.Sleep(ctx, d) != nil {
		return 1
	}
	return 0
}

// duration reads "1.5m" as seconds.
func duration(s string) (float64, bool) {
	units := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}
	factor := 1.0
	if s == "infinity" || s == "inf" {
		return math.Inf(1), true
	}
	if s != "" {
		if f, ok := units[s[len(s)-1:]]; ok {
			factor, s = f, s[:len(s)-1]
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n < 0 || math.IsNaN(n) || strings.ContainsAny(s, "xXpPeEnN_+") {
		return 0, false
	}
	return n * factor, true
}

// usage prints how the program is called, as busybox does, and returns 1.
func (p *Proc) usage(text string) int {
	io.WriteString(p.Stderr, "Usage: "+text+"\n")
	return 1
}

// catProgram copies files to the standard output.
func catProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("uvbnetA", "")
	if bad {
		return 1
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	status := 0
	number := &lineNumbers{w: p.Stdout, all: o.has('n'), filled: o.has('b'), start: true}
	for _, name := range names {
		f, err := p.OpenRead(name)
		if errors.Is(err, errIsDirectory) {
			status = p.fail("read error: Is a directory")
			continue
		}
		if err != nil {
			status = p.cannot("open", name, err)
			continue
		}
		var out io.Writer = p.Stdout
		if number.all || number.filled {
			out = number
		}
		_, err = io.Copy(plain{out}, f)
		f.Close()
		if err != nil && p.process.ctx.Err() == nil {
			status = p.fail("%s: %s", name, files.Reason(err))
		}
		if p.process.ctx.Err() != nil {
			return 1
		}
	}
	return status
}

// plain hides everything but Write, so that io.Copy uses its own buffer.
type plain struct{ io.Writer }

// lineNumbers puts numbers in front of lines, for cat -n and -b.
type lineNumbers struct {
	w           io.Writer
	all, filled bool
	start       bool
	n           int
}

func (l *lineNumbers) Write(b []byte) (int, error) {
	var out []byte
	for _, c := range b {
		if l.start && (!l.filled || c != '\n') {
			l.n++
			out = append(out, []byte(pad(strconv.Itoa(l.n), 6)+"\t")...)
		}
		l.start = c == '\n'
		out = append(out, c)
	}
	if _, err := l.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// pad puts spaces in front of s up to a width.
func pad(s string, width int) string {
	if len(s) >= width {
		return s
	}
	return strings.Repeat(" ", width-len(s)) + s
}

// envProgram prints or changes the environment.
func envProgram(ctx context.Context, p *Proc) int {
	o, args, bad := p.optionsFirst("i0-", "u")
	if bad {
		return 1
	}
	env := p.Env
	if o.has('i') || len(args) > 0 && args[0] == "-" {
		env = nil
		if len(args) > 0 && args[0] == "-" {
			args = args[1:]
		}
	}
	for _, name := range o.all('u') {
		env = without(env, name)
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, _, _ := strings.Cut(args[0], "=")
		env = append(without(env, name), args[0])
		args = args[1:]
	}
	if len(args) == 0 {
		for _, kv := range env {
			p.printf("%s\n", kv)
		}
		return 0
	}
	p.Env = env
	return p.Exec(ctx, args)
}

func without(env []string, name string) []string {
	var out []string
	for _, kv := range env {
		if !strings.HasPrefix(kv, name+"=") {
			out = append(out, kv)
		}
	}
	return out
}

// Exec replaces the program by another one, as exec in a script does, and returns its exit code.
func (p *Proc) Exec(ctx context.Context, args []string) int {
	path := p.Getenv("PATH")
	if path == "" {
		path = defaultPath
	}
	prog, err := p.container.load(p.Dir, path, args)
	if err != nil {
		return p.cannotExecute(args[0], err)
	}
	p.process.replace(prog)
	return prog.exec(ctx, p)
}

func (p *Proc) cannotExecute(name string, err error) int {
	status := 126
	if isMissing(err) {
		status = 127
		err = errNoEntry
	}
	if p.applet == "xargs" {
		p.fail("%s: %s", name, files.Reason(err))
	} else {
		p.fail("can't execute '%s': %s", name, files.Reason(err))
	}
	return status
}

// spawnWait runs a command in a child process with this process's files and waits for it.
func (p *Proc) spawnWait(args []string) int {
	child, status := p.spawn(args)
	if child == nil {
		return status
	}
	select {
	case <-child.done:
		return child.status
	case <-p.process.ctx.Done():
		child.Kill()
		return 1
	}
}

// spawn starts a command in a child process.
func (p *Proc) spawn(args []string) (*Process, int) {
	path := p.Getenv("PATH")
	if path == "" {
		path = defaultPath
	}
	prog, err := p.container.load(p.Dir, path, args)
	if err != nil {
		return nil, p.cannotExecute(args[0], err)
	}
	child, err := p.container.fork(p.process, prog.argv)
	if err != nil {
		return nil, p.fail("can't fork: %s", files.Reason(err))
	}
	child.awaitsNotify(prog)
	proc := &Proc{Args: prog.argv, Env: p.Env, Dir: p.Dir}
	proc.attach(child)
	go child.run(func() int { return prog.exec(child.ctx, proc) })
	return child, 0
}
