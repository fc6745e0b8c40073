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

// copier is cp, or mv between mounts.
type copier struct {
	*Proc
	recursive, links, preserve, force, verbose bool
}

func cpProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("rRadpfLPTinv", "t")
	if bad {
		return 1
	}
	all := o.has('a')
	c := copier{
		Proc: p, recursive: all || o.has('r') || o.has('R'), links: (all || o.has('d') || o.has('P')) && !o.has('L'),
		preserve: all || o.has('p'), force: o.has('f'), verbose: o.has('v'),
	}
	if c.recursive && !o.has('L') {
		c.links = true
	}
	if o.has('t') {
		args = append(args, o.value('t', ""))
	}
	sources, to, dir, status := p.destination(args, "cp [-arPLHpfinlsTu] SOURCE DEST")
	return max(status, each(sources, func(from string) int {
		target := to
		if dir && !o.has('T') {
			target = inDir(to, from)
		}
		if _, err := p.files.Lstat(p.Path(target)); err == nil && o.has('n') {
			return 0
		}
		if p.same(from, target) {
			return p.fail("'%s' and '%s' are the same file", from, target)
		}
		return c.copy(from, target, maxDepth)
	}))
}

// same says whether two names lead to one file.
func (p *Proc) same(a, b string) bool {
	x, errX := p.files.RealPath(p.Path(a))
	y, errY := p.files.RealPath(p.Path(b))
	return errX == nil && errY == nil && x == y
}

// copy copies a file, a symlink or a directory.
func (c *copier) copy(from, to string, depth int) int {
	look := c.files.Stat
	if c.links {
		look = c.files.Lstat
	}
	info, err := look(c.Path(from))
	if err != nil {
		return c.cannot("stat", from, err)
	}
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return c.copyLink(from, to)
	case mode.IsDir():
		return c.copyDir(from, to, info, depth)
	case !mode.IsRegular() && mode&fs.ModeCharDevice == 0:
		return c.cannot("open", from, syscall.ENXIO)
	}
	return c.copyFile(from, to, info)
}

func (c *copier) copyLink(from, to string) int {
	target, err := c.files.Readlink(c.Path(from))
	if err != nil {
		return c.cannot("read", from, err)
	}
	if err := c.files.Remove(c.Path(to)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c.cannot("remove", to, err)
	}
	if err := c.files.Symlink(target, c.Path(to)); err != nil {
		return c.cannot("create symlink", to, err)
	}
	c.tell(c.verbose, "'%s' -> '%s'", from, to)
	return 0
}

func (c *copier) copyDir(from, to string, info *files.Info, depth int) int {
	if !c.recursive {
		return c.fail("omitting directory '%s'", from)
	}
	if depth == 0 || c.within(from, to) {
		return c.fail("recursion detected, omitting directory '%s'", from)
	}
	entries, err := c.files.ReadDir(c.Path(from))
	if err != nil {
		return c.cannot("open", from, err)
	}
	if !c.isDir(to) {
		if err := c.files.Mkdir(c.Path(to), info.Mode().Perm()); err != nil {
			return c.cannot("create directory", to, err)
		}
	}
	status := 0
	for _, e := range entries {
		if c.process.ctx.Err() != nil {
			return 1
		}
		status = max(status, c.copy(inDir(from, e.Name()), inDir(to, e.Name()), depth-1))
	}
	c.keep(to, info)
	c.tell(c.verbose, "'%s' -> '%s'", from, to)
	return status
}

// within says whether to lies in the directory from.
func (p *Proc) within(from, to string) bool {
	outer, err := p.files.RealPath(p.Path(from))
	if err != nil {
		return false
	}
	inner, err := p.files.RealPath(p.Path(path.Dir(strings.TrimRight(to, "/"))))
	return err == nil && (inner == outer || strings.HasPrefix(inner, strings.TrimSuffix(outer, "/")+"/"))
}

func (c *copier) copyFile(from, to string, info *files.Info) int {
	in, err := c.OpenRead(from)
	if err != nil {
		return c.cannot("open", from, err)
	}
	defer in.Close()
	out, err := c.Open(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil && c.force && c.files.Remove(c.Path(to)) == nil {
		out, err = c.Open(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	}
	if err != nil {
		return c.cannot("create", to, err)
	}
	defer out.Close()
	if _, err := io.Copy(plain{out}, in); err != nil {
		return c.fail("write error: %s", files.Reason(err))
	}
	c.keep(to, info)
	c.tell(c.verbose, "'%s' -> '%s'", from, to)
	return 0
}

// keep gives a copy the mode and time of the original. Of what could be written, only devices
// refuse, and theirs need not change.
func (c *copier) keep(to string, info *files.Info) {
	if c.preserve {
		_ = c.files.Chmod(c.Path(to), info.Mode())
		_ = c.files.Chtimes(c.Path(to), info.ModTime(), info.ModTime())
	}
}

func mvProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("finTv", "t")
	if bad {
		return 1
	}
	if o.has('t') {
		args = append(args, o.value('t', ""))
	}
	sources, to, dir, status := p.destination(args, "mv [-finT] SOURCE DEST")
	return max(status, each(sources, func(from string) int {
		target := to
		if dir && !o.has('T') {
			target = inDir(to, from)
		}
		if _, err := p.files.Lstat(p.Path(target)); err == nil && o.has('n') {
			return 0
		}
		status := p.move(from, target)
		p.tell(o.has('v'), "'%s' -> '%s'", from, target)
		return status
	}))
}

// move renames, or copies and removes where that is impossible.
func (p *Proc) move(from, to string) int {
	info, err := p.files.Lstat(p.Path(from))
	if err != nil {
		return p.cannot("rename", from, err)
	}
	if info.IsDir() && p.within(from, to) {
		return p.cannot("rename", from, syscall.EINVAL)
	}
	err = p.files.Rename(p.Path(from), p.Path(to))
	if !errors.Is(err, syscall.EXDEV) {
		if err != nil {
			return p.cannot("rename", from, err)
		}
		return 0
	}
	c := copier{Proc: p, recursive: true, links: true, preserve: true}
	if status := c.copy(from, to, maxDepth); status != 0 {
		return status
	}
	if err := p.files.RemoveAll(p.Path(from)); err != nil {
		return p.cannot("remove", from, err)
	}
	return 0
}
