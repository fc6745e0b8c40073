package shell

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/syntax"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// saved is a descriptor as it was before a redirection.
type saved struct {
	fd  int
	old *openFile
}

// redirect applies redirections in order. undo takes them back, or leaves them if keep is set.
func (sh *shell) redirect(list []*syntax.Redirect) (undo func(keep bool), err error) {
	var done []saved
	for _, r := range list {
		var s []saved
		if s, err = sh.redirectOne(r); err != nil {
			break
		}
		done = append(done, s...)
	}
	return func(keep bool) {
		for i := len(done) - 1; i >= 0; i-- {
			s := done[i]
			if !keep {
				sh.process.fds.set(s.fd, s.old)
			} else if s.old != nil {
				s.old.release()
			}
		}
	}, err
}

// redirectOne applies one redirection.
func (sh *shell) redirectOne(r *syntax.Redirect) ([]saved, error) {
	fd, err := descriptorOf(r)
	if err != nil {
		return nil, err
	}
	if r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc {
		return sh.put(opened(textFile{strings.NewReader(sh.hereDocument(r))}), fd), nil
	}
	word, ok := sh.text(r.Word)
	if !ok {
		return nil, errors.New("bad redirection")
	}
	switch r.Op {
	case syntax.WordHdoc:
		return sh.put(opened(textFile{strings.NewReader(word + "\n")}), fd), nil
	case syntax.DplIn, syntax.DplOut:
		if number, err := strconv.Atoi(word); err == nil || word == "-" {
			return sh.duplicate(fd, number, word == "-")
		}
		if r.Op == syntax.DplIn || r.N != nil {
			return nil, fmt.Errorf("syntax error: bad fd number")
		}
		f, err := sh.openRedirect(syntax.RdrOut, word)
		if err != nil {
			return nil, err
		}
		return sh.put(f, 1, 2), nil
	case syntax.RdrAll, syntax.AppAll:
		f, err := sh.openRedirect(r.Op, word)
		if err != nil {
			return nil, err
		}
		return sh.put(f, 1, 2), nil
	}
	f, err := sh.openRedirect(r.Op, word)
	if err != nil {
		return nil, err
	}
	return sh.put(f, fd), nil
}

// descriptorOf is the number in front of a redirection, or the usual one.
func descriptorOf(r *syntax.Redirect) (int, error) {
	if r.N != nil {
		fd, err := strconv.Atoi(r.N.Value)
		if err != nil || fd < 0 || fd >= maxDescriptors {
			return 0, fmt.Errorf("%s: bad file descriptor", r.N.Value)
		}
		return fd, nil
	}
	switch r.Op {
	case syntax.RdrIn, syntax.RdrInOut, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		return 0, nil
	}
	return 1, nil
}

// put places a file at descriptors and returns what was there.
func (sh *shell) put(f *openFile, fds ...int) []saved {
	var list []saved
	for i, fd := range fds {
		if i > 0 {
			f.dup()
		}
		list = append(list, saved{fd, sh.process.fds.swap(fd, f)})
	}
	return list
}

func (sh *shell) duplicate(fd, from int, closing bool) ([]saved, error) {
	if closing {
		return []saved{{fd, sh.process.fds.swap(fd, nil)}}, nil
	}
	f := sh.process.fds.get(from)
	if f == nil {
		return nil, fmt.Errorf("%d: Bad file descriptor", from)
	}
	return sh.put(f.dup(), fd), nil
}

// openRedirect opens the file of a redirection.
func (sh *shell) openRedirect(op syntax.RedirOperator, name string) (*openFile, error) {
	flag, verb := os.O_RDONLY, "open"
	switch op {
	case syntax.RdrOut, syntax.RdrAll:
		flag, verb = os.O_WRONLY|os.O_CREATE|os.O_TRUNC, "create"
		if info, err := sh.files.Stat(sh.Path(name)); sh.opts.noClobber && err == nil && info.Mode().IsRegular() {
			return nil, fmt.Errorf("can't create %s: File exists", name)
		}
	case syntax.RdrClob:
		flag, verb = os.O_WRONLY|os.O_CREATE|os.O_TRUNC, "create"
	case syntax.AppOut, syntax.AppAll, syntax.AppClob:
		flag, verb = os.O_WRONLY|os.O_CREATE|os.O_APPEND, "create"
	case syntax.RdrInOut:
		flag, verb = os.O_RDWR|os.O_CREATE, "create"
	case syntax.RdrIn:
	default:
		return nil, fmt.Errorf("unsupported redirection %s", op)
	}
	f, err := sh.process.open(sh.Path(name), flag, 0o666)
	if err != nil {
		reason := redirectReason(err)
		if verb == "create" && errors.Is(err, syscall.ENOENT) {
			reason = "nonexistent directory"
		}
		return nil, fmt.Errorf("can't %s %s: %s", verb, name, reason)
	}
	return f, nil
}

// redirectReason is an error as ash words it for redirections.
func redirectReason(err error) string {
	if errors.Is(err, syscall.ENOENT) {
		return "no such file"
	}
	return files.Reason(err)
}

// hereDocument expands the text of << and <<-.
func (sh *shell) hereDocument(r *syntax.Redirect) string {
	if r.Hdoc == nil {
		return ""
	}
	if r.Op != syntax.DashHdoc {
		return sh.document(r.Hdoc)
	}
	return sh.document(&syntax.Word{Parts: untab(r.Hdoc.Parts)})
}

// untab removes leading tabs from the lines of a here-document, before it is expanded.
func untab(parts []syntax.WordPart) []syntax.WordPart {
	var out []syntax.WordPart
	start := true // of a line
	for _, part := range parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			out = append(out, part)
			start = false
			continue
		}
		lines := strings.SplitAfter(lit.Value, "\n")
		for i, line := range lines {
			if i > 0 || start {
				lines[i] = strings.TrimLeft(line, "\t")
			}
		}
		text := strings.Join(lines, "")
		out = append(out, &syntax.Lit{ValuePos: lit.ValuePos, ValueEnd: lit.ValueEnd, Value: text})
		start = strings.HasSuffix(lit.Value, "\n")
	}
	return out
}
