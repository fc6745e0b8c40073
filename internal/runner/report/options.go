package report

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/muesli/termenv"
	"golang.org/x/term"
)

// TypingDelay is how long play waits after each character that it types. It is
// about the pace at which a fast typist types and a reader reads.
const TypingDelay = 30 * time.Millisecond

// Widths of the text in columns. Longer lines are hard to read on any terminal.
const (
	defaultWidth = 80
	maxWidth     = 100
	minWidth     = 40
)

// Options say where a Text writes and what may be used there. The zero value of
// everything but Out and Err is plain text for a pipe.
type Options struct {
	Out, Err io.Writer

	Width   int             // columns; 80 if 0
	Profile termenv.Profile // colours; see Plain
	Light   bool            // the background of the terminal is light
	Plain   bool            // no escape sequences at all in our own text
	ASCII   bool            // only ASCII in our own text
	Spinner bool            // Err is a terminal: a line of progress may be rewritten
	Delay   time.Duration   // after each typed character; 0 prints commands at once

	Now func() time.Time // the clock of progress; time.Now if nil
}

// Detect looks at the streams and at the environment: NO_COLOR (not empty), TERM,
// and the locale (LC_ALL, LC_CTYPE, LANG). Commands are typed if Out is a terminal.
func Detect(out, err io.Writer, getenv func(string) string) Options {
	o := Options{Out: out, Err: err, Plain: true}
	dumb := getenv("TERM") == "dumb"
	o.ASCII = dumb || !isUTF8(getenv)
	o.Spinner = isTerminal(err) && !dumb
	if f, ok := terminal(out); ok {
		o.Width, _, _ = term.GetSize(int(f.Fd()))
		o.Delay = TypingDelay
		o.colours(f, dumb, getenv)
	}
	return o
}

// colours decides about colours on a terminal. Only here the terminal is asked
// for its background, and only if there is something to choose.
func (o *Options) colours(f *os.File, dumb bool, getenv func(string) string) {
	out := termenv.NewOutput(f, termenv.WithEnvironment(environ(getenv)))
	o.Profile = out.EnvColorProfile()
	o.Plain = dumb || o.Profile == termenv.Ascii
	o.Light = !o.Plain && !out.HasDarkBackground()
}

// environ lets termenv read the environment that we were given.
type environ func(string) string

func (e environ) Getenv(key string) string { return e(key) }

// Environ is asked for by termenv and not used for what we do.
func (e environ) Environ() []string { return nil }

// isUTF8 reports whether the locale is a UTF-8 one, as setlocale(3) finds it.
// Where no locale is set at all, as in most containers, terminals are UTF-8 today.
func isUTF8(getenv func(string) string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(key)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

func isTerminal(w io.Writer) bool {
	_, ok := terminal(w)
	return ok
}

func (o Options) withDefaults() Options {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	o.Width = max(min(o.Width, maxWidth), minWidth)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Plain {
		o.Profile = termenv.Ascii
	}
	return o
}

// glyphs are the characters that we draw with.
type glyphs struct {
	bar, double, ellipsis, bullet   string
	passed, waiting, failed, broken string
	spinner                         []string
}

func (t *Text) glyphs() glyphs {
	if t.opts.ASCII {
		return glyphs{
			bar: "-", double: "=", ellipsis: "...", bullet: "- ",
			passed: "+", waiting: ".", failed: "x", broken: "!",
			spinner: []string{"|", "/", "-", `\`},
		}
	}
	return glyphs{
		bar: "─", double: "═", ellipsis: "…", bullet: "• ",
		passed: "✓", waiting: "…", failed: "✗", broken: "!",
		spinner: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
	}
}

// The colours of our own text: the sixteen that every theme chooses itself.
const (
	red    = "1"
	green  = "2"
	yellow = "3"
	cyan   = "6"
)

func (t *Text) bold(s string) string { return t.opts.Profile.String(s).Bold().String() }

func (t *Text) faint(s string) string { return t.opts.Profile.String(s).Faint().String() }

func (t *Text) colour(c, s string) string {
	return t.opts.Profile.String(s).Foreground(t.opts.Profile.Color(c)).String()
}
