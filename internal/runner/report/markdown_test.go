package report

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/muesli/termenv"
)

// TestMarkdown renders one of everything. No line may be too long.
func TestMarkdown(t *testing.T) {
	md, err := os.ReadFile("testdata/everything.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, columns := range []int{40, 60, 80} {
		for name, o := range map[string]Options{"plain": {Plain: true}, "colour": {Profile: termenv.ANSI256}} {
			t.Run(fmt.Sprint(name, columns), func(t *testing.T) {
				o.Width = columns
				got := Markdown(string(md), o)
				for _, line := range strings.Split(got, "\n") {
					if width(line) > columns {
						t.Errorf("%d columns: %q", width(line), line)
					}
				}
				golden(t, fmt.Sprintf("markdown-%s-%d", name, columns), got+"\n")
			})
		}
	}
}

// FuzzMarkdown renders anything: there is no panic, and nothing reaches the
// terminal but printable text, line breaks and styling.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"text", "# h\n\n- a\n  - b\n\n1. c\n", "| a | b |\n|---|---|\n| c | d |\n", "```yaml\na: b\n```", "> q\n\n---\n",
		"![i](x \"t\") <http://a> [l](b)", "&#27;[2J &#x9b;1m", "\x1b]0;t\x07", "<b>html</b> <!-- c -->", "~~s~~ **b** *i* `c`\\\nx", "- [ ] t\n- [x] u",
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, md string, plain bool) {
		var out bytes.Buffer
		text := New(Options{Out: &out, Err: io.Discard, Plain: plain, Profile: termenv.ANSI256})
		text.Markdown(md)
		got := out.String()
		if !plain {
			got = styling.ReplaceAllString(got, "")
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("not printable at %d: %q", i, got)
		}
	})
}
