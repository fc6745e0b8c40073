package timeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// Write writes the timeline as a file that Read reads.
func (t *Timeline) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	line, err := t.header.Line()
	if err != nil {
		return err
	}
	_, _ = out.Write(line) // a bufio.Writer keeps its first error for Flush
	for _, e := range t.entries() {
		if line, err = e.Line(); err != nil {
			return err
		}
		_, _ = out.Write(line)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write timeline: %w", err)
	}
	return nil
}

// Line returns the first line of a timeline file, with its newline.
func (h Header) Line() ([]byte, error) {
	return encode(headerLine{Magic: magic, Header: h})
}

// Line returns the entry as a line of a timeline file, with its newline.
func (e Entry) Line() ([]byte, error) {
	if err := checkEntry(e); err != nil {
		return nil, fmt.Errorf("encode timeline entry: %w", err)
	}
	return encode(lineOf(e))
}

func encode(line any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		return nil, fmt.Errorf("encode timeline: %w", err)
	}
	return b.Bytes(), nil
}

// magic is what the key "k8slab" of the first line says in every format.
const magic = "timeline"

type headerLine struct {
	Magic string `json:"k8slab"`
	Header
}

// entryLine is a line of the file. It is apart from Entry so that the file stays
// the same when the types change, and the reverse.
type entryLine struct {
	At    seconds    `json:"at"`
	Event *eventLine `json:"event,omitempty"`
	Mark  *markLine  `json:"mark,omitempty"`
	Gap   *gapLine   `json:"gap,omitempty"`
}

type eventLine struct {
	Type      watch.EventType `json:"type"`
	Kind      string          `json:"kind"`
	Namespace string          `json:"namespace,omitempty"`
	Name      string          `json:"name"`
	UID       types.UID       `json:"uid"`
	Version   uint64          `json:"version"`
	Synthetic bool            `json:"synthetic,omitempty"`
	Object    json.RawMessage `json:"object"`
}

type markLine struct {
	Type    string `json:"type"`
	Name    string `json:"name,omitempty"`
	Exit    int    `json:"exit,omitempty"`
	Version uint64 `json:"version"`
}

type gapLine struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	From   uint64 `json:"from"`
	To     uint64 `json:"to"`
}

func lineOf(e Entry) entryLine {
	l := entryLine{At: seconds(e.At)}
	if v := e.Event; v != nil {
		l.Event = &eventLine{v.Type, v.Kind, v.Namespace, v.Name, v.UID, v.ResourceVersion, v.Synthetic, v.Object}
	}
	if m := e.Mark; m != nil {
		l.Mark = &markLine{m.Type, m.Name, m.Exit, m.ResourceVersion}
	}
	if g := e.Gap; g != nil {
		l.Gap = &gapLine{g.Kind, g.Reason, g.From, g.To}
	}
	return l
}

func (l entryLine) entry() Entry {
	e := Entry{At: time.Duration(l.At)}
	if v := l.Event; v != nil {
		e.Event = &Event{Type: v.Type, Kind: v.Kind, Namespace: v.Namespace, Name: v.Name, UID: v.UID,
			ResourceVersion: v.Version, Synthetic: v.Synthetic, Object: v.Object}
	}
	if m := l.Mark; m != nil {
		e.Mark = &Mark{Type: m.Type, Name: m.Name, Exit: m.Exit, ResourceVersion: m.Version}
	}
	if g := l.Gap; g != nil {
		e.Gap = &Gap{Kind: g.Kind, Reason: g.Reason, From: g.From, To: g.To}
	}
	return e
}

// checkEntry says what an entry needs so that every query finds it.
func checkEntry(e Entry) error {
	if e.At < 0 {
		return errors.New("an entry before the start")
	}
	switch {
	case e.Event != nil && e.Mark == nil && e.Gap == nil:
		return checkEvent(e.Event)
	case e.Mark != nil && e.Event == nil && e.Gap == nil:
		return require("mark", "type", e.Mark.Type)
	case e.Gap != nil && e.Event == nil && e.Mark == nil:
		return require("gap", "kind", e.Gap.Kind)
	default:
		return errors.New("not exactly one of event, mark and gap")
	}
}

func checkEvent(e *Event) error {
	switch e.Type {
	case watch.Added, watch.Modified, watch.Deleted:
	default:
		return fmt.Errorf("event of unknown type %q", e.Type)
	}
	if e.ResourceVersion == 0 {
		return errors.New("event without version")
	}
	if len(e.Object) == 0 || bytes.TrimSpace(e.Object)[0] != '{' {
		return errors.New("event without object")
	}
	return errors.Join(require("event", "kind", e.Kind), require("event", "name", e.Name), require("event", "uid", string(e.UID)))
}

func require(what, key, value string) error {
	if value == "" {
		return fmt.Errorf("%s without %s", what, key)
	}
	return nil
}

// seconds is a duration that is written as a decimal number of seconds, rounded
// down to microseconds.
type seconds time.Duration

func (s seconds) MarshalJSON() ([]byte, error) {
	us := time.Duration(s).Microseconds()
	return fmt.Appendf(nil, "%d.%06d", us/1e6, us%1e6), nil
}

func (s *seconds) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(math.Abs(f) < maxSeconds) {
		return fmt.Errorf("time %s is not a number of seconds", b)
	}
	*s = seconds(time.Duration(math.Round(f*1e6)) * time.Microsecond)
	return nil
}

// maxSeconds is ten years: what is below keeps its microseconds in a float64.
const maxSeconds = 10 * 365 * 24 * 3600
