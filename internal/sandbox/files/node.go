package files

import (
	"crypto/rand"
	"io"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"
)

// node is an entry that exists in the namespace only: a device or a program.
type node struct {
	program string // name of a program, or "" for a device
	device  device
}

// device is what a virtual device node does. A nil function means that it cannot be done.
type device struct {
	read  func([]byte) (int, error)
	write func([]byte) (int, error)
}

// nodes are the virtual entries of every tree, and the programs of this one.
func nodes(programs map[string]string) map[string]node {
	discard := func(b []byte) (int, error) { return len(b), nil }
	zero := func(b []byte) (int, error) { clear(b); return len(b), nil }
	full := func([]byte) (int, error) { return 0, syscall.ENOSPC }
	all := map[string]node{
		"/dev/null":    {device: device{func([]byte) (int, error) { return 0, io.EOF }, discard}},
		"/dev/zero":    {device: device{zero, discard}},
		"/dev/full":    {device: device{zero, full}},
		"/dev/random":  {device: device{rand.Read, discard}},
		"/dev/urandom": {device: device{rand.Read, discard}},
	}
	for name, program := range programs {
		all[path.Clean("/"+name)] = node{program: program}
	}
	return all
}

// node looks a place up among the virtual entries. A mount hides those below it.
func (t *Tree) node(p place) (node, bool) {
	if p.mount != t.rootMount() {
		return node{}, false
	}
	n, ok := t.nodes[p.path]
	return n, ok
}

// Program returns the name of the program that the virtual executable at name stands for.
func (t *Tree) Program(name string) (string, bool) {
	p, err := t.resolve("exec", name, true)
	if err != nil {
		return "", false
	}
	n, ok := t.node(p)
	return n.program, ok && n.program != ""
}

// content is what reading a virtual executable gives.
func (n node) content() string { return "program " + n.program + "\n" }

func (n node) info(name string) *Info {
	return &Info{name: name, FileInfo: nodeInfo{n}}
}

// nodeInfo is the fs.FileInfo of a node.
type nodeInfo struct{ node }

func (i nodeInfo) Name() string       { return i.program }
func (i nodeInfo) IsDir() bool        { return false }
func (i nodeInfo) ModTime() time.Time { return time.Time{} }
func (i nodeInfo) Sys() any           { return nil }

func (i nodeInfo) Size() int64 {
	if i.program == "" {
		return 0
	}
	return int64(len(i.content()))
}

func (i nodeInfo) Mode() fs.FileMode {
	if i.program == "" {
		return fs.ModeDevice | fs.ModeCharDevice | 0o666
	}
	return 0o755
}

// open gives a file over the node.
func (n node) open(t *Tree, name string) *File {
	f := &File{tree: t, path: name, node: &n, device: n.device}
	if n.program != "" {
		f.device = device{read: strings.NewReader(n.content()).Read}
	}
	return f
}
