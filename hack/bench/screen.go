package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
)

// screen is a terminal in which a program runs that fills it.
type screen struct {
	tty     *os.File
	program *exec.Cmd

	mu    sync.Mutex
	shown strings.Builder // since the last reset, with its escape sequences
	grown chan struct{}   // has an element when more is shown
	ended chan struct{}
}

// screenLimit is how long something may take to be shown.
const screenLimit = 30 * time.Second

// openScreen runs a program in a terminal that is large enough for everything.
func openScreen(program *exec.Cmd) (*screen, error) {
	tty, err := pty.StartWithSize(program, &pty.Winsize{Rows: 48, Cols: 160})
	if err != nil {
		return nil, fmt.Errorf("run the player in a terminal: %w", err)
	}
	s := &screen{tty: tty, program: program, grown: make(chan struct{}, 1), ended: make(chan struct{})}
	go s.read()
	return s, nil
}

func (s *screen) read() {
	defer close(s.ended)
	part := make([]byte, 64<<10)
	for {
		n, err := s.tty.Read(part)
		s.mu.Lock()
		s.shown.Write(part[:n])
		s.mu.Unlock()
		select {
		case s.grown <- struct{}{}:
		default:
		}
		if err != nil {
			return // the program has ended
		}
	}
}

// took does something and returns how long it was until a text was shown.
func (s *screen) took(text string, do func() error) (time.Duration, error) {
	s.mu.Lock()
	s.shown.Reset()
	s.mu.Unlock()
	began := time.Now()
	if err := do(); err != nil {
		return 0, err
	}
	limit := time.After(screenLimit)
	for {
		now := time.Now()
		shown := s.text()
		if strings.Contains(shown, text) {
			return now.Sub(began), nil
		}
		select {
		case <-s.grown:
		case <-s.ended:
			return 0, fmt.Errorf("the player has ended: %s", shown)
		case <-limit:
			return 0, fmt.Errorf("the player does not show %q in %v, but: %s", text, screenLimit, shown)
		}
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(s.shown.String())
}

// close ends the program.
func (s *screen) close() {
	_ = s.program.Process.Kill()
	_ = s.tty.Close()
	_ = s.program.Wait() // it was killed
}
