package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxLogLine is where a line of output is split, as containerd splits it.
const maxLogLine = 16 << 10

// logFile is the log of one container life in the format of the CRI:
//
//	2016-10-06T00:17:09.669794202Z stdout F a whole line
//	2016-10-06T00:17:09.669794202Z stdout P the first part of a long one
//
// The kubelet reads it and rotates it by renaming it and asking for a new one. It is open only while
// something is written: a thousand containers that are silent hold no file.
type logFile struct {
	path string

	mu     sync.Mutex
	closed bool
}

// openLog opens or continues the log at path. Without a path the output is dropped.
func openLog(path string) (*logFile, error) {
	l := &logFile{path: path}
	if path == "" {
		l.closed = true
		return l, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return l, l.append(nil)
}

// append adds to the file, which is made if it is not there.
func (l *logFile) append(text []byte) error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// reopen makes a new file where the old one was renamed.
func (l *logFile) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errors.New("the log is closed")
	}
	return l.append(nil)
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// write appends one entry.
func (l *logFile) write(stream, tag string, line []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	var entry bytes.Buffer
	fmt.Fprintf(&entry, "%s %s %s ", time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00"), stream, tag)
	entry.Write(line)
	entry.WriteByte('\n')
	return l.append(entry.Bytes())
}

// logWriter is one stream of a container as lines of its log. A program never sees an error of the
// log: a full disk on the node costs log lines, not containers.
type logWriter struct {
	log    *logFile
	stream string

	mu   sync.Mutex
	line []byte // not written yet
}

var _ io.Writer = (*logWriter)(nil)

// Write writes the lines that are complete.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte{'\n'})
		rest = after
		w.line = append(w.line, part...)
		for len(w.line) > maxLogLine {
			_ = w.log.write(w.stream, "P", w.line[:maxLogLine])
			w.line = append(w.line[:0], w.line[maxLogLine:]...)
		}
		if ended {
			_ = w.log.write(w.stream, "F", w.line)
			w.line = w.line[:0]
		}
	}
	return len(p), nil
}

// flush writes what is left of a line that was never ended.
func (w *logWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		_ = w.log.write(w.stream, "P", w.line)
		w.line = nil
	}
}
