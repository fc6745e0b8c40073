package shell

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// oldStyle turns "-5" into "-n 5", for head and tail.
func oldStyle(args []string) []string {
	out := append([]string{}, args...)
	if len(out) > 1 && len(out[1]) > 1 && out[1][0] == '-' && out[1][1] >= '0' && out[1][1] <= '9' {
		out[1] = "-n" + out[1][1:]
	}
	return out
}

func headProgram(_ context.Context, p *Proc) int {
	p.Args = oldStyle(p.Args)
	o, names, bad := p.options("qv", "nc")
	if bad {
		return 1
	}
	number := o.value('n', "10")
	if o.has('c') {
		number = o.value('c', "")
	}
	n, negative, _, ok := count(number)
	if !ok {
		return p.fail("invalid number '%s'", number)
	}
	h := header{Proc: p, many: (len(names) > 1 || o.has('v')) && !o.has('q')}
	return h.each(names, func(in io.Reader) error {
		switch {
		case o.has('c') && !negative:
			_, err := io.CopyN(plain{p.Stdout}, in, n)
			return ignoreEOF(err)
		case negative:
			return p.allBut(in, n, o.has('c'))
		}
		return p.firstLines(in, n)
	})
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// firstLines copies n lines and does not read further than it has to.
func (p *Proc) firstLines(in io.Reader, n int64) error {
	r := bufio.NewReader(in)
	for ; n > 0; n-- {
		for {
			part, err := r.ReadSlice('\n')
			if _, werr := p.Stdout.Write(part); werr != nil {
				return nil
			}
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return ignoreEOF(err)
			}
		}
	}
	return nil
}

// allBut copies everything but the last n lines or bytes.
func (p *Proc) allBut(in io.Reader, n int64, bytewise bool) error {
	data, err := readAll(in)
	if bytewise {
		p.Stdout.Write(data[:max(0, int64(len(data))-n)])
		return err
	}
	all := strings.SplitAfter(string(data), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	io.WriteString(p.Stdout, strings.Join(all[:max(0, int64(len(all))-n)], ""))
	return err
}

// header opens files one after the other and prints their names if there are several.
type header struct {
	*Proc
	many       bool
	first      bool
	cannotOpen bool // the words of tail
	found      bool
}

func (h *header) missing(name string, err error) int {
	if h.cannotOpen {
		return h.cannot("open", name, err)
	}
	return h.fail("%s: %s", name, files.Reason(err))
}

func (h *header) each(names []string, f func(io.Reader) error) int {
	if len(names) == 0 {
		names = []string{"-"}
	}
	status := 0
	for _, name := range names {
		in, err := h.OpenRead(name)
		if err != nil {
			status = h.missing(name, err)
			continue
		}
		h.found = true
		if h.many {
			gap := ""
			if h.first {
				gap = "\n"
			}
			h.printf("%s==> %s <==\n", gap, name)
			h.first = true
		}
		if err := f(in); err != nil && h.process.ctx.Err() == nil {
			status = h.fail("%s: %s", name, files.Reason(err))
		}
		in.Close()
	}
	return status
}

func tailProgram(ctx context.Context, p *Proc) int {
	p.Args = oldStyle(p.Args)
	o, names, bad := p.options("fFqv", "ncs")
	if bad {
		return 1
	}
	number := o.value('n', "10")
	if o.has('c') {
		number = o.value('c', "")
	}
	n, _, fromStart, ok := count(number)
	if !ok {
		return p.fail("invalid number '%s'", number)
	}
	t := &tail{Proc: p, n: n, bytewise: o.has('c'), fromStart: fromStart, follow: o.has('f') || o.has('F')}
	h := header{Proc: p, many: (len(names) > 1 || o.has('v')) && !o.has('q'), cannotOpen: true}
	status := h.each(names, t.last)
	if len(names) > 0 && !h.found {
		return p.fail("no files")
	}
	if t.follow && len(names) > 0 {
		return t.watch(ctx, names)
	}
	return status
}

// tail is the end of files.
type tail struct {
	*Proc
	n                           int64
	bytewise, fromStart, follow bool
}

// last prints the end of one input.
func (t *tail) last(in io.Reader) error {
	if t.fromStart {
		return t.rest(in)
	}
	if s, ok := in.(*procFile); ok {
		if f, ok := s.file.(treeFile); ok { // no need to read what is not printed
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > maxInput/4 {
				if _, err := f.Seek(-maxInput/4, io.SeekEnd); err != nil {
					return err
				}
			}
		}
	}
	if t.bytewise {
		data, err := t.lastBytes(in, t.n)
		t.Stdout.Write(data)
		return err
	}
	ring, size := []string{}, 0
	_, err := eachRawLine(in, '\n', func(line string) bool {
		was := size
		ring, size = append(ring, line), size+len(line)+16
		for int64(len(ring)) > t.n {
			size -= len(ring[0]) + 16
			ring = ring[1:]
		}
		t.process.hold(size - was)
		if size > maxInput {
			panic(outOfMemory{})
		}
		return true
	})
	io.WriteString(t.Stdout, strings.Join(ring, ""))
	return err
}

func (t *tail) lastBytes(in io.Reader, n int64) ([]byte, error) {
	if n > maxInput {
		n = maxInput
	}
	var data []byte
	buf := make([]byte, 32<<10)
	for {
		k, err := in.Read(buf)
		data = append(data, buf[:k]...)
		extra := max(0, len(data)-int(n))
		data = data[extra:]
		t.process.hold(k - extra)
		if err != nil {
			return data, ignoreEOF(err)
		}
	}
}

// rest prints everything from the n-th line or byte on.
func (t *tail) rest(in io.Reader) error {
	r := bufio.NewReader(in)
	for i := int64(1); i < t.n; i++ {
		if t.bytewise {
			if _, err := r.ReadByte(); err != nil {
				return ignoreEOF(err)
			}
			continue
		}
		if _, err := limitedLine(r, '\n'); err != nil {
			return ignoreEOF(err)
		}
	}
	_, err := io.Copy(plain{t.Stdout}, r)
	return err
}

// watch prints what is appended to files, for tail -f. A file that was replaced is read from its beginning.
func (t *tail) watch(ctx context.Context, names []string) int {
	sizes := make([]int64, len(names))
	for i, name := range names {
		if info, err := t.files.Stat(t.Path(name)); err == nil {
			sizes[i] = info.Size()
		}
	}
	for sleep(ctx, 100*time.Millisecond) {
		for i, name := range names {
			info, err := t.files.Stat(t.Path(name))
			if err != nil || info.Size() == sizes[i] || !info.Mode().IsRegular() {
				continue
			}
			sizes[i] = t.catchUp(name, sizes[i], info.Size())
		}
	}
	return 1
}

// sleep waits in real time: what it waits for is not part of the lesson's time.
func sleep(ctx context.Context, d time.Duration) bool { return realSleep(ctx, d) == nil }

func (t *tail) catchUp(name string, from, size int64) int64 {
	f, err := t.files.Open(t.Path(name), os.O_RDONLY, 0)
	if err != nil {
		return from
	}
	defer f.Close()
	if size < from {
		from = 0
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return from
	}
	n, _ := io.Copy(plain{t.Stdout}, f)
	return from + n
}
