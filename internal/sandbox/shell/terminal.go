package shell

import (
	"context"
	"errors"
	"io"
)

// terminal is what the processes of a command with Command.TTY have in common.
type terminal struct {
	size func() (rows, columns int) // nil if nobody knows
}

// Interrupt sends a signal to everything that was started from the process, itself included, as a
// terminal does on Ctrl-C. Background commands of its shells ignore SIGINT and SIGQUIT.
func (p *Process) Interrupt(s Signal) {
	for _, other := range p.container.Processes() {
		if other.session == p.session {
			other.deliver(s, false)
		}
	}
}

// onTerminal says whether a descriptor of the process is its terminal.
func (p *Process) onTerminal(fd int) bool {
	o := p.fds.get(fd)
	if o == nil || p.terminal == nil {
		return false
	}
	switch o.file.(type) {
	case *hostReader, sink:
		return true
	}
	return false
}

// sttyProgram tells the size of the terminal. What it is asked to set it accepts: the line discipline
// is always that of "stty sane".
func sttyProgram(_ context.Context, p *Proc) int {
	if !p.process.onTerminal(0) {
		return p.fail("standard input: Inappropriate ioctl for device")
	}
	rows, columns := 0, 0
	if size := p.process.terminal.size; size != nil {
		rows, columns = size()
	}
	switch {
	case len(p.Args) == 1:
		p.printf("speed 38400 baud;\n")
	case p.Args[1] == "size":
		p.printf("%d %d\n", rows, columns)
	case p.Args[1] == "-a":
		p.printf("speed 38400 baud;stty: rows %d; columns %d;\n", rows, columns)
	}
	return 0
}

// beInteractive makes a shell one whose commands somebody types at a terminal. Such a shell outlives
// SIGINT, which ends the command at hand, and ignores SIGTERM and SIGQUIT.
func (sh *shell) beInteractive() {
	if !sh.tty || sh.child || !sh.process.onTerminal(0) {
		return
	}
	sh.interactive = true
	for _, s := range []Signal{SIGINT, SIGQUIT, SIGTERM} {
		sh.process.setAction(s, catch)
	}
}

// atPrompt goes on after an interrupt: what was being done is over, and the next command is read.
func (sh *shell) atPrompt() {
	sh.poll()
	if sh.ctl == interrupted {
		sh.ctl, sh.status = normal, 128+int(SIGINT)
		io.WriteString(sh.Stderr, "\n")
	}
}

// errInterrupted is the end of a read at a prompt.
var errInterrupted = errors.New("interrupted")

// readTerminal reads from the standard input until a signal comes.
func (sh *shell) readTerminal(b []byte) (int, error) {
	for {
		if _, ok := sh.process.hasCaught(); ok {
			return 0, errInterrupted
		}
		o := sh.process.fds.get(0)
		if o == nil {
			return 0, io.EOF
		}
		ctx, cancel := sh.untilSignal(0)
		n, err := o.Read(ctx, b)
		spurious := err != nil && ctx.Err() != nil && sh.process.ctx.Err() == nil
		cancel()
		if !spurious {
			return n, err
		}
	}
}
