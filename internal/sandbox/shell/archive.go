package shell

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// archive is tar.
type archive struct {
	*Proc
	mode                          byte // c, x or t
	file, dir                     string
	zip, verbose, touch, toStdout bool
	strip                         bool // whether leading slashes were mentioned
	exclude                       []string
	names                         []string
}

func tarProgram(ctx context.Context, p *Proc) int {
	a, ok := p.archive()
	if !ok {
		return 1
	}
	switch a.mode {
	case 'c':
		return a.create(ctx)
	case 'x', 't':
		return a.read(ctx)
	}
	return p.usage("tar c|x|t [-zvOm] [-f TARFILE] [-C DIR] [--exclude PATTERN] [FILE]...")
}

// archive reads the command line. The first word may be options without a dash.
func (p *Proc) archive() (*archive, bool) {
	a := &archive{Proc: p, file: "-", dir: p.Dir}
	args := slices.Clone(p.Args[1:])
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		args[0] = "-" + args[0]
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case strings.HasPrefix(arg, "--no-same-") || arg == "--overwrite" || arg == "--numeric-owner":
		case strings.HasPrefix(arg, "--exclude="):
			a.exclude = append(a.exclude, arg[len("--exclude="):])
		case arg == "--exclude" && len(args) > 0:
			a.exclude, args = append(a.exclude, args[0]), args[1:]
		case arg == "--":
			a.names, args = append(a.names, args...), nil
		case len(arg) > 1 && arg[0] == '-':
			var ok bool
			if args, ok = a.options(arg[1:], args); !ok {
				return nil, false
			}
		default:
			a.names = append(a.names, arg)
		}
	}
	return a, true
}

// options reads letters, some of which take the next word.
func (a *archive) options(letters string, args []string) ([]string, bool) {
	for _, c := range []byte(letters) {
		switch c {
		case 'c', 'x', 't':
			a.mode = c
		case 'f', 'C', 'X':
			if len(args) == 0 {
				a.fail("option requires an argument -- '%c'", c)
				return nil, false
			}
			if c == 'f' {
				a.file = args[0]
			} else if c == 'C' {
				a.dir = absolute(a.dir, args[0])
			}
			args = args[1:]
		case 'z':
			a.zip = true
		case 'v':
			a.verbose = true
		case 'm':
			a.touch = true
		case 'O':
			a.toStdout = true
		case 'p', 'o', 'k', 'h':
		default:
			a.fail("invalid option -- '%c'", c)
			return nil, false
		}
	}
	return args, true
}

func (a *archive) excluded(name string) bool {
	return slices.ContainsFunc(a.exclude, func(pattern string) bool {
		whole, err := path.Match(pattern, name)
		base, errBase := path.Match(pattern, path.Base(name))
		return err == nil && whole || errBase == nil && base
	})
}

// create writes an archive.
func (a *archive) create(ctx context.Context) int {
	if len(a.names) == 0 {
		return a.fail("empty archive")
	}
	out := a.Stdout
	if a.file != "-" {
		f, err := a.Open(a.file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return a.cannot("open", a.file, err)
		}
		defer f.Close()
		out = f
	}
	if a.zip {
		z := gzip.NewWriter(out)
		defer z.Close()
		out = z
	}
	w := tar.NewWriter(out)
	status := each(a.names, func(name string) int { return a.add(ctx, w, name, maxDepth) })
	if err := w.Close(); err != nil {
		return a.fail("write error: %s", files.Reason(err))
	}
	if status != 0 {
		return a.fail("error exit delayed from previous errors")
	}
	return 0
}

// add writes a file, or a directory and all that is in it.
func (a *archive) add(ctx context.Context, w *tar.Writer, name string, depth int) int {
	if ctx.Err() != nil || depth == 0 {
		return 1
	}
	if a.excluded(name) {
		return 0
	}
	full := absolute(a.dir, name)
	info, err := a.files.Lstat(full)
	if err != nil {
		return a.fail("%s: %s", name, files.Reason(err))
	}
	if err := a.member(w, name, full, info); err != nil {
		return a.fail("%s: %s", name, files.Reason(err))
	}
	if !info.IsDir() {
		return 0
	}
	entries, err := a.files.ReadDir(full)
	if err != nil {
		return a.cannot("open", name, err)
	}
	status := 0
	for _, e := range entries {
		status = max(status, a.add(ctx, w, strings.TrimSuffix(name, "/")+"/"+e.Name(), depth-1))
	}
	return status
}

// member writes one entry. Devices and the like are left out.
func (a *archive) member(w *tar.Writer, name, full string, info *files.Info) error {
	mode := info.Mode()
	if !mode.IsRegular() && !mode.IsDir() && mode&fs.ModeSymlink == 0 {
		return nil
	}
	link, err := "", error(nil)
	if mode&fs.ModeSymlink != 0 {
		if link, err = a.files.Readlink(full); err != nil {
			return err
		}
	}
	head, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	head.Name = a.relative(name)
	if mode.IsDir() {
		head.Name = strings.TrimSuffix(head.Name, "/") + "/"
	}
	head.Uname, head.Gname, head.Format = "root", "root", tar.FormatGNU
	head.ModTime, head.AccessTime, head.ChangeTime = info.ModTime().Truncate(time.Second), time.Time{}, time.Time{}
	if a.verbose {
		a.say(a.mode == 'c' && a.file == "-", head.Name)
	}
	if err := w.WriteHeader(head); err != nil || !mode.IsRegular() {
		return err
	}
	f, err := a.files.Open(full, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, head.Size)
	return err
}

// say names a member, beside the archive if that is on the standard output.
func (a *archive) say(beside bool, name string) {
	to := a.Stdout
	if beside {
		to = a.Stderr
	}
	io.WriteString(to, name+"\n")
}

// relative takes leading slashes and whatever leads out of the directory from a name.
func (a *archive) relative(name string) string {
	clean := strings.TrimLeft(name, "/")
	if i := strings.LastIndex("/"+clean, "/../"); i >= 0 {
		clean = clean[i+3:]
	}
	if clean != name && !a.strip {
		a.strip = true
		io.WriteString(a.Stderr, "tar: removing leading '"+strings.TrimSuffix(name, clean)+"' from member names\n")
	}
	if clean == "" {
		return "."
	}
	return clean
}

// read lists or extracts an archive.
func (a *archive) read(ctx context.Context) int {
	in, err := a.OpenRead(a.file)
	if err != nil {
		return a.cannot("open", a.file, err)
	}
	defer in.Close()
	var from io.Reader = in
	if a.zip {
		if from, err = gzip.NewReader(in); err != nil {
			return a.fail("invalid magic")
		}
	}
	status, r := 0, tar.NewReader(from)
	for ctx.Err() == nil {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return status
		}
		if errors.Is(err, tar.ErrHeader) {
			return a.fail("invalid tar magic")
		}
		if err != nil {
			return a.fail("short read")
		}
		if a.wanted(head.Name) {
			status = max(status, a.take(head, r))
		}
	}
	return 1
}

// wanted says whether a member was asked for.
func (a *archive) wanted(name string) bool {
	if a.excluded(strings.TrimSuffix(name, "/")) {
		return false
	}
	return len(a.names) == 0 || slices.ContainsFunc(a.names, func(n string) bool {
		n = strings.TrimSuffix(n, "/")
		return name == n || strings.HasPrefix(name, n+"/")
	})
}

// take lists or extracts one member.
func (a *archive) take(head *tar.Header, r io.Reader) int {
	switch {
	case a.mode == 't':
		a.printf("%s\n", head.Name)
		return 0
	case a.toStdout:
		if _, err := io.Copy(a.Stdout, r); err != nil {
			return 1
		}
		return 0
	case slices.Contains(strings.Split(head.Name, "/"), ".."):
		return a.fail("name with '..' skipped")
	}
	a.tell(a.verbose, "%s", head.Name)
	if err := a.extract(head, absolute(a.dir, strings.TrimLeft(head.Name, "/")), r); err != nil {
		return a.cannot("open", head.Name, err)
	}
	return 0
}

// extract makes a member in the tree. What is in its place goes, unless it is a directory.
func (a *archive) extract(head *tar.Header, full string, r io.Reader) error {
	full = strings.TrimRight(full, "/")
	if err := a.files.MkdirAll(path.Dir(full), 0o755); err != nil {
		return err
	}
	perm := fs.FileMode(head.Mode).Perm()
	if head.Typeflag == tar.TypeDir {
		if err := a.files.MkdirAll(full, perm); err != nil {
			return err
		}
		return a.files.Chmod(full, perm)
	}
	if err := a.files.Remove(full); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch head.Typeflag {
	case tar.TypeSymlink:
		return a.files.Symlink(head.Linkname, full)
	case tar.TypeLink:
		return a.files.Link(absolute(a.dir, strings.TrimLeft(head.Linkname, "/")), full)
	case tar.TypeReg:
		return a.extractFile(head, full, perm, r)
	}
	return nil
}

func (a *archive) extractFile(head *tar.Header, full string, perm fs.FileMode, r io.Reader) error {
	f, err := a.files.Open(full, createNew, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(plain{f}, r)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if a.touch {
		return nil
	}
	return a.files.Chtimes(full, head.ModTime, head.ModTime)
}

// gzipProgram is gzip, gunzip and zcat.
func gzipProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("cdfk123456789t", "")
	if bad {
		return 1
	}
	z := zipper{Proc: p, expand: o.has('d') || p.applet != "gzip", stdout: o.has('c') || p.applet == "zcat", keep: o.has('k'), force: o.has('f')}
	if len(names) == 0 {
		names = []string{"-"}
	}
	return each(names, z.file)
}

// zipper is gzip.
type zipper struct {
	*Proc
	expand, stdout, keep, force bool
}

func (z zipper) file(name string) int {
	in, err := z.OpenRead(name)
	if err != nil {
		return z.fail("%s: %s", name, files.Reason(err))
	}
	defer in.Close()
	if name == "-" || z.stdout {
		return z.convert(z.Stdout, in, name)
	}
	target := name + ".gz"
	if z.expand {
		var ok bool
		if target, ok = strings.CutSuffix(name, ".gz"); !ok {
			return z.fail("%s: unknown suffix - ignored", name)
		}
	}
	flag := createNew
	if z.force {
		flag = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	out, err := z.Open(target, flag, 0o666)
	if err != nil {
		return z.cannot("open", target, err)
	}
	defer out.Close()
	status := z.convert(out, in, name)
	gone := name
	if status != 0 {
		gone = target
	}
	if status != 0 || !z.keep {
		if err := z.files.Remove(z.Path(gone)); err != nil {
			return z.cannot("remove", gone, err)
		}
	}
	return status
}

func (z zipper) convert(out io.Writer, in io.Reader, name string) int {
	if z.expand {
		r, err := gzip.NewReader(in)
		if err == nil {
			_, err = io.Copy(plain{out}, r) //nolint:gosec // what is written is limited: a quota, or a pipe that somebody reads
		}
		if err != nil {
			return z.refuse(name, err)
		}
		return 0
	}
	w := gzip.NewWriter(out)
	_, err := io.Copy(w, in)
	if err = errors.Join(err, w.Close()); err != nil {
		return z.fail("%s: %s", name, files.Reason(err))
	}
	return 0
}

// refuse reports an input that is not compressed, or broken.
func (z zipper) refuse(name string, err error) int {
	if z.applet == "zcat" && errors.Is(err, gzip.ErrHeader) {
		return z.fail("no gzip/bzip2/xz magic")
	}
	return z.fail("%s: %s", name, zipError(err))
}

func zipError(err error) string {
	switch {
	case errors.Is(err, gzip.ErrHeader):
		return "invalid magic"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected end of file"
	case errors.Is(err, gzip.ErrChecksum):
		return "crc error"
	}
	return files.Reason(err)
}
