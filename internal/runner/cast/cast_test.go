package cast

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// clock is a time that passes only when a test says so.
type clock struct{ time.Time }

func (c *clock) now() time.Time       { return c.Time }
func (c *clock) pass(d time.Duration) { c.Time = c.Add(d) }

func record(t *testing.T, out interface{ Write([]byte) (int, error) }, h Header) (*Writer, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	w, err := newWriter(out, h, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return w, c
}

func TestWriter(t *testing.T) {
	var out strings.Builder
	w, c := record(t, &out, Header{Cols: 80, Rows: 24, Type: "xterm-256color", Title: "A lesson", IdleLimit: 2500 * time.Millisecond})
	c.pass(248 * time.Millisecond)
	_, _ = w.Write([]byte("\x1b[1;31mHello <b> & \"you\"\x1b[0m\r\n"))
	c.pass(time.Second)
	w.Mark("step one")
	c.pass(2 * time.Second)
	w.Resize(90, 30)
	_, _ = w.Write([]byte("bye"))
	w.Exit(1)
	const want = `{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1795255200,"idle_time_limit":2.5,"title":"A lesson"}
[0.248,"o","\u001b[1;31mHello <b> & \"you\"\u001b[0m\r\n"]
[1.000,"m","step one"]
[2.000,"r","90x30"]
[0.000,"o","bye"]
[0.000,"x","1"]
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// A character may come in pieces; an event has whole ones, as JSON wants it.
func TestCharactersInPieces(t *testing.T) {
	for name, c := range map[string]struct {
		writes []string
		want   string
	}{
		"two bytes":       {[]string{"a\xc3", "\xa9b"}, `"o","a"]/"o","éb"]`},
		"one by one":      {[]string{"\xe2", "\x96", "\x88"}, `"o","█"]`},
		"never completed": {[]string{"\xe2", "x"}, `"o","` + "\uFFFD" + `x"]`},
		"no UTF-8":        {[]string{"\xff\xfe"}, `"o","` + "\uFFFD" + `"]`},
		"nothing":         {[]string{""}, ``},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			w, _ := record(t, &out, Header{Cols: 1, Rows: 1})
			for _, s := range c.writes {
				if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
					t.Fatal(n, err)
				}
			}
			var events []string
			for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
				events = append(events, strings.TrimPrefix(line, "[0.000,"))
			}
			if got := strings.Join(events, "/"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Milliseconds that are rounded off do not add up.
func TestTimesDoNotDrift(t *testing.T) {
	var out strings.Builder
	w, c := record(t, &out, Header{Cols: 1, Rows: 1})
	for range 10 {
		c.pass(400 * time.Microsecond)
		w.Mark("")
	}
	if n := strings.Count(out.String(), "[0.001"); n != 4 {
		t.Errorf("4 ms came to %d ms:\n%s", n, out.String())
	}
}

func TestCooked(t *testing.T) {
	var out strings.Builder
	w, _ := record(t, &out, Header{Cols: 1, Rows: 1})
	if n, err := w.Cooked().Write([]byte("a\nb\n")); n != 4 || err != nil {
		t.Error(n, err)
	}
	if !strings.Contains(out.String(), `"a\r\nb\r\n"`) {
		t.Errorf("got %s", out.String())
	}
}

type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	w, _ := record(t, &full{2}, Header{Cols: 1, Rows: 1})
	for range 3 {
		if n, err := w.Write([]byte("x")); n != 1 || err != nil {
			t.Errorf("the terminal would stop: %d, %v", n, err)
		}
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	if _, err := New(&full{}, Header{}); err == nil {
		t.Error("a header that was not written is no recording")
	}
}
