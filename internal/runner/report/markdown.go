package report

import (
	"regexp"
	"strings"

	"github.com/charmbracelet/glamour"
	"github.com/charmbracelet/glamour/ansi"
	"github.com/charmbracelet/glamour/styles"
)

// Markdown renders md for a terminal with the width and the colours of o, with no
// empty lines around it. No line is wider than that, except in a table or a block
// of code that cannot be made narrower.
func Markdown(md string, o Options) string {
	t := New(o)
	return t.markdown(md, t.opts.Width)
}

// Markdown prints a part of a lesson's text.
func (t *Text) Markdown(md string) {
	t.paragraph(t.markdown(md, t.opts.Width) + "\n")
	t.gap()
}

// markdown renders md: its tables at that width, because a table has to know, and
// all the rest unwrapped, because glamour's own wrapping is not good enough. It
// does not count some characters, so that lines become too long, breaks commands
// at their hyphens, keeps the line breaks of the source in lists, and forgets
// their indent (https://github.com/charmbracelet/glamour/issues/56).
func (t *Text) markdown(md string, columns int) string {
	var parts []string
	for _, p := range splitTables(joinLines(cleanText(md))) {
		if p.table {
			parts = append(parts, t.glamour(p.markdown, columns))
		} else {
			parts = append(parts, rewrap(t.glamour(p.markdown, longest(p.markdown)), columns))
		}
	}
	return emptyLines.ReplaceAllString(strings.Join(parts, "\n\n"), "\n\n")
}

// emptyLines are those that glamour puts around nested lists.
var emptyLines = regexp.MustCompile(`\n{3,}`)

// glamour renders md. If that is impossible the source is good text too.
func (t *Text) glamour(md string, columns int) string {
	r, err := glamour.NewTermRenderer(
		glamour.WithStyles(t.style()),
		glamour.WithColorProfile(t.opts.Profile),
		glamour.WithWordWrap(columns),
	)
	if err != nil {
		return md
	}
	rendered, err := r.Render(md)
	if err != nil {
		return md
	}
	if t.opts.Plain {
		rendered = styling.ReplaceAllString(rendered, "")
	}
	return trim(noText.ReplaceAllString(cleanStyled(rendered), ""))
}

// longest returns a width at which no paragraph of md has to be wrapped.
func longest(md string) int {
	most := 0
	for _, paragraph := range strings.Split(md, "\n\n") {
		most = max(most, len(paragraph))
	}
	return 2*most + maxWidth // code spans and emphasis may be decorated
}

// hanging is what stands before the text of a line: indentation, the mark of a
// list's entry, the bar of a quotation.
var hanging = regexp.MustCompile(`^ *(?:(?:[│|•-]|\d+\.|\[[ ✓x]\]) )*`)

// rewrap breaks lines that are too long. What follows stands under the text of
// the first line, and no style leaks into the margin.
func rewrap(s string, columns int) string {
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		if width(line) <= columns {
			lines = append(lines, line)
			continue
		}
		lines = append(lines, hang(line, columns)...)
	}
	return strings.Join(lines, "\n")
}

func hang(line string, columns int) []string {
	lead := hanging.FindString(styling.ReplaceAllString(line, ""))
	if width(lead) > columns/2 {
		return wrap(line, columns)
	}
	margin := []rune(lead)
	for i, r := range margin {
		if r != '│' && r != '|' {
			margin[i] = ' '
		}
	}
	head, body := cut(line, width(lead))
	wrapped := wrap(body, columns-width(lead))
	for i := range wrapped {
		if i == 0 {
			wrapped[i] = noText.ReplaceAllString(head, "") + wrapped[i]
		} else {
			wrapped[i] = string(margin) + wrapped[i]
		}
	}
	return wrapped
}

// noText is a style that no text has: glamour writes many of them.
var noText = regexp.MustCompile("\x1b\\[[1-9][0-9;]*m\x1b\\[0m")

// padding is what glamour puts behind each line to fill the width.
var padding = regexp.MustCompile("(?m)(?: |\x1b\\[[0-9;]*m)+$")

// resets are lines that say nothing.
var resets = regexp.MustCompile("(?m)^(?:\x1b\\[0?m)+$")

// trim removes the padding and the empty lines around the text.
func trim(s string) string {
	s = padding.ReplaceAllStringFunc(s, func(p string) string {
		if strings.Contains(p, "\x1b") {
			return "\x1b[0m"
		}
		return ""
	})
	lines := strings.Split(resets.ReplaceAllString(s, ""), "\n")
	for len(lines) > 0 && isBlank(lines[0]) {
		lines = lines[1:]
	}
	for len(lines) > 0 && isBlank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	return strings.Join(lines, "\n")
}

func isBlank(line string) bool {
	return strings.TrimSpace(styling.ReplaceAllString(line, "")) == ""
}

// style returns glamour's style for the output, without its margins: our own
// lines start at the first column too.
func (t *Text) style() ansi.StyleConfig {
	s := styles.DarkStyleConfig
	switch {
	case t.opts.Plain:
		s = styles.NoTTYStyleConfig
	case t.opts.Light:
		s = styles.LightStyleConfig
	}
	none := uint(0)
	s.Document.Margin = &none
	s.Document.BlockPrefix, s.Document.BlockSuffix = "", ""
	// glamour keeps the first highlighting theme that a process uses for all its
	// renderers, and ignores the colours that the terminal has: do without.
	s.CodeBlock.Chroma = nil
	if t.opts.Plain {
		s.Code.Prefix, s.Code.Suffix = "`", "`"
	}
	s.Item.BlockPrefix = t.glyphs().bullet
	if t.opts.ASCII {
		s.ImageText.Format = "Image: {{.text}}"
		s.Table.CenterSeparator, s.Table.ColumnSeparator, s.Table.RowSeparator = ptr("|"), ptr("|"), ptr("-")
	}
	return s
}

func ptr(s string) *string { return &s }
