package report

import (
	"regexp"
	"strings"

	"github.com/charmbracelet/glamour"
	"github.com/charmbracelet/glamour/ansi"
	"github.com/charmbracelet/glamour/styles"
)

// Markdown prints a part of a lesson's text.
func (t *Text) Markdown(md string) {
	t.paragraph(t.markdown(md, t.opts.Width) + "\n")
	t.gap()
}

// markdown renders md. If that is impossible the source is good text too.
func (t *Text) markdown(md string, columns int) string {
	md = cleanText(md)
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
	return trim(cleanStyled(rendered))
}

// padding is what glamour puts behind each line to fill the width.
var padding = regexp.MustCompile("(?m)(?: |\x1b\\[[0-9;]*m)+$")

// trim removes the padding and the empty lines around the text.
func trim(s string) string {
	s = padding.ReplaceAllStringFunc(s, func(p string) string {
		if strings.Contains(p, "\x1b") {
			return "\x1b[0m"
		}
		return ""
	})
	lines := strings.Split(s, "\n")
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
