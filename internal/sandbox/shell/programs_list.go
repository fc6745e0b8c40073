package shell

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// listing is ls.
type listing struct {
	*Proc
	long, all, almost, recursive, itself, classify, reverse, byTime, bySize, inode, human, headers bool
	printed                                                                                        bool
}

// named is a file with the name it is shown with.
type named struct {
	name string
	full string // relative to the working directory
	info *files.Info
}

func lsProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("1aAlRdFrtSihnpLHCxkcu", "")
	if bad {
		return 1
	}
	l := &listing{
		Proc: p, long: o.has('l') || o.has('n'), all: o.has('a'), almost: o.has('A'), recursive: o.has('R'), itself: o.has('d'),
		classify: o.has('F') || o.has('p'), reverse: o.has('r'), byTime: o.has('t'), bySize: o.has('S'), inode: o.has('i'), human: o.has('h'),
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	return l.run(names)
}

func (l *listing) run(names []string) int {
	var plainFiles, dirs []named
	status := 0
	for _, name := range names {
		look := l.files.Stat
		if l.long || l.itself {
			look = l.files.Lstat
		}
		info, err := look(l.Path(name))
		if err != nil {
			info, err = l.files.Lstat(l.Path(name)) // a dangling symlink
		}
		switch {
		case err != nil:
			status = l.fail("%s: %s", name, files.Reason(err))
		case info.IsDir() && !l.itself:
			dirs = append(dirs, named{name, name, info})
		default:
			plainFiles = append(plainFiles, named{name, name, info})
		}
	}
	l.headers = l.recursive || len(names) > 1
	l.print(l.sort(plainFiles))
	for _, dir := range l.sort(dirs) {
		status = max(status, l.dir(dir.name))
	}
	return status
}

// dir lists a directory.
func (l *listing) dir(name string) int {
	entries, err := l.files.ReadDir(l.Path(name))
	if err != nil {
		return l.fail("can't open '%s': %s", name, files.Reason(err))
	}
	if l.headers {
		if l.printed {
			l.printf("\n")
		}
		l.printf("%s:\n", name)
		l.printed = true
	}
	var list []named
	for _, e := range entries {
		if info, err := e.Info(); err == nil && (l.all || l.almost || !strings.HasPrefix(e.Name(), ".")) {
			list = append(list, named{e.Name(), name + "/" + e.Name(), info.(*files.Info)})
		}
	}
	if l.all {
		list = append(list, l.dot(name, "."), l.dot(name, ".."))
	}
	list = l.sort(list)
	if l.long {
		l.printf("total %d\n", blocks(list))
	}
	l.print(list)
	status := 0
	for _, e := range list {
		if l.recursive && e.info.IsDir() && e.name != "." && e.name != ".." && l.process.ctx.Err() == nil {
			status = max(status, l.dir(strings.TrimSuffix(name, "/")+"/"+e.name))
		}
	}
	return status
}

func (l *listing) dot(dir, name string) named {
	info, err := l.files.Stat(l.Path(dir) + "/" + name)
	if err != nil {
		info, _ = l.files.Stat("/")
	}
	return named{name, name, info}
}

// blocks are the kilobytes that files take.
func blocks(list []named) int64 {
	var sum int64
	for _, e := range list {
		sum += e.info.Blocks()
	}
	return sum / 2
}

func (l *listing) sort(list []named) []named {
	slices.SortStableFunc(list, func(a, b named) int {
		order := 0
		switch {
		case l.byTime:
			order = b.info.ModTime().Compare(a.info.ModTime())
		case l.bySize:
			order = int(b.info.Size() - a.info.Size())
		}
		if order == 0 {
			order = strings.Compare(a.name, b.name)
		}
		if l.reverse {
			return -order
		}
		return order
	})
	return list
}

func (l *listing) print(list []named) {
	width := 1
	for _, e := range list {
		width = max(width, len(strconv.FormatInt(e.info.Size(), 10)))
	}
	for _, e := range list {
		l.printed = true
		if l.inode {
			l.printf("%7d ", e.info.Inode().Number)
		}
		if l.long {
			l.printf("%s %4d root     root     %s %s ", modeString(e.info.Mode()), e.info.Links(), l.size(e.info), l.date(e.info))
		}
		l.printf("%s%s%s\n", e.name, l.suffix(e.info), l.arrow(e))
	}
}

func (l *listing) size(info *files.Info) string {
	if l.human {
		return fmt.Sprintf("%9s", humanSize(info.Size()))
	}
	return fmt.Sprintf("%9d", info.Size())
}

// date is the time of day for young files, the year for others.
func (l *listing) date(info *files.Info) string {
	t := info.ModTime().UTC()
	if age := l.Now().Sub(t); age > 180*24*3600e9 || age < -15*60e9 {
		return t.Format("Jan _2  2006")
	}
	return t.Format("Jan _2 15:04")
}

func (l *listing) suffix(info *files.Info) string {
	switch mode := info.Mode(); {
	case !l.classify:
	case mode.IsDir():
		return "/"
	case mode&fs.ModeSymlink != 0 && !l.long:
		return "@"
	case mode&fs.ModeNamedPipe != 0:
		return "|"
	case mode.IsRegular() && mode&0o111 != 0:
		return "*"
	}
	return ""
}

func (l *listing) arrow(e named) string {
	if !l.long || e.info.Mode()&fs.ModeSymlink == 0 {
		return ""
	}
	target, err := l.files.Readlink(l.Path(e.full))
	if err != nil {
		return ""
	}
	return " -> " + target
}

// modeString is "drwxr-xr-x".
func modeString(mode fs.FileMode) string {
	kind := "-"
	switch {
	case mode.IsDir():
		kind = "d"
	case mode&fs.ModeSymlink != 0:
		kind = "l"
	case mode&fs.ModeNamedPipe != 0:
		kind = "p"
	case mode&fs.ModeSocket != 0:
		kind = "s"
	case mode&fs.ModeCharDevice != 0:
		kind = "c"
	case mode&fs.ModeDevice != 0:
		kind = "b"
	}
	return kind + mode.Perm().String()[1:]
}

// humanSize is "1.5K".
func humanSize(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10)
	}
	f := float64(n)
	for _, unit := range "KMGTPE" {
		if f /= 1024; f < 1024 {
			return fmt.Sprintf("%.1f%c", f, unit)
		}
	}
	return fmt.Sprintf("%.1fE", f)
}

func statProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("Lt", "cf")
	if bad {
		return 1
	}
	format := o.value('c', "")
	return each(names, func(name string) int {
		look := p.files.Lstat
		if o.has('L') {
			look = p.files.Stat
		}
		info, err := look(p.Path(name))
		if err != nil {
			return p.fail("can't stat '%s': %s", name, files.Reason(err))
		}
		if format == "" {
			p.printf("%s", p.describeFile(name, info))
			return 0
		}
		p.printf("%s\n", statFormat(format, name, info, p))
		return 0
	})
}

func (p *Proc) describeFile(name string, info *files.Info) string {
	return statFormat("  File: %N\n  Size: %s\tBlocks: %b\t%F\nAccess: (%a/%A)  Uid: (0/root)   Gid: (0/root)\nModify: %y\n", name, info, p)
}

// statFormat fills the letters of stat -c in.
func statFormat(format, name string, info *files.Info, p *Proc) string {
	quoted := name
	if target, err := p.files.Readlink(p.Path(name)); err == nil {
		quoted = "'" + name + "' -> '" + target + "'"
	}
	when := info.ModTime().UTC()
	r := strings.NewReplacer(
		"%n", name, "%N", quoted, "%s", fmt.Sprint(info.Size()), "%a", strconv.FormatUint(uint64(info.Mode().Perm()), 8),
		"%A", modeString(info.Mode()), "%F", kindName(info), "%u", "0", "%g", "0", "%U", "root", "%G", "root",
		"%h", fmt.Sprint(info.Links()), "%i", fmt.Sprint(info.Inode().Number), "%b", fmt.Sprint(info.Blocks()), "%B", "512",
		"%Y", fmt.Sprint(when.Unix()), "%X", fmt.Sprint(when.Unix()), "%Z", fmt.Sprint(when.Unix()), "%f", fmt.Sprintf("%x", rawMode(info.Mode())),
		"%y", when.Format("2006-01-02 15:04:05.000000000 -0700"), "%%", "%")
	return r.Replace(format)
}

func kindName(info *files.Info) string {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "fifo"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeCharDevice != 0:
		return "character special file"
	case info.Size() == 0:
		return "regular empty file"
	}
	return "regular file"
}

func rawMode(mode fs.FileMode) uint32 {
	kinds := map[fs.FileMode]uint32{0: 0o100000, fs.ModeDir: 0o040000, fs.ModeSymlink: 0o120000, fs.ModeNamedPipe: 0o010000, fs.ModeSocket: 0o140000}
	return kinds[mode.Type()] | uint32(mode.Perm())
}

func duProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("askhmxLHclb", "d")
	if bad {
		return 1
	}
	depth, err := strconv.Atoi(o.value('d', "1000"))
	if err != nil {
		return p.fail("invalid number '%s'", o.value('d', ""))
	}
	if o.has('s') {
		depth = 0
	}
	if len(names) == 0 {
		names = []string{"."}
	}
	show := func(kb int64, name string) {
		size := strconv.FormatInt(kb, 10)
		if o.has('h') {
			size = humanSize(kb * 1024)
		}
		p.printf("%s\t%s\n", size, name)
	}
	return each(names, func(name string) int {
		info, err := p.files.Lstat(p.Path(name))
		if err != nil {
			return p.fail("%s: %s", name, files.Reason(err))
		}
		total := p.usageOf(name, info, 0, func(kb int64, name string, dir bool, level int) {
			if level <= depth && level > 0 && (dir || o.has('a')) {
				show(kb, name)
			}
		})
		show(total, name)
		return 0
	})
}

// usageOf adds up the room that a file takes, in kilobytes.
func (p *Proc) usageOf(name string, info *files.Info, level int, show func(int64, string, bool, int)) int64 {
	total := info.Blocks() / 2
	if info.IsDir() && p.process.ctx.Err() == nil {
		entries, _ := p.files.ReadDir(p.Path(name))
		for _, e := range entries {
			child := strings.TrimSuffix(name, "/") + "/" + e.Name()
			if info, err := p.files.Lstat(p.Path(child)); err == nil {
				total += p.usageOf(child, info, level+1, show)
			}
		}
	}
	show(total, name, info.IsDir(), level)
	return total
}

func mktempProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("dqut", "p")
	if bad {
		return 1
	}
	template := "tmp.XXXXXX"
	if len(args) > 0 {
		template = args[0]
	}
	if len(args) == 0 || o.has('t') || o.has('p') {
		dir := p.Getenv("TMPDIR")
		if dir == "" {
			dir = o.value('p', "/tmp")
		}
		template = inDir(dir, template)
	}
	base := strings.TrimRight(template, "X")
	if len(template)-len(base) < 6 {
		return p.fail("%s: Invalid argument", template)
	}
	for range 100 {
		name := base + randomLetters(len(template)-len(base))
		err := p.makeTemp(name, o.has('d'), o.has('u'))
		if err == nil {
			p.printf("%s\n", name)
			return 0
		}
		if !isExist(err) {
			return p.fail("%s: %s", template, files.Reason(err))
		}
	}
	return p.fail("%s: File exists", template)
}

func randomLetters(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[rand.IntN(len(letters))]
	}
	return string(b)
}

func (p *Proc) makeTemp(name string, dir, dry bool) error {
	full := p.Path(name)
	if dir {
		return p.files.Mkdir(full, 0o700)
	}
	if _, err := p.files.Stat(path.Dir(full)); err != nil || dry {
		return err
	}
	f, err := p.files.Open(full, createNew, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func basenameProgram(_ context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		return p.usage("basename FILE [SUFFIX] | -a FILE... | -s SUFFIX FILE...")
	}
	base := path.Base(p.Args[1])
	if len(p.Args) > 2 && base != p.Args[2] {
		base = strings.TrimSuffix(base, p.Args[2])
	}
	p.printf("%s\n", base)
	return 0
}

func dirnameProgram(_ context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		return p.usage("dirname FILENAME")
	}
	name := p.Args[1]
	trimmed := strings.TrimRight(name, "/")
	switch at := strings.LastIndexByte(trimmed, '/'); {
	case trimmed == "" && name != "":
		name = "/"
	case at < 0:
		name = "."
	default:
		name = strings.TrimRight(trimmed[:at], "/")
		if name == "" {
			name = "/"
		}
	}
	p.printf("%s\n", name)
	return 0
}

func pwdProgram(_ context.Context, p *Proc) int {
	dir, err := p.files.RealPath(p.Dir)
	if err != nil {
		return p.fail("%s", files.Reason(err))
	}
	p.printf("%s\n", dir)
	return 0
}

func whichProgram(_ context.Context, p *Proc) int {
	search := p.Getenv("PATH")
	if search == "" {
		search = defaultPath
	}
	return each(p.Args[1:], func(name string) int {
		found, err := p.container.find(p.Dir, search, name)
		if err != nil {
			return 1
		}
		p.printf("%s\n", found)
		return 0
	})
}
