package shell

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// dfProgram shows how much of its quota the container has used.
func dfProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("hkmPTai", "")
	if bad {
		return 1
	}
	for _, name := range names {
		if _, err := p.files.Stat(p.Path(name)); err != nil {
			return p.fail("%s: can't find mount point: %s", name, files.Reason(err))
		}
	}
	unit, title := int64(1024), "1K-blocks"
	switch {
	case o.has('m'):
		unit, title = 1<<20, "1M-blocks"
	case o.has('h'):
		unit, title = 0, "     Size"
	}
	used, limit := p.files.Used()
	show := func(n int64) string {
		if unit == 0 {
			return humanSize(n)
		}
		return fmt.Sprint(n / unit)
	}
	p.printf("Filesystem           %s      Used Available Use%% Mounted on\n", title)
	p.printf("%-20s %9s %9s %9s %3d%% /\n", "overlay", show(limit), show(used), show(limit-used), percent(used, limit))
	return 0
}

func percent(part, whole int64) int64 {
	if whole <= 0 {
		return 0
	}
	return (part*100 + whole - 1) / whole
}

// freeProgram shows the memory of the machine, of which half a gigabyte is in use.
func freeProgram(_ context.Context, p *Proc) int {
	o, _, bad := p.options("bkmgh", "")
	if bad {
		return 1
	}
	unit := int64(1024)
	for letter, size := range map[byte]int64{'b': 1, 'm': 1 << 20, 'g': 1 << 30} {
		if o.has(letter) {
			unit = size
		}
	}
	show := func(n int64) string {
		if o.has('h') {
			return humanSize(n)
		}
		return fmt.Sprint(n / unit)
	}
	total := p.container.config.Memory
	used := min(total, 512<<20)
	p.printf("              total        used        free      shared  buff/cache   available\n")
	p.printf("Mem:    %11s %11s %11s %11s %11s %11s\n", show(total), show(used), show(total-used), show(0), show(0), show(total-used))
	p.printf("Swap:   %11s %11s %11s\n", show(0), show(0), show(0))
	return 0
}

// uptimeProgram counts from the container's start.
func uptimeProgram(_ context.Context, p *Proc) int {
	up := p.Now().Sub(p.container.started)
	days, hours, minutes := int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60
	text := fmt.Sprintf("%d min", minutes)
	if hours > 0 {
		text = fmt.Sprintf("%2d:%02d", hours, minutes)
	}
	if days > 0 {
		text = fmt.Sprintf("%d days, %s", days, text)
	}
	p.printf(" %s up %s,  0 users,  load average: 0.00, 0.00, 0.00\n", p.Now().UTC().Format("15:04:05"), text)
	return 0
}

// others are the other processes whose command matches.
func (p *Proc) others(matches func(*Process) bool) []*Process {
	var found []*Process
	for _, other := range p.container.Processes() {
		if other != p.process && matches(other) {
			found = append(found, other)
		}
	}
	return found
}

// command is the name of the program that a process runs.
func (p *Process) command() string { return path.Base(p.name()) }

func pidofProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("s", "o")
	if bad {
		return 1
	}
	var pids []string
	for _, name := range names {
		for _, other := range p.others(func(q *Process) bool { return q.command() == path.Base(name) }) {
			pids = append(pids, fmt.Sprint(other.pid))
		}
	}
	if len(pids) == 0 {
		return 1
	}
	if o.has('s') {
		pids = pids[:1]
	}
	p.printf("%s\n", strings.Join(pids, " "))
	return 0
}

// pgrepProgram is pgrep and pkill.
func pgrepProgram(_ context.Context, p *Proc) int {
	s := SIGTERM
	if p.applet == "pkill" {
		p.Args, s = signalArg(p.Args)
	}
	o, args, bad := p.options("fxlanov", "")
	if bad {
		return 2
	}
	if len(args) != 1 {
		p.usage(p.applet + " [-flanovx] PATTERN")
		return 2
	}
	pattern := args[0]
	if o.has('x') {
		pattern = "^(" + pattern + ")$"
	}
	re, err := compile(pattern, true, false)
	if err != nil {
		p.fail("%v", err)
		return 2
	}
	found := p.matching(re, o)
	for _, other := range found {
		switch {
		case p.applet == "pkill":
			other.deliver(s, true)
		case o.has('l') || o.has('a'):
			p.printf("%d %s\n", other.pid, other.commandLine())
		default:
			p.printf("%d\n", other.pid)
		}
	}
	if len(found) == 0 {
		return 1
	}
	return 0
}

func (p *Proc) matching(re *regexp.Regexp, o given) []*Process {
	found := p.others(func(other *Process) bool {
		text := other.command()
		if o.has('f') {
			text = other.commandLine()
		}
		return re.MatchString(text) != o.has('v')
	})
	switch {
	case len(found) > 1 && o.has('n'):
		return found[len(found)-1:]
	case len(found) > 1 && o.has('o'):
		return found[:1]
	}
	return found
}

// signalArg takes a signal such as -9, -HUP or -s HUP out of a command line.
func signalArg(args []string) ([]string, Signal) {
	if len(args) > 2 && args[1] == "-s" {
		if s, ok := ParseSignal(args[2]); ok {
			return append(args[:1:1], args[3:]...), s
		}
	}
	if len(args) > 1 && strings.HasPrefix(args[1], "-") {
		if s, ok := ParseSignal(args[1][1:]); ok && s != 0 {
			return append(args[:1:1], args[2:]...), s
		}
	}
	return args, SIGTERM
}

func killallProgram(_ context.Context, p *Proc) int {
	args, s := signalArg(p.Args)
	names := args[1:]
	if len(names) > 0 && names[0] == "-q" {
		names = names[1:]
	}
	if len(names) == 0 {
		return p.usage("killall [-lq] [-SIG] PROCESS_NAME...")
	}
	return each(names, func(name string) int {
		found := p.others(func(q *Process) bool { return q.command() == path.Base(name) })
		for _, other := range found {
			other.deliver(s, true)
		}
		if len(found) == 0 {
			return p.fail("%s: no process killed", name)
		}
		return 0
	})
}

// watchProgram runs a command again and again.
func watchProgram(ctx context.Context, p *Proc) int {
	o, args, bad := p.optionsFirst("td", "n")
	if bad {
		return 1
	}
	seconds, ok := duration(o.value('n', "2"))
	if !ok || seconds > 1e6 {
		return p.fail("invalid number '%s'", o.value('n', ""))
	}
	if len(args) == 0 {
		return p.usage("watch [-n SEC] [-t] PROG ARGS")
	}
	text := strings.Join(args, " ")
	for ctx.Err() == nil {
		p.printf("\x1b[H\x1b[J")
		if !o.has('t') {
			p.printf("Every %.1fs: %-58s%s\n\n", seconds, text, p.Now().UTC().Format("2006-01-02 15:04:05"))
		}
		p.spawnWait([]string{"/bin/sh", "-c", text})
		if p.Sleep(ctx, max(100*time.Millisecond, time.Duration(seconds*float64(time.Second)))) != nil {
			break
		}
	}
	return 1
}

// prefixProgram is nohup, nice, setsid and time: they run a command.
func prefixProgram(ctx context.Context, p *Proc) int {
	o, args, bad := p.optionsFirst("pc", "n")
	if bad {
		return 1
	}
	if len(args) == 0 {
		if p.applet == "nice" && !o.has('n') {
			p.printf("0\n")
			return 0
		}
		return p.usage(p.applet + " PROG ARGS")
	}
	switch p.applet {
	case "nohup":
		p.process.setAction(SIGHUP, ignore)
	case "time":
		return p.time(args)
	}
	return p.Exec(ctx, args)
}

func (p *Proc) time(args []string) int {
	begin := p.Now()
	status := p.spawnWait(args)
	took := p.Now().Sub(begin)
	fmt.Fprintf(p.Stderr, "real\t%dm %.2fs\nuser\t0m 0.00s\nsys\t0m 0.00s\n", int(took.Minutes()), took.Seconds()-60*float64(int(took.Minutes())))
	return status
}

func ttyProgram(_ context.Context, p *Proc) int {
	if !p.process.onTerminal(0) {
		if len(p.Args) < 2 || p.Args[1] != "-s" {
			p.printf("not a tty\n")
		}
		return 1
	}
	p.printf("/dev/pts/0\n")
	return 0
}

func groupsProgram(_ context.Context, p *Proc) int {
	if u := p.user(); u.UID != 0 {
		p.printf("%s\n", strings.Join(idNames(u.groups(), false), " "))
		return 0
	}
	p.printf("root\n")
	return 0
}

func clearProgram(_ context.Context, p *Proc) int {
	p.printf("\x1b[H\x1b[J")
	return 0
}

func hostidProgram(_ context.Context, p *Proc) int {
	p.printf("00000000\n")
	return 0
}

// unlinkProgram is unlink, and link as ln does it.
func unlinkProgram(_ context.Context, p *Proc) int {
	if len(p.Args) != 2 {
		return p.usage("unlink FILE")
	}
	info, err := p.files.Lstat(p.Path(p.Args[1]))
	if err == nil && info.IsDir() {
		err = errIsDirectory
	}
	if err == nil {
		err = p.files.Remove(p.Path(p.Args[1]))
	}
	if err != nil {
		return p.cannot("remove file", p.Args[1], err)
	}
	return 0
}
