package lesson

import (
	"bytes"
	"fmt"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// maxDeadline is the longest deadline that a step may have.
const maxDeadline = time.Hour

// The first word of the fences that are not for reading, and what sh may carry.
const (
	checksFence   = "checks"
	hintFence     = "hint"
	questionFence = "question"
	shellFence    = "sh"
	runWord       = "run"
	givenWord     = "given"
)

// body cuts the Markdown from offset start into steps and blocks. Only the block
// structure is read here; all else stays source text for the renderer.
func (p *parser) body(start int) {
	src := blank(p.source, start)
	doc := p.markdown.Parse(text.NewReader(src))
	c := cutter{parser: p, src: src, textStart: start}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		c.node(n)
	}
	c.flush(len(src))
	if len(p.lesson.Steps) == 0 {
		p.errorf(p.line(lineNumber(src, len(src))), "Write a heading such as: ## Create it {#create}.", "the lesson has no steps")
	}
}

// blank returns src with spaces up to end, so that offsets and lines stay.
func blank(src []byte, end int) []byte {
	src = bytes.Clone(src)
	for i := range src[:end] {
		if src[i] != '\n' {
			src[i] = ' '
		}
	}
	return src
}

// A cutter walks the top level of lesson.md.
type cutter struct {
	*parser
	src       []byte
	textStart int // where the text begins that is not yet in a block
}

func (c *cutter) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		c.heading(n)
	case *ast.FencedCodeBlock:
		c.fenced(n)
	default:
		c.nested(n)
	}
}

// blocks returns where the next block goes.
func (c *cutter) blocks() *[]Block {
	if n := len(c.lesson.Steps); n > 0 {
		return &c.lesson.Steps[n-1].Blocks
	}
	return &c.lesson.Intro
}

func (c *cutter) add(b Block) {
	blocks := c.blocks()
	*blocks = append(*blocks, b)
}

// flush makes a Text of what stands before offset end.
func (c *cutter) flush(end int) {
	if c.textStart >= end {
		return
	}
	chunk := c.src[c.textStart:end]
	trimmed := bytes.TrimLeft(chunk, " \t\n")
	line := lineNumber(c.src, c.textStart+len(chunk)-len(trimmed))
	if md := strings.TrimSpace(string(trimmed)); md != "" {
		c.add(Text{Line: line, Markdown: md})
	}
}

// heading begins a step at a heading of the second level.
func (c *cutter) heading(n *ast.Heading) {
	start := lineStart(c.src, n.Pos())
	line := lineNumber(c.src, start)
	switch {
	case n.Level == 1:
		c.warnf(c.line(line), "Remove it, or make it a step with ##.", "there is a heading of the first level, and the title is in the front matter")
	case n.Level == 2 && c.src[n.Pos()] != '#':
		c.errorf(c.line(line), "Write ## before the heading, or an empty line before the line of dashes.", "a line of dashes makes this text a heading")
	case n.Level == 2:
		c.flush(start)
		c.textStart = lineEnd(c.src, start)
		c.step(line, strings.TrimSpace(string(n.Lines().Value(c.src))))
	}
}

func (c *cutter) step(line int, heading string) {
	title, inside, _ := cutAttributes(heading)
	a, err := parseAttributes(inside)
	if err != nil {
		c.errorf(c.line(line), "Write it as ## "+title+" {#some-id deadline=90s}. "+labelRule, "the step's attributes are malformed: %v", err)
	} else if a.id == "" {
		c.errorf(c.line(line), "Write it as ## "+title+" {#some-id}.", "the step has no id")
	}
	if bad := a.only(true, nil, []string{"deadline"}); bad != "" {
		c.warnf(c.line(line), "A step has an id and a deadline.", "unknown attribute %q is ignored", bad)
	}
	if title == "" {
		c.errorf(c.line(line), "Write what the step is about.", "the step has no title")
	}
	c.lesson.Steps = append(c.lesson.Steps, Step{ID: a.id, Title: title, Line: line, Deadline: c.deadline(line, a)})
}

func (c *cutter) deadline(line int, a attributes) time.Duration {
	value, ok := a.values["deadline"]
	if !ok {
		return DefaultDeadline
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 || d > maxDeadline {
		c.errorf(c.line(line), "Write a duration such as 90s or 2m, at most 1h.", "the deadline is %q", value)
	}
	return d
}

// A fence is a fenced code block that is not, or not only, for reading.
type fence struct {
	file  string
	line  int    // of the opening fence
	lang  string // the first word behind the fence
	attrs attributes
	body  []byte
}

func (b fence) pos() position { return position{file: b.file, line: b.line} }

// shell reports whether the block is marked as commands with that word.
func (b fence) shell(word string) bool {
	return b.lang == shellFence && slices.Contains(b.attrs.words, word)
}

// fenced makes a block of a fenced code block that has a meaning for us.
func (c *cutter) fenced(n *ast.FencedCodeBlock) {
	b, ok := c.fence(n)
	if !ok {
		return
	}
	start := lineStart(c.src, n.Pos())
	c.flush(start)
	c.textStart = c.fenceEnd(n)
	c.addFence(b)
}

// fence reads what stands behind the opening fence. ok is false if the block is
// only for reading.
func (c *cutter) fence(n *ast.FencedCodeBlock) (b fence, ok bool) {
	if n.Info == nil {
		return b, false
	}
	b = fence{file: c.lessonFile(), line: lineNumber(c.src, n.Pos()), body: n.Lines().Value(c.src)}
	info, inside, braces := cutAttributes(string(n.Info.Segment.Value(c.src)))
	b.lang = info
	var err error
	if b.attrs, err = parseAttributes(inside); err != nil {
		c.errorf(b.pos(), "Write it as sh {run}, sh {given}, checks, hint or question {#some-id}. "+labelRule, "the block's attributes are malformed: %v", err)
		return b, false
	}
	return b, c.special(b, braces)
}

// special reports whether a fence is one of ours, and tells about those that
// look as if they were meant to be.
func (c *cutter) special(b fence, braces bool) bool {
	ours := []string{checksFence, hintFence, questionFence}
	switch {
	case slices.Contains(ours, b.lang), b.shell(runWord), b.shell(givenWord):
		return true
	case braces:
		c.errorf(b.pos(), "Write sh {run}, sh {given}, checks, hint or question {#some-id}; leave the braces out if the block is only to be read.", "there is no block %s", shownFence(b))
	case within(1, b.lang, ours) != "":
		c.errorf(b.pos(), fmt.Sprintf("Did you mean %q?", within(1, b.lang, ours)), "there is no block %s", shownFence(b))
	}
	return false
}

func shownFence(b fence) string {
	if len(b.attrs.words) == 0 {
		return strconv.Quote(b.lang)
	}
	return strconv.Quote(b.lang + " {" + strings.Join(b.attrs.words, " ") + "}")
}

// fenceEnd returns the offset behind the closing fence. A block that is not
// closed has swallowed the rest of the lesson.
func (c *cutter) fenceEnd(n *ast.FencedCodeBlock) int {
	end := lineEnd(c.src, n.Pos())
	if lines := n.Lines(); lines.Len() > 0 {
		end = lineEnd(c.src, lines.At(lines.Len()-1).Start)
	}
	if strings.TrimSpace(string(c.src[end:lineEnd(c.src, end)])) == "" {
		c.errorf(c.line(lineNumber(c.src, n.Pos())), "Close it with a line of the same backquotes.", "the block is not closed")
	}
	return lineEnd(c.src, end)
}

func (c *cutter) addFence(b fence) {
	if len(c.lesson.Steps) == 0 {
		c.errorf(b.pos(), "Move it below the heading of a step.", "a %s block stands before the first step", b.lang)
		return
	}
	step := &c.lesson.Steps[len(c.lesson.Steps)-1]
	c.fenceAttributes(b)
	switch {
	case b.lang == checksFence:
		refs := c.checkRefs(b)
		step.Checks = append(step.Checks, refs...)
		c.add(Checks{Line: b.line, Refs: refs})
	case b.lang == hintFence:
		hint := Hint{Line: b.line, Markdown: c.nonEmpty(b)}
		step.Hints = append(step.Hints, hint)
		c.add(hint)
	case b.lang == questionFence:
		c.add(c.question(b))
	case b.shell(runWord):
		c.add(Run{Line: b.line, Commands: c.fenceCommands(b)})
	default:
		c.add(Given{Line: b.line, Commands: c.fenceCommands(b)})
	}
}

func (c *cutter) fenceAttributes(b fence) {
	var words []string
	if b.lang == shellFence {
		words = []string{runWord, givenWord}
	}
	if bad := b.attrs.only(b.lang == questionFence, words, nil); bad != "" {
		c.warnf(b.pos(), "Remove it.", "unknown attribute %q of the %s block is ignored", bad, b.lang)
	}
	if b.shell(runWord) && b.shell(givenWord) {
		c.errorf(b.pos(), "Keep run if the learner types it, given if the runner does.", "the block is both run and given")
	}
}

func (c *cutter) nonEmpty(b fence) string {
	s := strings.TrimSpace(string(b.body))
	if s == "" {
		c.errorf(b.pos(), "Write something into it, or remove it.", "the %s block is empty", b.lang)
	}
	return s
}

// checkRefs reads the lines of a checks block: a name and its points.
func (c *cutter) checkRefs(b fence) []CheckRef {
	c.nonEmpty(b)
	var refs []CheckRef
	for i, l := range strings.Split(string(b.body), "\n") {
		if strings.TrimSpace(l) != "" {
			refs = append(refs, c.checkRef(b.line+1+i, strings.Fields(l)))
		}
	}
	return refs
}

func (c *cutter) checkRef(line int, words []string) CheckRef {
	ref := CheckRef{Name: words[0], Line: line}
	if !token.IsIdentifier(ref.Name) || !token.IsExported(ref.Name) {
		c.errorf(c.line(line), "Write the name of an exported function of "+checksFile+".", "%q is no name of a check", ref.Name)
	}
	if len(words) == 2 {
		ref.Points, _ = strconv.Atoi(words[1])
	}
	if ref.Points < 1 || ref.Points > maxPoints {
		c.errorf(c.line(line), "Write the points behind the name, such as: "+ref.Name+" 2.", "check %s has no points", ref.Name)
	}
	return ref
}

// fenceCommands reads the commands of a run or given block.
func (c *cutter) fenceCommands(b fence) []Command {
	c.nonEmpty(b)
	return c.shell(b.file, b.line, b.body)
}

// nested tells about our blocks inside a list or a quotation, where the runner
// would not see them.
func (c *cutter) nested(n ast.Node) {
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		block, ok := n.(*ast.FencedCodeBlock)
		if !entering || !ok {
			return ast.WalkContinue, nil
		}
		if b, ok := c.fence(block); ok {
			c.errorf(b.pos(), "Move it to the left margin.", "the %s block stands inside a list or a quotation, where it has no effect", b.lang)
		}
		return ast.WalkContinue, nil
	})
}
