package picture

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var page string

// HTMLOptions say how a page is made. The zero value is complete.
type HTMLOptions struct {
	Width int           // of the images, in pixels; 960 if 0
	Now   time.Duration // of pictures that are open: where their end is; 0: what was recorded last
}

// HTML writes a page with pictures, each with a table of what happened. The page is one
// file that loads nothing, and needs no script; the one it has only shows the time
// under the pointer.
func HTML(w io.Writer, pictures []*Picture, o HTMLOptions) error {
	data := pageData{}
	for i, p := range pictures {
		s, err := newSection(i, p, o)
		if err != nil {
			return err
		}
		data.Sections = append(data.Sections, s)
	}
	if len(pictures) > 0 {
		data.Picture = pictures[0]
	}
	return template.Must(template.New("page").Parse(page)).Execute(w, data)
}

type pageData struct {
	Picture  *Picture // any: all are of one recording
	Sections []section
}

// Title is that of the page.
func (d pageData) Title() string {
	switch {
	case d.Picture == nil:
		return "Nothing was recorded"
	case len(d.Sections) == 1:
		return d.Picture.Heading()
	case d.Picture.Lesson != "":
		return d.Picture.Lesson
	default:
		return "Lab " + d.Picture.Lab
	}
}

// section is a picture and its table.
type section struct {
	ID, Title string
	Image     template.HTML
	Rows      []tableRow
	Axis      string // for the script: where times are in the image
}

type tableRow struct{ Time, Object, Text, Class string }

func newSection(i int, p *Picture, o HTMLOptions) (section, error) {
	id := fmt.Sprintf("p%d", i+1)
	options := SVGOptions{Width: o.Width, Now: o.Now, prefix: id, bare: true}
	sheet := newSheet(p, options)
	s := section{ID: id, Title: p.Heading(), Axis: sheet.axisData()}
	if p.Step != "" {
		s.Title = "Step " + p.Step
	}
	s.Image = template.HTML(bytes.TrimSpace(sheet.draw())) // #nosec G203 -- what is in it was escaped
	for _, e := range p.Events() {
		s.Rows = append(s.Rows, tableRow{since(e.At, p.Start), e.Object, e.Text, e.Class})
	}
	return s, nil
}

// axisData is the pieces of the time axis as the script reads them: x0, x1, and the
// seconds at both.
func (s *sheet) axisData() string {
	text := ""
	for _, p := range s.scale.pieces {
		text += fmt.Sprintf("%s,%s,%.3f,%.3f;", px(s.left+p.x0), px(s.left+p.x1),
			time.Duration(p.from-s.picture.Start).Seconds(), time.Duration(p.to-s.picture.Start).Seconds())
	}
	return text
}
