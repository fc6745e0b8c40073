package report

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// frame is how long the spinner shows one picture.
const frame = 100 * time.Millisecond

// eraseLine goes to the start of a terminal's line and empties it.
const eraseLine = "\r\x1b[K"

// A Progress tells on Err what we are doing and what a person waits for. On a
// terminal that is one line that moves, and stays with its time when the phase
// is over; elsewhere it is one line per phase.
type Progress struct {
	t       *Text
	subject string
	start   time.Time // of the whole

	mu    sync.Mutex
	phase string
	since time.Time // of the phase
	stop  chan struct{}
	done  chan struct{} // closed when the spinner has ended
}

// Progress begins to tell about something, such as "cluster". Done or Abort ends
// it.
func (t *Text) Progress(subject string) *Progress {
	return &Progress{t: t, subject: clean(subject), start: t.opts.Now()}
}

// Phase says what is being done now, such as "starting the API server".
func (p *Progress) Phase(phase string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	p.phase, p.since = clean(phase), p.t.opts.Now()
	if !p.t.opts.Spinner {
		p.t.talk(p.subject + ": " + p.phase + p.t.glyphs().ellipsis + "\n")
		return
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.spin(p.label(), p.since, p.stop, p.done)
}

// Done ends the progress and says how it ended and how long all took.
func (p *Progress) Done(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
	p.t.talk(fmt.Sprintf("%s: %s in %s\n", p.subject, clean(message), seconds(p.t.opts.Now().Sub(p.start))))
}

// Abort ends the progress and leaves its last phase as it is.
func (p *Progress) Abort() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase()
}

// endPhase stops the spinner and leaves the phase with its time.
func (p *Progress) endPhase() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.done
	p.stop = nil
	p.t.talk(p.label() + " " + seconds(p.t.opts.Now().Sub(p.since)) + "\n")
}

func (p *Progress) label() string {
	return p.subject + ": " + p.phase + p.t.glyphs().ellipsis
}

// spin redraws the line until stop is closed.
func (p *Progress) spin(label string, since time.Time, stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(frame)
	defer tick.Stop()
	pictures := p.t.glyphs().spinner
	for i := 0; ; i++ {
		picture := p.t.colour(cyan, pictures[i%len(pictures)])
		p.t.draw(picture + " " + label + " " + seconds(p.t.opts.Now().Sub(since)))
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

// seconds shows a duration as people say it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// talk writes a line to Err.
func (t *Text) talk(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clearSpinner()
	t.toErr(s)
}

// draw makes line the moving line of the terminal.
func (t *Text) draw(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.newlines == 0 {
		return // a command is in the middle of a line
	}
	t.toErr(eraseLine + ansi.Truncate(line, t.opts.Width-1, ""))
	t.spinner = true
}

// clearSpinner removes the moving line.
func (t *Text) clearSpinner() {
	if t.spinner {
		t.toErr(eraseLine)
		t.spinner = false
	}
}

func (t *Text) toErr(s string) {
	if _, err := io.WriteString(t.opts.Err, s); err != nil {
		t.err = errors.Join(t.err, err)
		t.opts.Err = io.Discard
	}
}
