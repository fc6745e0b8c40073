package container

import (
	"bytes"
	"io"
	"sync"
	"unicode/utf8"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// Control characters of a terminal in its usual settings (stty sane).
const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyErase     = 0x7f
	keyKill      = 0x15 // Ctrl-U
	keyQuit      = 0x1c // Ctrl-\
	keyEscape    = 0x1b
)

// terminal is the line discipline between clients, whose own terminals are in raw mode, and a
// process: echo, editing of a line, control characters, and the size of the window. It knows no
// raw mode of the process and no job control.
type terminal struct {
	screen io.Writer // of the clients

	lines chan []byte   // that were typed; an empty one is an end of file
	gone  chan struct{} // closed when nobody will type any more
	once  sync.Once
	rest  []byte // of a line that was read in part

	mu            sync.Mutex
	line          []byte
	escape        bool // inside an escape sequence, which is dropped
	signal        func(shell.Signal)
	rows, columns int
}

// maxTyped is how many lines may be typed ahead.
const maxTyped = 64

func newTerminal(screen io.Writer) *terminal {
	return &terminal{screen: screen, lines: make(chan []byte, maxTyped), gone: make(chan struct{})}
}

// output is where the process writes: line feeds become carriage return and line feed.
func (t *terminal) output() io.Writer { return crlf{t.screen} }

// onSignal says what happens on a key that stands for a signal, and on a change of the size.
func (t *terminal) onSignal(do func(shell.Signal)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.signal = do
}

// Size is that of the window in rows and columns, 0 by 0 until a client has said it.
func (t *terminal) Size() (rows, columns int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows, t.columns
}

// resize takes the sizes of a client's window, until there are no more.
func (t *terminal) resize(sizes <-chan remotecommand.TerminalSize, end <-chan struct{}) {
	for {
		select {
		case size, ok := <-sizes:
			if !ok {
				return
			}
			t.mu.Lock()
			t.rows, t.columns = int(size.Height), int(size.Width)
			t.sendLocked(shell.SIGWINCH)
			t.mu.Unlock()
		case <-end:
			return
		}
	}
}

func (t *terminal) sendLocked(s shell.Signal) {
	if t.signal != nil {
		t.signal(s)
	}
}

// hangUp is the end of the input.
func (t *terminal) hangUp() { t.once.Do(func() { close(t.gone) }) }

// Read is the process's side of the keyboard, for one reader. An end of file that was typed is an
// io.EOF, and reading goes on after it; another error is the end.
func (t *terminal) Read(b []byte) (int, error) {
	for len(t.rest) == 0 {
		line, err := t.next()
		if err != nil {
			return 0, err
		}
		t.rest = line
	}
	n := copy(b, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

func (t *terminal) next() ([]byte, error) {
	var line []byte
	select {
	case line = <-t.lines: // what was typed before the end
	default:
		select {
		case line = <-t.lines:
		case <-t.gone:
			return nil, io.ErrClosedPipe
		}
	}
	if len(line) == 0 {
		return nil, io.EOF
	}
	return line, nil
}

// takeKeys takes what a client types, until the client or the process has gone.
func (t *terminal) takeKeys(keys io.Reader) {
	buffer := make([]byte, 1024)
	for {
		n, err := keys.Read(buffer)
		for _, key := range buffer[:n] {
			line, typed := t.key(key)
			if !typed {
				continue
			}
			select {
			case t.lines <- line:
			case <-t.gone:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// key handles one key. It returns a line when one is complete; an empty one is the end of the file.
func (t *terminal) key(key byte) (line []byte, typed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.escape {
		t.escape = key == '[' || key == 'O' || key < 0x40
		return nil, false
	}
	switch key {
	case '\r', '\n':
		t.show("\r\n")
		return t.take('\n'), true
	case keyEnd:
		return t.take(), true
	case keyInterrupt:
		t.abort("^C", shell.SIGINT)
	case keyQuit:
		t.abort("^\\", shell.SIGQUIT)
	case keyBackspace, keyErase:
		t.erase()
	case keyKill:
		for len(t.line) > 0 {
			t.erase()
		}
	case keyEscape:
		t.escape = true
	default:
		t.line = append(t.line, key)
		t.show(string([]byte{key}))
	}
	return nil, false
}

// abort is a key that sends a signal. What was typed before it is lost.
func (t *terminal) abort(echo string, s shell.Signal) {
	t.show(echo)
	t.line = nil
	for empty := false; !empty; {
		select {
		case <-t.lines:
		default:
			empty = true
		}
	}
	t.sendLocked(s)
}

func (t *terminal) take(end ...byte) []byte {
	line := append(t.line, end...)
	t.line = nil
	return line
}

// erase takes the last character back.
func (t *terminal) erase() {
	if len(t.line) > 0 {
		_, size := utf8.DecodeLastRune(t.line)
		t.line = t.line[:len(t.line)-size]
		t.show("\b \b")
	}
}

func (t *terminal) show(text string) { _, _ = io.WriteString(t.screen, text) }

// crlf is the output side of a terminal.
type crlf struct{ to io.Writer }

func (c crlf) Write(p []byte) (int, error) {
	if _, err := c.to.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
