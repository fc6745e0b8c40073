// Package cast writes recordings of terminal sessions as asciicast v3 files, which
// asciinema and its web player show (docs.asciinema.org/manual/asciicast/v3).
//
// A [Writer] is where a program's output goes as well as to the terminal. The file is
// whole after every write, so that what was recorded is there however the program ends.
//
// Deliberately absent: what is typed (it may be a secret, and what counts of it is
// echoed), reading of such files, and a terminal.
package cast

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Header says what was recorded.
type Header struct {
	Cols, Rows int       // of the terminal
	Type       string    // of the terminal, as TERM has it; may be empty
	Title      string    // may be empty
	Command    string    // may be empty
	Start      time.Time // zero: now

	// IdleLimit is how long a player pauses at most where nothing was written; zero: as
	// long as it took.
	IdleLimit time.Duration
}

type header struct {
	Version   int      `json:"version"`
	Term      terminal `json:"term"`
	Timestamp int64    `json:"timestamp"`
	Idle      float64  `json:"idle_time_limit,omitempty"`
	Command   string   `json:"command,omitempty"`
	Title     string   `json:"title,omitempty"`
}

type terminal struct {
	Cols int    `json:"cols"`
	Rows int    `json:"rows"`
	Type string `json:"type,omitempty"`
}

// Codes of events.
const (
	output = "o"
	resize = "r"
	marker = "m"
	exit   = "x"
)

// Writer records what is written to it. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	out  io.Writer
	now  func() time.Time
	last time.Time
	rest []byte // the beginning of a character that is not complete
	err  error
}

// New writes the header and returns a Writer. Each event is one Write to out.
func New(out io.Writer, h Header) (*Writer, error) { return newWriter(out, h, time.Now) }

func newWriter(out io.Writer, h Header, now func() time.Time) (*Writer, error) {
	w := &Writer{out: out, now: now, last: now()}
	if h.Start.IsZero() {
		h.Start = w.last
	}
	w.line(header{
		Version: 3, Term: terminal{h.Cols, h.Rows, h.Type}, Timestamp: h.Start.Unix(),
		Idle: h.IdleLimit.Seconds(), Command: h.Command, Title: h.Title,
	})
	return w, w.err
}

// Write records output. It always succeeds: the terminal goes on when the recording
// cannot, and Close returns the error.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := append(w.rest, p...)
	whole := len(text) - incomplete(text)
	w.rest = append([]byte(nil), text[whole:]...)
	if whole > 0 {
		w.event(output, strings.ToValidUTF8(string(text[:whole]), "\uFFFD"))
	}
	return len(p), nil
}

// Cooked returns a writer for output that goes through a terminal in its usual mode,
// which adds a carriage return to each newline. A full-screen program does that itself.
func (w *Writer) Cooked() io.Writer { return cooked{w} }

type cooked struct{ w *Writer }

func (c cooked) Write(p []byte) (int, error) {
	_, _ = c.w.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))) // it always succeeds
	return len(p), nil
}

// incomplete returns how many bytes at the end are the beginning of a character.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if last := p[len(p)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Resize records that the terminal has another size.
func (w *Writer) Resize(cols, rows int) { w.locked(resize, fmt.Sprintf("%dx%d", cols, rows)) }

// Mark records a place to which a player can jump, with a name.
func (w *Writer) Mark(name string) { w.locked(marker, name) }

// Exit records the status with which the program ended. It is the last event.
func (w *Writer) Exit(status int) { w.locked(exit, fmt.Sprint(status)) }

// Close returns the first error of the recording. It does not close what is written to.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Writer) locked(code, data string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.event(code, data)
}

// event writes an event with the time since the one before, in milliseconds. What is
// rounded off one is added to the next, so that the times of a long recording stay
// right.
func (w *Writer) event(code, data string) {
	now := w.now()
	interval := now.Sub(w.last).Round(time.Millisecond)
	w.last = w.last.Add(interval)
	w.line([]any{json.Number(fmt.Sprintf("%.3f", max(0, interval.Seconds()))), code, data})
}

func (w *Writer) line(v any) {
	if w.err != nil {
		return
	}
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if w.err = encoder.Encode(v); w.err != nil {
		return
	}
	if _, err := io.WriteString(w.out, line.String()); err != nil {
		w.err = fmt.Errorf("record the terminal: %w", err)
	}
}
