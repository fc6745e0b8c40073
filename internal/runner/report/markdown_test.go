package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/muesli/termenv"
)

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
