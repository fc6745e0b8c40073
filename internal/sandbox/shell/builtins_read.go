package shell

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// reading is a call of the read builtin.
type reading struct {
	raw     bool
	delim   byte
	count   int           // characters to read, 0 for a line
	timeout time.Duration // 0 for none
	fd      int
}

// readBuiltin reads a line into variables.
func readBuiltin(sh *shell, args []string) int {
	r := reading{delim: '\n'}
	names, ok := r.parse(sh, args)
	if !ok {
		return 2
	}
	for _, name := range names {
		if !syntax.ValidName(name) {
			sh.complain("'%s': bad variable name", name)
			return 2
		}
	}
	line, status := r.line(sh)
	if status > 128 {
		return status
	}
	if len(names) == 0 {
		sh.setVar("REPLY", line)
		return status
	}
	values := expand.ReadFields(sh.prepare(), line, len(names), r.raw)
	for i, name := range names {
		value := ""
		if i < len(values) {
			value = values[i]
		}
		if err := sh.assign(name, expand.Variable{Set: true, Kind: expand.String, Str: value}); err != nil {
			sh.complain("%v", err)
			return 2
		}
	}
	return status
}

// parse understands the options of read and returns the names.
func (r *reading) parse(sh *shell, args []string) ([]string, bool) {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		arg := args[0][1:]
		args = args[1:]
		if arg == "-" {
			break
		}
		for arg != "" {
			letter := arg[0]
			arg = arg[1:]
			if strings.IndexByte("rs", letter) >= 0 {
				r.raw = r.raw || letter == 'r'
				continue
			}
			if arg == "" {
				if len(args) == 0 {
					sh.complain("option requires an argument: -%c", letter)
					return nil, false
				}
				arg, args = args[0], args[1:]
			}
			if !r.option(sh, letter, arg) {
				return nil, false
			}
			arg = ""
		}
	}
	return args, true
}

func (r *reading) option(sh *shell, letter byte, value string) bool {
	n, err := strconv.ParseFloat(value, 64)
	switch letter {
	case 'p':
		io.WriteString(sh.Stderr, value)
		return true
	case 'd':
		r.delim = (value + "\x00")[0]
		return true
	case 't':
		r.timeout = max(time.Duration(n*float64(time.Second)), 1)
	case 'n':
		r.count = int(n)
	case 'u':
		r.fd = int(n)
	default:
		sh.complain("illegal option -%c", letter)
		return false
	}
	if err != nil || n < 0 {
		sh.complain("invalid number '%s'", value)
		return false
	}
	return true
}

// line reads up to the delimiter. Status 1 is the end of the input, 129 and more a signal or the timeout.
func (r *reading) line(sh *shell) (string, int) {
	f := sh.process.fds.get(r.fd)
	if f == nil {
		return "", 1
	}
	ctx, cancel := sh.untilSignal(r.timeout)
	defer cancel()
	var line []byte
	escaped := false
	for r.count == 0 || len(line) < r.count {
		var b [1]byte
		n, err := f.Read(ctx, b[:])
		if n == 0 {
			if err == nil {
				continue
			}
			return string(line), r.ended(sh, err)
		}
		switch {
		case !r.raw && escaped && b[0] == '\n':
			line, escaped = line[:len(line)-1], false
			continue
		case b[0] == r.delim && !escaped:
			return string(line), 0
		case b[0] == 0:
			continue
		}
		escaped = !r.raw && b[0] == '\\' && !escaped
		if line = append(line, b[0]); len(line) > maxValue {
			panic(outOfMemory{})
		}
	}
	return string(line), 0
}

func (r *reading) ended(sh *shell, err error) int {
	if s, ok := sh.process.hasCaught(); ok {
		return 128 + int(s)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return 128 + int(SIGALRM)
	}
	return 1
}

// untilSignal is a context that is done when the shell is killed, catches a signal, or after d.
func (sh *shell) untilSignal(d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(sh.process.ctx)
	if d > 0 {
		ctx, cancel = context.WithTimeout(sh.process.ctx, d)
	}
	if len(sh.traps) > 0 || sh.interactive {
		go func() {
			select {
			case <-sh.process.notify:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	return ctx, cancel
}
