package timeline

import (
	"bytes"
	"encoding/json"
	"errors"
	corev1 "k8s.io/api/core/v1"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

const header = `{"k8slab":"timeline","format":1,"lesson":"","lab":"x","cluster":"embedded","kubernetes":"v1.36.3","pace":1,"start":"2026-11-21T10:00:00Z"}` + "\n"

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"empty file":      {"", "line 1: the file is empty"},
		"other file":      {"kind: Pod\n", "line 1: this is not a timeline"},
		"other JSON":      {`{"format":1}` + "\n", "line 1: this is not a timeline"},
		"newer format":    {`{"k8slab":"timeline","format":2,"clock":"utc"}` + "\n", "line 1: timeline format 2 was made by a newer k8slab"},
		"no format":       {`{"k8slab":"timeline"}` + "\n", "line 1: timeline format 0 does not exist"},
		"unknown key":     {strings.Replace(header, `"lab"`, `"lap"`, 1), `line 1: malformed header: json: unknown field "lap"`},
		"no start":        {strings.Replace(header, `"start":"2026-11-21T10:00:00Z"`, `"lab":"y"`, 1), `"start" is missing`},
		"no pace":         {strings.Replace(header, `"pace":1`, `"pace":0`, 1), "pace 0 is not above 0"},
		"damaged line":    {header + "{\"at\":1,\"mark\n" + `{"at":1,"mark":{"type":"step","version":1}}` + "\n", "line 2: unexpected end of JSON input; the file is damaged"},
		"nothing":         {header + `{"at":1}` + "\n", "line 2: not exactly one of event, mark and gap"},
		"two things":      {header + `{"at":1,"mark":{"type":"end","version":1},"gap":{"kind":"Pod"}}` + "\n", "line 2: not exactly one"},
		"negative time":   {header + `{"at":-1,"mark":{"type":"end","version":1}}` + "\n", "line 2: an entry before the start"},
		"unknown type":    {header + `{"at":1,"event":{"type":"BOOKMARK","kind":"Pod","name":"a","uid":"u","version":1,"object":{}}}` + "\n", `line 2: event of unknown type "BOOKMARK"`},
		"no object":       {header + `{"at":1,"event":{"type":"ADDED","kind":"Pod","name":"a","uid":"u","version":1,"object":null}}` + "\n", "line 2: event without object"},
		"no event's uid":  {header + `{"at":1,"event":{"type":"ADDED","kind":"Pod","name":"a","version":1,"object":{}}}` + "\n", "line 2: event without uid"},
		"no version":      {header + `{"at":1,"event":{"type":"ADDED","kind":"Pod","name":"a","uid":"u","object":{}}}` + "\n", "line 2: event without version"},
		"no type of mark": {header + `{"at":1,"mark":{"version":1}}` + "\n", "line 2: mark without type"},
		"endless time":    {header + `{"at":1e300,"mark":{"type":"end","version":1}}` + "\n", "line 2: time 1e300 is not a number of seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.file))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestReadNamesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lab.ndjson")
	if err := os.WriteFile(path, []byte(header+"oops\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Read(f); err == nil || !strings.HasPrefix(err.Error(), path+":2: ") {
		t.Fatalf("got error %v, want one that begins with %s:2:", err, path)
	}
}

func TestReadTornLine(t *testing.T) {
	whole := header + `{"at":1,"mark":{"type":"step","name":"a","version":1}}` + "\n"
	for name, c := range map[string]struct {
		tail    string
		entries int
		torn    bool
	}{
		"nothing":               {"", 1, false},
		"half a line":           {`{"at":2,"mark":{"ty`, 1, true},
		"a line but no newline": {`{"at":2,"mark":{"type":"end","version":2}}`, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read(strings.NewReader(whole + c.tail))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Entries()) != c.entries || got.Torn() != c.torn {
				t.Fatalf("got %d entries, torn %v; want %d, %v", len(got.Entries()), got.Torn(), c.entries, c.torn)
			}
		})
	}
}

func TestWriteThenRead(t *testing.T) {
	in := New(testHeader(), []Entry{
		step("a", 10),
		event(watch.Added, "Pod", 11, podIn("<one>", owned)),
		{At: 1234567 * time.Microsecond, Mark: &Mark{Type: MarkCommand, Name: "kubectl apply -f web.yaml && true", Exit: 1, ResourceVersion: 12}},
		{At: 20 * time.Second, Gap: &Gap{Kind: "Pod", Reason: "410 Gone", From: 12, To: 20}},
		event(watch.Deleted, "Pod", 21, podIn("<one>")),
	})
	var first, second bytes.Buffer
	if err := in.Write(&first); err != nil {
		t.Fatal(err)
	}
	out, err := Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(&second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("wrote\n%s\nthen\n%s", &first, &second)
	}
	if pod := decode[corev1.Pod](out.Entries()[1].Event); pod == nil || pod.Name != "<one>" {
		t.Errorf("got Pod %v", pod)
	}
	if got := out.Header(); got != in.Header() {
		t.Errorf("got header %+v, want %+v", got, in.Header())
	}
}

func TestSplitEvent(t *testing.T) {
	event := `"type":"ADDED","kind":"Pod","name":"a","uid":"u","version":3`
	for line, want := range map[string]bool{
		`{"at":1,"event":{` + event + `,"object":{"a":"}}"}}}`:                true,
		`{"at":1,"event":{` + event + `,"object":{"object":{}}}}`:             true,
		`{"at":1,"event":{"object":{"a":1},` + event + `}}`:                   false,
		`{"at":1,"event":{` + event + `,"object":{}},"more":{}}`:              false,
		`{"at":1,"event":{` + event + `},"more":{"object":{"a":1}}}`:          false,
		`{"more":{"object":{}},"at":1,"event":{` + event + `,"object":{}}}`:   false,
		`{"at":1,"mark":{"type":"command","name":"\"object\":","version":1}}`: false,
		`{"at":1,"event":{` + event + `,"object":{"a"}}}`:                     false,
		`{"at":1,"event":{` + event + `,"object":{"a":1}}`:                    false,
	} {
		if _, ok := splitEvent([]byte(line)); ok != want {
			t.Errorf("got %v for %s", ok, line)
		}
	}
}

// FuzzRead checks that what can be read is written so that reading it gives the
// same again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + `{"at":0.5,"mark":{"type":"step","name":"a","version":7}}` + "\n" + `{"at":0.25,"gap":{"kind":"Pod","reason":"x","from":3,"to":9}}`))
	f.Add([]byte(header + `{"at":1e1,"event":{"type":"ADDED","kind":"Pod","name":"a","uid":"u","version":3,"object":{"a": "<\u003c>"}},"extra":1}` + "\n" + `{"at":3,"mark":{"type":"end","exit":-1}}` + "\n{"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, line := range bytes.Split(file, []byte("\n")) {
			sameAsJSON(t, line)
		}
		first, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		var a, b bytes.Buffer
		if err := first.Write(&a); err != nil {
			t.Fatalf("write what was read: %v", err)
		}
		second, err := Read(bytes.NewReader(a.Bytes()))
		if err != nil {
			t.Fatalf("read what was written: %v\n%s", err, &a)
		}
		if err := second.Write(&b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("wrote\n%s\nthen\n%s", &a, &b)
		}
		for _, line := range bytes.Split(bytes.TrimSpace(a.Bytes()), []byte("\n")) {
			if !json.Valid(line) {
				t.Fatalf("wrote a line that is not JSON: %s", line)
			}
		}
	})
}

// sameAsJSON checks that a line which can be split means what encoding/json says.
func sameAsJSON(t *testing.T, line []byte) {
	got, ok := splitEvent(line)
	if !ok {
		return
	}
	var want entryLine
	if err := json.Unmarshal(line, &want); err != nil {
		t.Fatalf("%s was split and is not JSON: %v", line, err)
	}
	if got.At != want.At || !reflect.DeepEqual(*got.Event, *want.Event) {
		t.Fatalf("%s was split into\n%+v, want\n%+v", line, *got.Event, *want.Event)
	}
}
