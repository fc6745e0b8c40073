package timeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Follower reads a timeline file that grows, as the recorder writes it. It is not safe
// for concurrent use; the timelines that it returns are.
type Follower struct {
	file    *os.File
	builder *Builder // nil until the header was read
	rest    []byte   // a line that is not finished yet
	lines   int
	skip    []string
}

// ErrNoHeader is a file in which nothing is written yet.
var ErrNoHeader = errors.New("the timeline has no header yet")

// Follow opens a timeline file that may grow.
func Follow(path string) (*Follower, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("follow timeline: %w", err)
	}
	return &Follower{file: file}, nil
}

// Skip leaves out what is recorded of some kinds from now on, for who does not look at
// them and has little memory.
func (f *Follower) Skip(kinds ...string) { f.skip = append(f.skip, kinds...) }

// Close closes the file.
func (f *Follower) Close() error { return f.file.Close() }

// followed is how much is read at a time.
const followed = 256 << 10

// Read reads what was appended since the last time, without waiting for more, and
// returns the timeline so far and whether anything has come. A line that is not
// finished is left for the next time. As long as the file is empty, the error is
// [ErrNoHeader]; a malformed line is a *SyntaxError as of [Read].
func (f *Follower) Read() (t *Timeline, changed bool, err error) {
	before := f.lines
	chunk := make([]byte, followed)
	for {
		n, err := f.file.Read(chunk)
		if n > 0 {
			if err := f.feed(chunk[:n]); err != nil {
				return nil, false, &SyntaxError{File: f.file.Name(), Line: f.lines, Err: err}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, fmt.Errorf("follow timeline: %w", err)
		}
	}
	if f.builder == nil {
		return nil, false, ErrNoHeader
	}
	return f.builder.Timeline(), f.lines > before, nil
}

// feed takes what was read.
func (f *Follower) feed(chunk []byte) error {
	f.rest = append(f.rest, chunk...)
	for {
		line, rest, found := bytes.Cut(f.rest, []byte("\n"))
		if !found {
			f.rest = slices.Clone(f.rest)
			return nil
		}
		f.rest = rest
		f.lines++
		if err := f.add(line); err != nil {
			return err
		}
	}
}

// add takes a line.
func (f *Follower) add(line []byte) error {
	if f.builder == nil {
		header, err := parseHeader(line)
		if err != nil {
			return err
		}
		f.builder = NewBuilder(header)
		return nil
	}
	e, err := parseEntry(slices.Clone(line))
	if err != nil {
		return fmt.Errorf("%w; the file is damaged: delete this line to read the rest", err)
	}
	if e.Event == nil || !slices.Contains(f.skip, e.Event.Kind) {
		f.builder.Append(e)
	}
	return nil
}
