package podnet

import (
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// window is how many bytes may be under way in one direction.
const window = 64 << 10

// stream is one direction of a connection: a bounded buffer between a reader and a writer.
type stream struct {
	mu      sync.Mutex
	change  *sync.Cond
	data    []byte
	eof     bool  // the writer has finished
	readErr error // what a reader gets, before data
	sendErr error // what a writer gets

	readers, writers deadline
}

func newStream() *stream {
	s := &stream{}
	s.change = sync.NewCond(&s.mu)
	s.readers.stream, s.writers.stream = s, s
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readErr != nil:
			return 0, s.readErr
		case s.readers.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.consume(n)
			return n, nil
		case s.eof:
			return 0, io.EOF
		}
		s.change.Wait()
	}
}

// consume drops what was read; an empty buffer gives its memory back.
func (s *stream) consume(n int) {
	if s.data = s.data[n:]; len(s.data) == 0 {
		s.data = nil
	}
	s.change.Broadcast()
}

func (s *stream) write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.sendErr != nil:
			return written, s.sendErr
		case s.writers.passed:
			return written, os.ErrDeadlineExceeded
		case written == len(p):
			return written, nil
		}
		if room := window - len(s.data); room > 0 {
			n := min(room, len(p)-written)
			s.data = append(s.data, p[written:written+n]...)
			written += n
			s.change.Broadcast()
			continue
		}
		s.change.Wait()
	}
}

// finish is the writer's end of file.
func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.eof = true
	if s.sendErr == nil {
		s.sendErr = os.NewSyscallError("write", syscall.EPIPE)
	}
	s.change.Broadcast()
}

// refuse makes every later write fail with err.
func (s *stream) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sendErr = err
	s.change.Broadcast()
}

// abandon is a reader that wants no more: it gets err, and the writer a broken pipe.
func (s *stream) abandon(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = nil
	s.readErr = err
	if s.sendErr == nil {
		s.sendErr = os.NewSyscallError("write", syscall.EPIPE)
	}
	s.change.Broadcast()
}

// abort drops what is under way; the reader gets err.
func (s *stream) abort(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = nil
	if s.readErr == nil {
		s.readErr = err
	}
	s.change.Broadcast()
}

// deadline ends the waiting of one side of a stream. Its fields are guarded by the stream's lock.
type deadline struct {
	stream *stream
	timer  *time.Timer
	era    int // counts the settings, so that a timer that fires late changes nothing
	passed bool
}

func (d *deadline) set(t time.Time) {
	d.stream.mu.Lock()
	defer d.stream.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.era++
	era, wait := d.era, time.Until(t)
	d.passed = !t.IsZero() && wait <= 0
	if !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, func() { d.pass(era) })
	}
	d.stream.change.Broadcast()
}

func (d *deadline) pass(era int) {
	d.stream.mu.Lock()
	defer d.stream.mu.Unlock()
	if era == d.era {
		d.passed = true
		d.stream.change.Broadcast()
	}
}
