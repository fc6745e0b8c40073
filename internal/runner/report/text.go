// Package report tells a person how a run goes, as text: the lesson, the commands
// as they are typed, what they print, the verdicts, and a summary. What belongs
// to the run goes to Out; progress, which is talk about our own work, goes to Err.
//
// Text from elsewhere (lessons, names of objects, messages of checks) never
// reaches the terminal raw: control characters are written out. Only what the
// commands print themselves is passed through unchanged, because it is what the
// learner would see without us.
//
// Deliberately absent: running anything, deciding what is shown when (package
// runner does), reading from the terminal, and other formats than text.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// A Text presents one run. Its methods may be called from several goroutines.
type Text struct {
	opts Options

	mu       sync.Mutex // guards all below, and the writing
	newlines int        // at the end of what is in Out: 0 in a line, 2 after an empty line
	spinner  bool       // the spinner has a line on the terminal
	err      error
}

// New returns a presenter.
func New(o Options) *Text {
	return &Text{opts: o.withDefaults(), newlines: 2}
}

// Err returns the first error of writing. The methods themselves return none: a
// reader who has gone away is no reason to stop a run halfway.
func (t *Text) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// Lesson introduces a lesson.
func (t *Text) Lesson(l *lesson.Lesson) {
	title := clean(l.Title)
	t.print(t.bold(title) + "\n" + strings.Repeat(t.glyphs().double, min(width(title), t.opts.Width)) + "\n\n")
	t.Markdown(l.Summary + "\n\n" + t.size(l))
	t.list("Afterwards you can:", l.Objectives)
	t.list("Before you start:", l.Prerequisites)
}

// size says how much a lesson is.
func (t *Text) size(l *lesson.Lesson) string {
	return fmt.Sprintf("About %s, %s, %s.", plural(l.Minutes, "minute"), plural(len(l.Steps), "step"), plural(l.Points, "point"))
}

func (t *Text) list(heading string, entries []string) {
	if len(entries) == 0 {
		return
	}
	t.paragraph(heading + "\n\n")
	for _, e := range entries {
		t.print(t.item(t.glyphs().bullet, e))
	}
	t.gap()
}

// item returns an entry of a list, wrapped under its text.
func (t *Text) item(mark, text string) string {
	margin := strings.Repeat(" ", width(mark))
	return mark + strings.Join(wrap(clean(text), t.opts.Width-width(mark)), "\n"+margin) + "\n"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Step begins a step; number counts from 1.
func (t *Text) Step(number, total int, s lesson.Step) {
	t.rule(fmt.Sprintf("Step %d of %d: %s", number, total, clean(s.Title)))
}

// rule prints a heading across the width.
func (t *Text) rule(heading string) {
	bar := t.glyphs().bar
	rest := max(t.opts.Width-width(heading)-4, 0)
	t.paragraph(t.faint(bar+bar) + " " + t.bold(heading) + " " + t.faint(strings.Repeat(bar, rest)) + "\n")
	t.gap()
}

// Output returns where the output of a command goes. It is passed through as it
// comes.
func (t *Text) Output() io.Writer { return output{t} }

type output struct{ t *Text }

// Write never fails, so that a command does not end because nobody reads it.
func (o output) Write(p []byte) (int, error) {
	o.t.mu.Lock()
	defer o.t.mu.Unlock()
	o.t.write(p)
	return len(p), nil
}

// print writes our own text at the start of a line.
func (t *Text) print(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.startLine(1)
	t.write([]byte(s))
}

// paragraph writes our own text after an empty line.
func (t *Text) paragraph(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.startLine(2)
	t.write([]byte(s))
}

// gap leaves an empty line, if there is none yet.
func (t *Text) gap() { t.paragraph("") }

// startLine writes line breaks until Out ends in that many.
func (t *Text) startLine(newlines int) {
	if missing := newlines - t.newlines; missing > 0 {
		t.write(bytes.Repeat([]byte("\n"), missing))
	}
}

// write is where all goes that reaches Out.
func (t *Text) write(p []byte) {
	if len(p) == 0 {
		return
	}
	t.clearSpinner()
	_, err := t.opts.Out.Write(p)
	t.err = errors.Join(t.err, err)
	if t.err != nil {
		t.opts.Out = io.Discard
	}
	if n := len(p) - len(bytes.TrimRight(p, "\n")); n == len(p) {
		t.newlines += n
	} else {
		t.newlines = n
	}
}
