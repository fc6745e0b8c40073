package shell

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// given are the options of a command line: for each letter the values, "" for a plain flag.
type given map[byte][]string

func (g given) has(letter byte) bool { return len(g[letter]) > 0 }

// value returns the last value of an option.
func (g given) value(letter byte, fallback string) string {
	if v := g[letter]; len(v) > 0 {
		return v[len(v)-1]
	}
	return fallback
}

func (g given) all(letter byte) []string { return g[letter] }

// options reads flags and options with values, wherever they stand, and returns what remains.
func (p *Proc) options(flags, valued string) (given, []string, bool) {
	return p.parseOptions(flags, valued, false)
}

// optionsFirst is options for programs whose arguments are a command line: it stops at the first word.
func (p *Proc) optionsFirst(flags, valued string) (given, []string, bool) {
	return p.parseOptions(flags, valued, true)
}

func (p *Proc) parseOptions(flags, valued string, first bool) (given, []string, bool) {
	g := given{}
	var rest []string
	args := p.Args[1:]
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return g, append(rest, args...), false
		case len(arg) < 2 || arg[0] != '-':
			if rest = append(rest, arg); first {
				return g, append(rest, args...), false
			}
			continue
		}
		var ok bool
		if args, ok = p.cluster(g, arg[1:], args, flags, valued); !ok {
			return g, nil, true
		}
	}
	return g, rest, false
}

// cluster reads "-abc value".
func (p *Proc) cluster(g given, letters string, args []string, flags, valued string) ([]string, bool) {
	for letters != "" {
		c := letters[0]
		letters = letters[1:]
		switch {
		case strings.IndexByte(valued, c) >= 0:
			if letters == "" {
				if len(args) == 0 {
					p.fail("option requires an argument -- '%c'", c)
					return nil, false
				}
				letters, args = args[0], args[1:]
			}
			g[c] = append(g[c], letters)
			return args, true
		case strings.IndexByte(flags, c) >= 0:
			g[c] = append(g[c], "")
		default:
			if c == '-' {
				p.fail("unrecognized option '--%s'", letters)
			} else {
				p.fail("invalid option -- '%c'", c)
			}
			return nil, false
		}
	}
	return args, true
}

// isMissing says that a command does not exist.
func isMissing(err error) bool {
	return errors.Is(err, errNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// createNew are the flags for a file that must not exist yet.
const createNew = os.O_WRONLY | os.O_CREATE | os.O_EXCL

func isExist(err error) bool { return errors.Is(err, fs.ErrExist) }

var (
	errIsDirectory error = syscall.EISDIR
	errNotDir      error = syscall.ENOTDIR
	errNoProcess   error = syscall.ESRCH
)

// readAll reads everything, within the memory that a program of a container may have.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if len(data) > maxInput {
		panic(outOfMemory{})
	}
	return data, err
}

// maxInput is how much of its input a program may keep in memory.
const maxInput = 16 << 20
