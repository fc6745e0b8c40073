package shell

import (
	"context"
	"crypto/md5"  //nolint:gosec // md5sum is what people call
	"crypto/sha1" //nolint:gosec // sha1sum too
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

func usleepProgram(ctx context.Context, p *Proc) int {
	if len(p.Args) < 2 {
		return p.usage("usleep N")
	}
	n, err := strconv.ParseInt(p.Args[1], 10, 50)
	if err != nil || n < 0 {
		return p.fail("invalid number '%s'", p.Args[1])
	}
	if p.Sleep(ctx, time.Duration(n)*time.Microsecond) != nil {
		return 1
	}
	return 0
}

// timeoutProgram runs a command and sends it a signal after a while: 143 tells that it did.
func timeoutProgram(ctx context.Context, p *Proc) int {
	o, args, bad := p.optionsFirst("", "skt")
	if bad {
		return 1
	}
	if len(args) < 2 {
		return p.usage("timeout [-s SIG] [-k KILL_SECS] SECS PROG ARGS")
	}
	s, ok := ParseSignal(o.value('s', "TERM"))
	if !ok {
		return p.fail("unknown signal '%s'", o.value('s', ""))
	}
	limit, ok := duration(args[0])
	grace, okGrace := duration(o.value('k', "0"))
	if !ok || !okGrace {
		return p.fail("invalid number '%s'", args[0])
	}
	child, status := p.spawn(args[1:])
	if child == nil {
		return status
	}
	if p.ends(ctx, child, limit) {
		return child.status
	}
	child.deliver(s, true)
	if o.has('k') && !p.ends(ctx, child, grace) {
		child.deliver(SIGKILL, true)
	}
	select {
	case <-child.done:
	case <-ctx.Done():
		child.Kill()
		return 1
	}
	if child.killedBy != 0 {
		p.process.diedOf(child.killedBy) // busybox' timeout is the process that was killed
	}
	return child.status
}

// ends says whether a process ends in time, by the container's clock.
func (p *Proc) ends(ctx context.Context, child *Process, seconds float64) bool {
	if seconds > 1<<30 {
		seconds = 1 << 30
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-child.done:
			cancel()
		case <-inner.Done():
		}
	}()
	_ = p.Sleep(inner, time.Duration(seconds*float64(time.Second)))
	cancel()
	<-stop
	select {
	case <-child.done:
		return true
	default:
		return false
	}
}

func printenvProgram(_ context.Context, p *Proc) int {
	if len(p.Args) == 1 {
		for _, kv := range p.Env {
			p.printf("%s\n", kv)
		}
		return 0
	}
	return each(p.Args[1:], func(name string) int {
		if !hasEnv(p.Env, name) {
			return 1
		}
		p.printf("%s\n", p.Getenv(name))
		return 0
	})
}

func hostnameProgram(_ context.Context, p *Proc) int {
	o, args, bad := p.options("sfid", "F")
	if bad {
		return 1
	}
	if len(args) > 0 || o.has('F') {
		return p.fail("sethostname: Operation not permitted")
	}
	name := p.Hostname()
	if o.has('s') {
		name, _, _ = strings.Cut(name, ".")
	}
	if o.has('d') {
		_, name, _ = strings.Cut(name, ".")
	}
	p.printf("%s\n", name)
	return 0
}

// unameProgram tells of a Linux that does not depend on the host.
func unameProgram(_ context.Context, p *Proc) int {
	o, _, bad := p.options("asnrvmpio", "")
	if bad {
		return 1
	}
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	var out []string
	for _, part := range []struct {
		letter byte
		text   string
	}{{'s', "Linux"}, {'n', p.Hostname()}, {'r', "6.12.0-k8slab"}, {'v', "#1 SMP"}, {'m', machine}, {'o', "GNU/Linux"}} {
		if o.has(part.letter) || o.has('a') || len(o) == 0 && part.letter == 's' {
			out = append(out, part.text)
		}
	}
	p.printf("%s\n", strings.Join(out, " "))
	return 0
}

func nprocProgram(_ context.Context, p *Proc) int {
	p.printf("%d\n", runtime.NumCPU())
	return 0
}

func psProgram(_ context.Context, p *Proc) int {
	p.printf("PID   USER     TIME  COMMAND\n")
	for _, other := range p.container.Processes() {
		p.printf("%5d %-8s  0:00 %s\n", other.pid, p.userName(), other.commandLine())
	}
	return 0
}

// digestProgram is md5sum and the shaNsum family.
func digestProgram(_ context.Context, p *Proc) int {
	o, names, bad := p.options("csbtw", "")
	if bad {
		return 1
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	if o.has('c') {
		return p.verify(names, o.has('s'))
	}
	return each(names, func(name string) int {
		sum, err := p.digest(name)
		if err != nil {
			return p.cannot("open", name, err)
		}
		p.printf("%s  %s\n", sum, name)
		return 0
	})
}

func (p *Proc) digest(name string) (string, error) {
	h := map[string]func() hash.Hash{"md5sum": md5.New, "sha1sum": sha1.New, "sha256sum": sha256.New, "sha512sum": sha512.New}[p.applet]()
	in, err := p.OpenRead(name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	_, err = io.Copy(h, in)
	return hex.EncodeToString(h.Sum(nil)), err
}

// verify checks the files of a list of sums.
func (p *Proc) verify(lists []string, quiet bool) int {
	failed, total := 0, 0
	status := p.lines(lists, '\n', func(line string) bool {
		want, name, ok := strings.Cut(line, " ")
		if !ok {
			return true
		}
		name = strings.TrimLeft(name, " *")
		total++
		sum, err := p.digest(name)
		if err != nil {
			p.cannot("open", name, err)
		}
		text := "OK"
		if err != nil || sum != strings.ToLower(want) {
			failed++
			text = "FAILED"
		}
		if !quiet {
			p.printf("%s: %s\n", name, text)
		}
		return true
	})
	if failed > 0 {
		return p.fail("WARNING: %d of %d computed checksums did NOT match", failed, total)
	}
	return status
}

func base64Program(_ context.Context, p *Proc) int {
	o, names, bad := p.options("d", "w")
	if bad {
		return 1
	}
	width, err := strconv.Atoi(o.value('w', "76"))
	if err != nil || width < 0 {
		return p.fail("invalid number '%s'", o.value('w', ""))
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	in, err := p.OpenRead(names[0])
	if err != nil {
		return p.cannot("open", names[0], err)
	}
	defer in.Close()
	data, err := readAll(in)
	if err != nil {
		return p.fail("%s: %s", names[0], files.Reason(err))
	}
	if o.has('d') {
		clean := strings.Join(strings.Fields(string(data)), "")
		decoded, err := base64.StdEncoding.DecodeString(clean)
		p.Stdout.Write(decoded)
		if err != nil {
			return p.fail("invalid input")
		}
		return 0
	}
	text := base64.StdEncoding.EncodeToString(data)
	for width > 0 && len(text) > width {
		p.printf("%s\n", text[:width])
		text = text[width:]
	}
	if text != "" {
		p.printf("%s", text)
		if width > 0 {
			p.printf("\n")
		}
	}
	return 0
}

// ddProgram copies blocks.
func ddProgram(ctx context.Context, p *Proc) int {
	d := dd{Proc: p, size: 512, count: -1}
	for _, arg := range p.Args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		if !d.operand(name, value) {
			return 1
		}
	}
	return d.run(ctx)
}

// dd is what its operands say.
type dd struct {
	*Proc
	in, out                 string
	size, count, skip, seek int64
	keep, quiet             bool
}

func (d *dd) operand(name, value string) bool {
	numbers := map[string]*int64{"bs": &d.size, "ibs": &d.size, "obs": &d.size, "count": &d.count, "skip": &d.skip, "seek": &d.seek}
	switch name {
	case "if":
		d.in = value
	case "of":
		d.out = value
	case "conv":
		d.keep = strings.Contains(value, "notrunc")
	case "status":
		d.quiet = value == "none"
	case "iflag", "oflag":
	default:
		to, ok := numbers[name]
		if !ok {
			d.usage("dd [if=FILE] [of=FILE] [bs=N] [count=N] [skip=N] [seek=N]")
			return false
		}
		n, ok := byteCount(value)
		if !ok || to == &d.size && (n < 1 || n > maxInput) {
			d.fail("invalid number '%s'", value)
			return false
		}
		*to = n
	}
	return true
}

func (d *dd) run(ctx context.Context) int {
	var in io.Reader = d.Stdin
	var out io.Writer = d.Stdout
	if d.in != "" {
		f, err := d.OpenRead(d.in)
		if err != nil {
			return d.cannot("open", d.in, err)
		}
		defer f.Close()
		in = f
	}
	if d.out != "" {
		f, err := d.output()
		if err != nil {
			return d.cannot("open", d.out, err)
		}
		defer f.Close()
		out = f
	}
	if _, err := io.CopyN(io.Discard, in, d.skip*d.size); err != nil && !errors.Is(err, io.EOF) {
		return 1
	}
	return d.copy(ctx, in, out)
}

// output opens the file to write, at the block to seek to.
func (d *dd) output() (io.ReadWriteCloser, error) {
	flag := os.O_WRONLY | os.O_CREATE
	if !d.keep && d.seek == 0 {
		flag |= os.O_TRUNC
	}
	f, err := d.Open(d.out, flag, 0o666)
	if err != nil || d.seek == 0 {
		return f, err
	}
	if file, ok := f.(*procFile); ok {
		if tree, ok := file.file.(treeFile); ok {
			if !d.keep {
				err = tree.Truncate(d.seek * d.size)
			}
			if err == nil {
				_, err = tree.Seek(d.seek*d.size, io.SeekStart)
			}
		}
	}
	if err != nil {
		f.Close()
	}
	return f, err
}

func (d *dd) copy(ctx context.Context, in io.Reader, out io.Writer) int {
	buf := make([]byte, d.size)
	var full, partial, total int64
	status := 0
	for n := int64(0); n != d.count && ctx.Err() == nil; n++ {
		k, err := io.ReadFull(in, buf)
		if k > 0 {
			if _, werr := out.Write(buf[:k]); werr != nil {
				status = d.fail("error writing '%s': %s", d.out, files.Reason(werr))
				break
			}
			total += int64(k)
			if int64(k) == d.size {
				full++
			} else {
				partial++
			}
		}
		if err != nil {
			break
		}
	}
	if !d.quiet {
		line := strconv.FormatInt(full, 10) + "+" + strconv.FormatInt(partial, 10) + " records "
		io.WriteString(d.Stderr, line+"in\n"+line+"out\n"+strconv.FormatInt(total, 10)+" bytes copied\n")
	}
	return status
}
