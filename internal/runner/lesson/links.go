package lesson

import (
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// links looks at what the texts of the lesson link to. The network is not asked.
func (p *parser) links() {
	p.linksIn(p.lesson.Intro)
	for _, s := range p.lesson.Steps {
		p.linksIn(s.Blocks)
	}
}

func (p *parser) linksIn(blocks []Block) {
	for _, b := range blocks {
		switch b := b.(type) {
		case Text:
			p.linksOf(b.Line, b.Markdown)
		case Hint:
			p.linksOf(b.Line, b.Markdown)
		case Question:
			p.linksOf(b.Line, b.Prompt)
			p.linksOf(b.Line, b.Explain)
		}
	}
}

// linksOf looks at the links in a piece of Markdown that begins in a line.
func (p *parser) linksOf(line int, markdown string) {
	src := []byte(markdown)
	doc := p.markdown.Parse(text.NewReader(src))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Image:
			p.warnf(p.line(line), "Say it in words, or draw it with characters.", "a terminal does not show the image %s", n.Destination)
		case *ast.Link:
			p.link(p.line(line), string(n.Destination))
		case *ast.AutoLink:
			p.link(p.line(line), string(n.URL(src)))
		}
		return ast.WalkContinue, nil
	})
}

// link looks at where a link leads: to a page, to a step, to a file of the
// workspace, or to another lesson.
func (p *parser) link(at position, target string) {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		p.errorf(at, "Correct it.", "the link %s cannot be read: %v", target, err)
	case u.Scheme == "mailto":
	case u.Scheme == "http":
		p.warnf(at, "Write https.", "the link %s is not encrypted", target)
	case u.Scheme != "" && (u.Scheme != "https" || u.Host == ""):
		p.errorf(at, "Write a link such as https://kubernetes.io/docs/.", "the link %s leads to no page", target)
	case u.Scheme != "":
	case u.Path == "":
		p.linkToStep(at, u.Fragment)
	default:
		p.linkToFile(at, path.Clean(u.Path))
	}
}

func (p *parser) linkToStep(at position, id string) {
	if _, ok := p.lesson.Step(id); !ok {
		p.errorf(at, p.stepRemedy(id), "the link #%s leads to no step", id)
	}
}

func (p *parser) linkToFile(at position, name string) {
	if other, ok := strings.CutPrefix(name, "../"); ok {
		if _, err := fs.Stat(p.fsys, path.Join(other, lessonFile)); !fs.ValidPath(other) || err != nil {
			p.errorf(at, "Write ../ and the name of a lesson.", "the link %s leads to no lesson", name)
		}
		return
	}
	inStart := func(f File) bool { return f.Path == name }
	if !slices.ContainsFunc(p.lesson.start, inStart) {
		p.errorf(at, "Add "+startDir+"/"+name+", or correct the name.", "the link %s leads to no file of the workspace", name)
	}
}
