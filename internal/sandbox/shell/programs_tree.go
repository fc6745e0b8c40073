package shell

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// each runs f for every name and returns the worst exit code.
func each[T any](list []T, f func(T) int) int {
	status := 0
	for _, item := range list {
		status = max(status, f(item))
	}
	return status
}

// inDir is the place of a file with base's name in a directory.
func inDir(dir, base string) string {
	return strings.TrimSuffix(dir, "/") + "/" + path.Base(base)
}

// isDir says whether name leads to a directory.
func (p *Proc) isDir(name string) bool {
	info, err := p.files.Stat(p.Path(name))
	return err == nil && info.IsDir()
}

// destination splits the operands of cp, mv and ln, and says whether the last one is a directory.
func (p *Proc) destination(args []string, usage string) (sources []string, to string, dir bool, status int) {
	if len(args) < 2 {
		return nil, "", false, p.usage(usage)
	}
	to = args[len(args)-1]
	sources = args[:len(args)-1]
	dir = p.isDir(to)
	if len(sources) > 1 && !dir {
		return nil, "", false, p.fail("can't stat '%s': %s", to, "Not a directory")
	}
	return sources, to, dir, 0
}

func rmProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("rRfiv", "")
	if bad {
		return 1
	}
	if len(names) == 0 && !o.has('f') {
		return p.usage("rm [-irf] FILE...")
	}
	r := remover{Proc: p, recursive: o.has('r') || o.has('R'), force: o.has('f'), verbose: o.has('v')}
	return each(names, r.remove)
}

// remover is rm.
type remover struct {
	*Proc
	recursive, force, verbose bool
}

// remove removes what a word of the command line names.
func (r remover) remove(name string) int {
	if base := path.Base(name); base == "." || base == ".." {
		return r.fail("can't remove '.' or '..'")
	}
	info, err := r.files.Lstat(r.Path(name))
	switch {
	case err != nil && r.force && errors.Is(err, fs.ErrNotExist):
		return 0
	case err != nil:
		return r.cannot("remove", name, err)
	case info.IsDir() && !r.recursive:
		return r.fail("'%s' is a directory", name)
	}
	return r.tree(name, info)
}

// tree removes a file, or a directory after all that is in it.
func (r remover) tree(name string, info fs.FileInfo) int {
	kind, status := "removed '%s'", 0
	if info.IsDir() {
		kind = "removed directory: '%s'"
		status = r.entries(name)
	}
	if err := r.files.Remove(r.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r.cannot("remove", name, err)
	}
	r.tell(r.verbose, kind, name)
	return status
}

func (r remover) entries(dir string) int {
	entries, err := r.files.ReadDir(r.Path(dir))
	if err != nil {
		return r.cannot("open", dir, err)
	}
	status := 0
	for _, e := range entries {
		if r.process.ctx.Err() != nil {
			return 1
		}
		if info, err := e.Info(); err == nil {
			status = max(status, r.tree(inDir(dir, e.Name()), info))
		}
	}
	return status
}

func mkdirProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("pv", "m")
	if bad {
		return 1
	}
	if len(names) == 0 {
		return p.usage("mkdir [-m MODE] [-p] DIRECTORY...")
	}
	perm, ok := parseMode(o.value('m', "777"), 0o777)
	if !ok {
		return p.fail("invalid mode '%s'", o.value('m', ""))
	}
	return each(names, func(name string) int {
		make := p.files.Mkdir
		if o.has('p') {
			if p.isDir(name) {
				return 0 // and keeps its mode
			}
			make = p.files.MkdirAll
		}
		if err := make(p.Path(name), 0o777&^p.process.umask); err != nil {
			return p.cannot("create directory", name, err)
		}
		if o.has('m') {
			if err := p.files.Chmod(p.Path(name), perm); err != nil {
				return p.cannot("set permissions of directory", name, err)
			}
		}
		p.tell(o.has('v'), "created directory: '%s'", name)
		return 0
	})
}

func rmdirProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("p", "")
	if bad {
		return 1
	}
	return each(names, func(name string) int {
		for {
			info, err := p.files.Lstat(p.Path(name))
			if err == nil && !info.IsDir() {
				err = syscall.ENOTDIR
			}
			if err == nil {
				err = p.files.Remove(p.Path(strings.TrimRight(name, "/")))
			}
			if err != nil {
				return p.fail("'%s': %s", name, files.Reason(err))
			}
			name = path.Dir(name)
			if !o.has('p') || name == "." || name == "/" {
				return 0
			}
		}
	})
}

func lnProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("sfnTv", "")
	if bad {
		return 1
	}
	if len(args) == 1 {
		args = append(args, path.Base(args[0]))
	}
	sources, to, dir, status := p.destination(args, "ln [-sfnT] TARGET... LINK|DIR")
	if info, err := p.files.Lstat(p.Path(to)); err == nil && o.has('n') && info.Mode()&fs.ModeSymlink != 0 {
		dir = false
	}
	return max(status, each(sources, func(from string) int {
		target := to
		if dir && !o.has('T') {
			target = inDir(to, from)
		}
		if o.has('f') {
			if err := p.files.Remove(p.Path(target)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return p.fail("%s: %s", target, files.Reason(err))
			}
		}
		err := error(nil)
		if o.has('s') {
			err = p.files.Symlink(from, p.Path(target))
		} else {
			err = p.files.Link(p.Path(from), p.Path(target))
		}
		if err != nil {
			return p.fail("%s: %s", target, files.Reason(err))
		}
		p.tell(o.has('v'), "'%s' -> '%s'", target, from)
		return 0
	}))
}

func touchProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("camh", "drt")
	if bad {
		return 1
	}
	when := p.Now()
	if o.has('d') {
		var ok bool
		if when, ok = parseDate(o.value('d', ""), p.Now()); !ok {
			return p.fail("invalid date '%s'", o.value('d', ""))
		}
	}
	if o.has('r') {
		info, err := p.files.Stat(p.Path(o.value('r', "")))
		if err != nil {
			return p.fail("%s: %s", o.value('r', ""), files.Reason(err))
		}
		when = info.ModTime()
	}
	return each(names, func(name string) int {
		err := p.files.Chtimes(p.Path(name), when, when)
		if errors.Is(err, fs.ErrNotExist) {
			if o.has('c') {
				return 0
			}
			if err = p.files.WriteFile(p.Path(name), nil, 0o666&^p.process.umask); err == nil {
				err = p.files.Chtimes(p.Path(name), when, when)
			}
		}
		if err != nil {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		return 0
	})
}

func readlinkProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("fnve", "")
	if bad {
		return 1
	}
	return each(names, func(name string) int {
		read := p.files.Readlink
		switch {
		case o.has('e'):
			read = p.files.RealPath
		case o.has('f'):
			read = p.canonical
		}
		target, err := read(p.Path(name))
		if err != nil {
			return 1
		}
		if !o.has('n') {
			target += "\n"
		}
		io.WriteString(p.Stdout, target)
		return 0
	})
}

// canonical is a path without symlinks; its last component need not exist.
func (p *Proc) canonical(name string) (string, error) {
	real, err := p.files.RealPath(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if _, lerr := p.files.Lstat(name); lerr == nil {
		return "", err // a dangling symlink
	}
	dir, base := path.Split(strings.TrimRight(name, "/"))
	if dir, err = p.files.RealPath(dir); err != nil {
		return "", err
	}
	return inDir(dir, base), nil
}

func realpathProgram(_ context.Context, p *Proc) int {
	_, names, bad := p.options("", "")
	if bad {
		return 1
	}
	return each(names, func(name string) int {
		real, err := p.canonical(p.Path(name))
		if err != nil {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		p.printf("%s\n", real)
		return 0
	})
}

func chmodProgram(_ context.Context, p *Proc) int {
	args := p.Args[1:]
	recursive, verbose := false, false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && strings.Trim(args[0][1:], "Rcvf") == "" {
		recursive = recursive || strings.Contains(args[0], "R")
		verbose = verbose || strings.ContainsAny(args[0], "cv")
		args = args[1:]
	}
	if len(args) < 2 {
		return p.usage("chmod [-R] MODE[,MODE]... FILE...")
	}
	return each(args[1:], func(name string) int {
		return p.walk(name, recursive, func(name string, info *files.Info) int {
			if info.Mode()&fs.ModeSymlink != 0 {
				return 0
			}
			perm, ok := parseMode(args[0], info.Mode())
			if !ok {
				return p.fail("invalid mode '%s'", args[0])
			}
			if err := p.files.Chmod(p.Path(name), perm); err != nil {
				return p.fail("%s: %s", name, files.Reason(err))
			}
			p.tell(verbose, "mode of '%s' changed to %04o (%s)", name, perm, perm.String()[1:])
			return 0
		})
	})
}

// walk calls f for a file, and for everything below it. A symlink given by name is followed.
func (p *Proc) walk(name string, recursive bool, f func(string, *files.Info) int) int {
	info, err := p.files.Stat(p.Path(name))
	if err != nil {
		return p.fail("%s: %s", name, files.Reason(err))
	}
	return p.walkInfo(name, info, recursive, f)
}

func (p *Proc) walkInfo(name string, info *files.Info, recursive bool, f func(string, *files.Info) int) int {
	status := f(name, info)
	if !recursive || !info.IsDir() || p.process.ctx.Err() != nil {
		return status
	}
	entries, err := p.files.ReadDir(p.Path(name))
	if err != nil {
		return p.fail("%s: %s", name, files.Reason(err))
	}
	for _, e := range entries {
		child := strings.TrimSuffix(name, "/") + "/" + e.Name()
		if info, err := p.files.Lstat(p.Path(child)); err == nil {
			status = max(status, p.walkInfo(child, info, recursive, f))
		}
	}
	return status
}

// parseMode understands 0755 and u+x,go-w.
func parseMode(s string, old fs.FileMode) (fs.FileMode, bool) {
	if n, ok := octal(s); ok {
		return fs.FileMode(n) & fs.ModePerm, true
	}
	mode := old.Perm()
	for _, clause := range strings.Split(s, ",") {
		at := strings.IndexAny(clause, "+-=")
		if at < 0 {
			return 0, false
		}
		var ok bool
		if mode, ok = modeClause(mode, clause[:at], clause[at:], old.IsDir()); !ok {
			return 0, false
		}
	}
	return mode, true
}

func octal(s string) (int, bool) {
	n := 0
	for _, c := range s {
		if c < '0' || c > '7' || n > 0o7777 {
			return 0, false
		}
		n = n*8 + int(c-'0')
	}
	return n, s != ""
}

func modeClause(mode fs.FileMode, who, change string, dir bool) (fs.FileMode, bool) {
	mask := fs.FileMode(0)
	for _, c := range who {
		switch c {
		case 'u':
			mask |= 0o700
		case 'g':
			mask |= 0o070
		case 'o':
			mask |= 0o007
		case 'a':
			mask |= 0o777
		default:
			return 0, false
		}
	}
	if mask == 0 {
		mask = 0o777
	}
	op, bits := byte(0), fs.FileMode(0)
	apply := func() {
		switch op {
		case '+':
			mode |= bits & mask
		case '-':
			mode &^= bits & mask
		case '=':
			mode = mode&^mask | bits&mask
		}
	}
	for i := range len(change) {
		switch c := change[i]; c {
		case '+', '-', '=':
			apply()
			op, bits = c, 0
		case 'r':
			bits |= 0o444
		case 'w':
			bits |= 0o222
		case 'x':
			bits |= 0o111
		case 'X':
			if dir || mode&0o111 != 0 {
				bits |= 0o111
			}
		case 's', 't':
		default:
			return 0, false
		}
	}
	apply()
	return mode, true
}

// chownProgram accepts owners: there is only one here.
func chownProgram(_ context.Context, p *Proc) int {
	_, args, bad := p.options("RhcvfLHP", "")
	if bad {
		return 1
	}
	if len(args) < 2 {
		return p.usage(p.applet + " [-Rh] OWNER FILE...")
	}
	return each(args[1:], func(name string) int {
		if _, err := p.files.Lstat(p.Path(name)); err != nil {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		if err := p.files.Access(p.Path(name), files.Write); errors.Is(err, syscall.EROFS) {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		return 0
	})
}

func truncateProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("c", "s")
	if bad {
		return 1
	}
	size, ok := byteCount(o.value('s', ""))
	if !ok {
		return p.usage("truncate [-c] -s SIZE FILE...")
	}
	return each(names, func(name string) int {
		flag := os.O_WRONLY | os.O_CREATE
		if o.has('c') {
			flag = os.O_WRONLY
		}
		f, err := p.files.Open(p.Path(name), flag, 0o644)
		if err != nil {
			if o.has('c') && errors.Is(err, fs.ErrNotExist) {
				return 0
			}
			return p.fail("%s: open: %s", name, files.Reason(err))
		}
		defer f.Close()
		if err := f.Truncate(size); err != nil {
			return p.fail("%s: truncate: %s", name, files.Reason(err))
		}
		return 0
	})
}
