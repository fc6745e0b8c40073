package timeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// SyntaxError is the error of a file that is not a timeline.
type SyntaxError struct {
	File string // name of the file if it has one
	Line int    // counted from 1
	Err  error
}

func (e *SyntaxError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// Read reads a timeline file. It is strict about the header: a format that this
// package does not know and anything malformed is a *SyntaxError, whose
// text ends with what can be done. A last line that is cut off is dropped, see
// [Timeline.Torn]; any other malformed line is a *SyntaxError. If r has a method
// Name() string, as an *os.File has, errors name the file.
func Read(r io.Reader) (*Timeline, error) {
	in := &lines{r: bufio.NewReaderSize(r, 64<<10), file: nameOf(r)}
	first, err := in.next()
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(first)
	if err != nil {
		return nil, in.error(err)
	}
	b := NewBuilder(header)
	torn, err := readEntries(in, b)
	if err != nil {
		return nil, err
	}
	t := b.Timeline()
	t.torn = torn
	return t, nil
}

func readEntries(in *lines, b *Builder) (torn bool, err error) {
	for {
		line, err := in.next()
		if err != nil {
			return false, err
		}
		if line == nil {
			return false, nil
		}
		e, err := parseEntry(line)
		if err != nil && in.unterminated {
			return true, nil
		}
		if err != nil {
			return false, in.error(fmt.Errorf("%w; the file is damaged: delete this line to read the rest", err))
		}
		b.Append(e)
	}
}

// lines yields a file's lines and counts them.
type lines struct {
	r            *bufio.Reader
	file         string
	number       int
	unterminated bool // the last line that was returned has no newline
}

// next returns the next line without its newline, and nil at the end of the file.
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	if len(line) == 0 {
		return nil, nil
	}
	l.number++
	l.unterminated = err != nil
	return bytes.TrimSuffix(line, []byte("\n")), nil
}

func (l *lines) error(err error) error {
	return &SyntaxError{File: l.file, Line: max(l.number, 1), Err: err}
}

func nameOf(r io.Reader) string {
	if f, ok := r.(interface{ Name() string }); ok {
		return f.Name()
	}
	return ""
}

func parseHeader(line []byte) (Header, error) {
	if line == nil {
		return Header{}, errors.New("the file is empty; a timeline begins with a header: record it again")
	}
	format, err := parseFormat(line)
	if err != nil {
		return Header{}, err
	}
	if format > Format {
		return Header{}, fmt.Errorf("timeline format %d was made by a newer k8slab; this one reads up to format %d: update it", format, Format)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	var h headerLine
	if err := d.Decode(&h); err != nil {
		return Header{}, fmt.Errorf("malformed header: %w; record the timeline again", err)
	}
	return h.Header, h.check()
}

// parseFormat reads the version of the format alone, because nothing else is
// known about a header of another version.
func parseFormat(line []byte) (int, error) {
	var h struct {
		Magic  string `json:"k8slab"`
		Format int    `json:"format"`
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Magic != magic {
		return 0, fmt.Errorf(`this is not a timeline: its first line is no {"k8slab":%q,…}; choose a file that k8slab recorded`, magic)
	}
	if h.Format < 1 {
		return 0, fmt.Errorf("timeline format %d does not exist; record the timeline again", h.Format)
	}
	return h.Format, nil
}

func (h headerLine) check() error {
	if h.Start.IsZero() {
		return errors.New(`malformed header: "start" is missing; record the timeline again`)
	}
	if h.Pace <= 0 {
		return fmt.Errorf("malformed header: pace %v is not above 0; record the timeline again", h.Pace)
	}
	return nil
}

func parseEntry(line []byte) (Entry, error) {
	l, ok := splitEvent(line)
	if !ok {
		l = entryLine{}
		if err := json.Unmarshal(line, &l); err != nil {
			return Entry{}, err
		}
	}
	e := l.entry()
	if err := checkEntry(e); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// splitEvent parses a line that ends with an event's object, as Write makes them, in
// half the time: encoding/json goes over the object twice, this once. The object's
// key cannot be in a string before it, where its quotes would be escaped.
func splitEvent(line []byte) (l entryLine, ok bool) {
	key := []byte(`"object":`)
	head, object, found := bytes.Cut(line, key)
	object, closed := bytes.CutSuffix(object, []byte("}}"))
	if !found || !closed || !json.Valid(object) {
		return l, false
	}
	rest := slices.Concat(head, key, []byte("{}}}"))
	if json.Unmarshal(rest, &l) != nil || l.Event == nil || string(l.Event.Object) != "{}" {
		return l, false
	}
	l.Event.Object = bytes.TrimSpace(object)
	return l, true
}
