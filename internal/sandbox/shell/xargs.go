package shell

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

func xargsProgram(_ context.Context, p *Proc) int {
	o, command, bad := p.optionsFirst("0rtx", "nIsLP")
	if bad {
		return 1
	}
	if len(command) == 0 {
		command = []string{"echo"}
	}
	data, err := readAll(p.Stdin)
	if err != nil {
		return 1
	}
	var items []string
	switch {
	case o.has('0'):
		items = strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	case o.has('I') || o.has('L'):
		items = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	default:
		items = shellWords(string(data))
	}
	if len(data) == 0 {
		items = nil
	}
	batch := 1 << 12
	if o.has('n') {
		if batch, err = strconv.Atoi(o.value('n', "")); err != nil || batch < 1 {
			return p.fail("invalid number '%s'", o.value('n', ""))
		}
	}
	return p.batches(command, items, batch, o)
}

// batches runs the command of xargs as often as it takes.
func (p *Proc) batches(command, items []string, batch int, o given) int {
	status := 0
	run := func(args []string) {
		if o.has('t') {
			fmt.Fprintln(p.Stderr, strings.Join(args, " "))
		}
		switch code := p.spawnWait(args); {
		case code == 127 || code == 126:
			status = code
		case code != 0:
			status = 123
		}
	}
	if replace := o.value('I', ""); replace != "" {
		for _, item := range items {
			var args []string
			for _, word := range command {
				args = append(args, strings.ReplaceAll(word, replace, strings.TrimLeft(item, " \t")))
			}
			run(args)
		}
		return status
	}
	if len(items) == 0 && !o.has('r') {
		run(command)
	}
	for len(items) > 0 && status < 124 && p.process.ctx.Err() == nil {
		n := min(batch, len(items))
		run(append(append([]string{}, command...), items[:n]...))
		items = items[n:]
	}
	return status
}

// shellWords splits at blanks, with quotes and backslashes as xargs understands them.
func shellWords(s string) []string {
	var out []string
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else {
				word.WriteByte(c)
			}
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == '\\' && i+1 < len(s):
			i++
			word.WriteByte(s[i])
			in = true
		case c == ' ' || c == '\t' || c == '\n':
			if in {
				out = append(out, word.String())
			}
			word.Reset()
			in = false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, word.String())
	}
	return out
}
