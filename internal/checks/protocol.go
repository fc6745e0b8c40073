package checks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Host and worker speak JSON lines. A request is one line, followed by as many
// raw bytes as it says: a timeline file, whole or continued. Answers are one line
// each, written as soon as they are known, so that what was found before a
// script ended the worker is kept.

// requestLine asks for checks to be run.
type requestLine struct {
	Script    scriptPart        `json:"script"`
	Names     []string          `json:"names"`
	Step      string            `json:"step"`
	Settled   bool              `json:"settled,omitempty"`
	Namespace string            `json:"namespace,omitempty"`
	Manifests map[string][]byte `json:"manifests,omitempty"`
	Timeline  timelinePart      `json:"timeline"`
	CPU       uint64            `json:"cpu"` // seconds of processor time that the run may take
}

// scriptPart is a script, without its source if the worker has it.
type scriptPart struct {
	Filename string `json:"filename"`
	Hash     string `json:"hash"`
	Source   []byte `json:"source,omitempty"`
}

// timelinePart says how the bytes that follow continue the timeline of the
// request before: after its first Keep entries.
type timelinePart struct {
	Keep  int `json:"keep"`
	Bytes int `json:"bytes"`
}

// answerLine is one line of the worker. One of the fields is set.
type answerLine struct {
	Ready   bool     `json:"ready,omitempty"`   // the worker waits for a request
	Begin   string   `json:"begin,omitempty"`   // the check that is run now
	Finding *Finding `json:"finding,omitempty"` // the check that was begun has ended
	Done    bool     `json:"done,omitempty"`    // the request is answered
	Error   string   `json:"error,omitempty"`   // the request is not understood
}

// maxLine is more than a finding with all that lab lets a check say.
const maxLine = 1 << 20

// readRequest returns the next request and the bytes that follow it. The error
// is io.EOF when there is none.
func readRequest(in *bufio.Reader) (requestLine, []byte, error) {
	line, err := in.ReadBytes('\n')
	if err != nil {
		return requestLine{}, nil, err
	}
	var r requestLine
	if err := json.Unmarshal(line, &r); err != nil {
		return requestLine{}, nil, fmt.Errorf("decode request: %w", err)
	}
	body := make([]byte, r.Timeline.Bytes)
	if _, err := io.ReadFull(in, body); err != nil {
		return requestLine{}, nil, fmt.Errorf("read timeline of a request: %w", err)
	}
	return r, body, nil
}

// encodeRequest returns the bytes of a request.
func encodeRequest(r requestLine, body []byte) ([]byte, error) {
	r.Timeline.Bytes = len(body)
	line, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return append(append(line, '\n'), body...), nil
}

// encodeTimeline returns the entries from keep on as a timeline file.
func encodeTimeline(t *timeline.Timeline, keep int) ([]byte, error) {
	var b bytes.Buffer
	line, err := t.Header().Line()
	if err != nil {
		return nil, err
	}
	b.Write(line)
	for _, e := range t.Entries()[keep:] {
		if line, err = e.Line(); err != nil {
			return nil, err
		}
		b.Write(line)
	}
	return b.Bytes(), nil
}

// common returns how many entries at the beginning two timelines share. What was
// recorded is shared by address, so this compares no objects.
func common(a, b []timeline.Entry) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// extend makes the timeline of a request from that of the one before, which is nil
// if there was none: it has the first keep entries of it, and those in body. What was
// worked out about what they share stays.
func extend(grown *timeline.Builder, keep int, body []byte) (*timeline.Builder, error) {
	added, err := timeline.Read(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("decode timeline of a request: %w", err)
	}
	if grown == nil || keep == 0 {
		grown = timeline.NewBuilder(added.Header())
	}
	if grown.Len() < keep {
		return nil, errors.New("decode timeline of a request: it continues one that is not here")
	}
	grown.Truncate(keep)
	for _, e := range added.Entries() {
		grown.Append(e)
	}
	return grown, nil
}
