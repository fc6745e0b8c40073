package shell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// trap sets what happens on signals, or lists it.
func trap(sh *shell, args []string) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	switch {
	case len(args) == 0 || args[0] == "-p":
		sh.listTraps()
		return 0
	case args[0] == "-l":
		return kill(sh.Proc, args, nil)
	}
	action, names := args[0], args[1:]
	if _, err := strconv.Atoi(action); len(names) == 0 || err == nil {
		action, names = "-", args
	}
	status := 0
	for _, name := range names {
		s, ok := ParseSignal(name)
		if !ok {
			sh.complain("%s: invalid signal specification", name)
			status = 1
			continue
		}
		sh.setTrap(s, action)
	}
	return status
}

// setTrap sets one trap: "-" is the default action, "" ignores the signal.
func (sh *shell) setTrap(s Signal, action string) {
	act := catch
	switch action {
	case "-":
		act = byDefault
		delete(sh.traps, s)
	case "":
		act = ignore
		sh.traps[s] = action
	default:
		sh.traps[s] = action
	}
	if s != 0 && s != SIGKILL && s != SIGSTOP {
		sh.process.setAction(s, act)
	}
}

func (sh *shell) listTraps() {
	for _, s := range slices.Sorted(maps.Keys(sh.traps)) {
		name := s.String()
		if s != 0 {
			name = "SIG" + name
		}
		sh.printf("trap -- '%s' %s\n", strings.ReplaceAll(sh.traps[s], "'", `'"'"'`), strings.TrimPrefix(name, "SIG"))
	}
}

// wait waits for jobs. A signal with a trap ends it at once.
func wait(sh *shell, args []string) int {
	jobs := sh.jobs
	status := 0
	if len(args) > 0 {
		jobs = nil
		for _, arg := range args {
			j, ok := sh.job(arg)
			if !ok {
				status = 127
				continue
			}
			jobs = append(jobs, j)
		}
	}
	for _, j := range jobs {
		s, ok := sh.awaitJob(j)
		if !ok {
			return s
		}
		if len(args) > 0 {
			status = s
		}
	}
	if len(args) == 0 {
		sh.forgetJobs()
	}
	return status
}

// awaitJob waits for a job's end, and is false if a signal came first.
func (sh *shell) awaitJob(j *job) (int, bool) {
	for {
		select {
		case <-j.process.done:
			return j.process.status, true
		default:
		}
		if s, ok := sh.process.hasCaught(); ok {
			return 128 + int(s), false
		}
		select {
		case <-j.process.done:
		case <-sh.process.notify:
		case <-sh.process.ctx.Done():
			sh.ctl = exiting
			return sh.status, false
		}
	}
}

// addJob notes a background command. Of those that have ended, a long loop does not keep all.
func (sh *shell) addJob(j *job) {
	const keep = 64
	if len(sh.jobs) >= keep {
		sh.jobs = slices.DeleteFunc(sh.jobs, func(j *job) bool {
			select {
			case <-j.process.done:
				return true
			default:
				return false
			}
		})
	}
	sh.jobs = append(sh.jobs, j)
}

// forgetJobs drops jobs that have ended, but the last one, whose pid is "$!".
func (sh *shell) forgetJobs() {
	if len(sh.jobs) > 1 {
		sh.jobs = sh.jobs[len(sh.jobs)-1:]
	}
}

// job finds a job by "%n" or process id.
func (sh *shell) job(name string) (*job, bool) {
	if number, ok := strings.CutPrefix(name, "%"); ok {
		n, err := strconv.Atoi(number)
		if number == "" || number == "%" || number == "+" {
			n, err = len(sh.jobs), nil
		}
		if err != nil || n < 1 || n > len(sh.jobs) {
			return nil, false
		}
		return sh.jobs[n-1], true
	}
	for _, j := range sh.jobs {
		if strconv.Itoa(j.process.pid) == name {
			return j, true
		}
	}
	return nil, false
}

func jobsBuiltin(sh *shell, args []string) int {
	for i, j := range sh.jobs {
		select {
		case <-j.process.done:
			continue
		default:
		}
		if slices.Contains(args, "-p") {
			sh.printf("%d\n", j.process.pid)
			continue
		}
		mark := " "
		if i == len(sh.jobs)-1 {
			mark = "+"
		}
		sh.printf("[%d]%s  %-26s %s\n", i+1, mark, "Running", j.text)
	}
	return 0
}

func killBuiltin(sh *shell, args []string) int {
	p := *sh.Proc
	return kill(&p, args, func(name string) (int, bool) {
		j, ok := sh.job(name)
		if !ok {
			return 0, false
		}
		return j.process.pid, true
	})
}

// kill sends signals. Jobs are looked up with job, which may be nil.
func kill(p *Proc, args []string, job func(string) (int, bool)) int {
	s := SIGTERM
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--" {
		name := args[0][1:]
		args = args[1:]
		switch {
		case name == "l" || name == "L":
			return listSignals(p, args)
		case (name == "s" || name == "n") && len(args) > 0:
			name, args = args[0], args[1:]
		}
		var ok bool
		if s, ok = ParseSignal(name); !ok {
			return p.fail("bad signal name '%s'", name)
		}
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return p.fail("you need to specify whom to kill")
	}
	status := 0
	for _, arg := range args {
		if err := p.killOne(arg, s, job); err != nil {
			status = p.fail("can't kill pid %s: %s", arg, files.Reason(err))
		}
	}
	return status
}

// killOne sends a signal to a process, a job, or with -1 to everything but PID 1 and the sender.
func (p *Proc) killOne(name string, s Signal, job func(string) (int, bool)) error {
	if strings.HasPrefix(name, "%") && job != nil {
		pid, ok := job(name)
		if !ok {
			return errNoProcess
		}
		return p.container.kill(pid, s)
	}
	pid, err := strconv.Atoi(name)
	if err != nil {
		return fmt.Errorf("invalid number '%s'", name)
	}
	if pid == -1 {
		for _, other := range p.container.Processes() {
			if other.pid != 1 && other != p.process {
				other.deliver(s, true)
			}
		}
		return nil
	}
	if pid == 0 {
		pid = p.PID()
	}
	return p.container.kill(pid, s)
}

func listSignals(p *Proc, args []string) int {
	if len(args) == 0 {
		for i, name := range signalNames() {
			p.printf("%2d) %s\n", i+1, name)
		}
		return 0
	}
	for _, arg := range args {
		s, ok := ParseSignal(arg)
		if !ok {
			if n, err := strconv.Atoi(arg); err == nil && n > 128 {
				s, ok = ParseSignal(strconv.Itoa(n - 128))
			}
		}
		if !ok {
			return p.fail("unknown signal '%s'", arg)
		}
		if _, err := strconv.Atoi(arg); err == nil {
			p.printf("%s\n", s)
		} else {
			p.printf("%d\n", s)
		}
	}
	return 0
}
