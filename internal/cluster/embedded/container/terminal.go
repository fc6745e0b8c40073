package container

import (
	"bytes"
	"io"
	"sync"
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

// terminal is the line discipline between a client, whose own terminal is in raw mode, and a
// process: echo, editing of a line, and control characters. It has no size and no job control.
type terminal struct {
	echo io.Writer // the client's screen

	mu        sync.Mutex
	line      []byte
	escape    bool // inside an escape sequence, which is dropped
	interrupt func()
}

func newTerminal(screen io.Writer) *terminal { return &terminal{echo: screen} }

// output is where the process writes: line feeds become carriage return and line feed.
func (t *terminal) output() io.Writer { return crlf{t.echo} }

// onInterrupt says what Ctrl-C does.
func (t *terminal) onInterrupt(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupt = do
}

// copy takes the keys of a client to the process, until the client or the process ends, or Ctrl-D.
func (t *terminal) copy(process io.Writer, keys io.Reader) error {
	buffer := make([]byte, 1024)
	for {
		n, err := keys.Read(buffer)
		for _, key := range buffer[:n] {
			line, end := t.key(key)
			if _, err := process.Write(line); err != nil {
				return err
			}
			if end {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// key handles one key. It returns a line when one is complete, and whether the input ends.
func (t *terminal) key(key byte) (line []byte, end bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.escape {
		t.escape = key == '[' || key == 'O' || key < 0x40
		return nil, false
	}
	switch key {
	case '\r', '\n':
		t.show("\r\n")
		return t.take('\n'), false
	case keyEnd:
		return t.take(), len(t.line) == 0
	case keyInterrupt, keyQuit:
		t.show("^C\r\n")
		t.line = nil
		if t.interrupt != nil {
			t.interrupt()
		}
	case keyBackspace, keyErase:
		t.erase(1)
	case keyKill:
		t.erase(len(t.line))
	case keyEscape:
		t.escape = true
	default:
		t.line = append(t.line, key)
		t.show(string(key))
	}
	return nil, false
}

func (t *terminal) take(end ...byte) []byte {
	line := append(t.line, end...)
	t.line = nil
	return line
}

func (t *terminal) erase(n int) {
	n = min(n, len(t.line))
	t.line = t.line[:len(t.line)-n]
	t.show(string(bytes.Repeat([]byte("\b \b"), n)))
}

func (t *terminal) show(text string) { _, _ = io.WriteString(t.echo, text) }

// crlf is the output side of a terminal.
type crlf struct{ to io.Writer }

func (c crlf) Write(p []byte) (int, error) {
	if _, err := c.to.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
