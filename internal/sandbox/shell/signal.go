package shell

import (
	"strconv"
	"strings"
)

// Signal is a signal by its Linux number, on every host.
type Signal int

// The signals that scripts and container runtimes use. A zero Signal is EXIT of the shell's trap.
const (
	SIGHUP   Signal = 1
	SIGINT   Signal = 2
	SIGQUIT  Signal = 3
	SIGABRT  Signal = 6
	SIGKILL  Signal = 9
	SIGUSR1  Signal = 10
	SIGUSR2  Signal = 12
	SIGPIPE  Signal = 13
	SIGALRM  Signal = 14
	SIGTERM  Signal = 15
	SIGCHLD  Signal = 17
	SIGCONT  Signal = 18
	SIGSTOP  Signal = 19
	SIGTSTP  Signal = 20
	SIGWINCH Signal = 28
)

// signalNames lists Linux' signals from 1 on.
func signalNames() []string {
	return strings.Fields("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT " +
		"CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH POLL PWR SYS")
}

// ParseSignal understands TERM, SIGTERM, term and 15, and EXIT and 0.
func ParseSignal(s string) (Signal, bool) {
	names := signalNames()
	if n, err := strconv.Atoi(s); err == nil {
		return Signal(n), n >= 0 && n <= len(names)
	}
	name := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if name == "EXIT" {
		return 0, true
	}
	for i, known := range names {
		if known == name {
			return Signal(i + 1), true
		}
	}
	return 0, false
}

// String is the name without SIG, as trap and kill -l print it.
func (s Signal) String() string {
	names := signalNames()
	switch {
	case s == 0:
		return "EXIT"
	case s > 0 && int(s) <= len(names):
		return names[s-1]
	}
	return strconv.Itoa(int(s))
}

// harmless says that the signal's default action does not end a process. Stopping is not
// simulated, so that STOP and its like count as harmless too.
func (s Signal) harmless() bool {
	switch s {
	case SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGWINCH, 0, 21, 22, 23:
		return true
	}
	return false
}

// obituary is what a shell prints when a foreground command died of the signal.
func (s Signal) obituary() string {
	switch s {
	case SIGHUP:
		return "Hangup"
	case SIGQUIT:
		return "Quit"
	case SIGABRT:
		return "Aborted"
	case SIGKILL:
		return "Killed"
	case SIGUSR1:
		return "User defined signal 1"
	case SIGUSR2:
		return "User defined signal 2"
	case SIGALRM:
		return "Alarm clock"
	case SIGTERM:
		return "Terminated"
	}
	return ""
}
