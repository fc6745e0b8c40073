package report

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// parse returns the blocks of a Markdown text as glamour will find them.
func parse(source []byte) ast.Node {
	return goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
}

// joinLines makes one line of each paragraph, wherever it stands: where a line
// ends in the source says nothing about where it ends on the screen.
func joinLines(md string) string {
	source := []byte(md)
	var joined strings.Builder
	end := 0
	_ = ast.Walk(parse(source), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if from, ok := softBreak(n, source); ok && entering && from >= end {
			joined.WriteString(strings.TrimRight(md[end:from], " "))
			joined.WriteByte(' ')
			end = len(md) - len(strings.TrimLeft(md[from+1:], " \t>"))
		}
		return ast.WalkContinue, nil
	})
	joined.WriteString(md[end:])
	return joined.String()
}

// softBreak returns where the line break behind n is, if it is one that only the
// source has.
func softBreak(n ast.Node, source []byte) (int, bool) {
	t, ok := n.(*ast.Text)
	if !ok {
		return 0, false
	}
	from := t.Segment.Stop
	if t.Parent().Kind() == ast.KindCodeSpan && bytes.HasSuffix(t.Segment.Value(source), []byte("\n")) {
		return from - 1, true
	}
	if !t.SoftLineBreak() {
		return 0, false
	}
	i := bytes.IndexByte(source[from:], '\n')
	return from + i, i >= 0
}

// A part of a Markdown text is a table, or what is between two of them.
type part struct {
	markdown string
	table    bool
}

// splitTables takes a text apart at its tables.
func splitTables(md string) []part {
	source := []byte(md)
	var parts []part
	end := 0
	add := func(to int, table bool) {
		if s := strings.Trim(md[end:to], "\n"); s != "" {
			parts = append(parts, part{s, table})
		}
		end = to
	}
	for n := parse(source).FirstChild(); n != nil; n = n.NextSibling() {
		if from, to, ok := tableLines(n, source); ok && from >= end {
			add(from, false)
			add(to, true)
		}
	}
	add(len(md), false)
	return parts
}

// tableLines returns where in the source the lines of a table are.
func tableLines(n ast.Node, source []byte) (from, to int, ok bool) {
	if n.Kind() != extast.KindTable {
		return 0, 0, false
	}
	from, to = len(source), 0
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if cell, is := n.(*extast.TableCell); is && entering {
			for i := range cell.Lines().Len() {
				segment := cell.Lines().At(i)
				from, to = min(from, segment.Start), max(to, segment.Stop)
			}
		}
		return ast.WalkContinue, nil
	})
	if from > to {
		return 0, 0, false // a table of empty cells
	}
	from = strings.LastIndexByte(string(source[:from]), '\n') + 1
	if i := strings.IndexByte(string(source[to:]), '\n'); i >= 0 {
		return from, to + i, true
	}
	return from, len(source), true
}
