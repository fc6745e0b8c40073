package lesson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	markdown "github.com/yuin/goldmark/parser"
)

// The files and directories of a lesson directory.
const (
	lessonFile  = "lesson.md"
	checksFile  = "checks/checks.go"
	startDir    = "start"
	solutionDir = "solution"
	wrongDir    = "wrong"
	caseFile    = "case.yaml"
)

// Parse reads the lesson directory name of fsys, which holds the lessons of a
// course.
//
// If there is no such lesson the error is an *UnknownError; if the lesson is not
// valid it is an *InvalidError with every problem that was found. Other errors
// mean that a file could not be read. Warnings alone are in Lesson.Warnings.
func Parse(fsys fs.FS, name string) (*Lesson, error) {
	if err := find(fsys, name); err != nil {
		return nil, err
	}
	p := &parser{fsys: fsys, name: name, markdown: goldmark.DefaultParser(), lesson: &Lesson{
		Name: name, Cluster: Cluster{Nodes: 1}, Isolation: IsolationNamespace, Paces: []float64{1},
	}}
	if err := p.readTree(); err != nil {
		return nil, err
	}
	p.parse()
	found := p.problems.sorted()
	if p.problems.haveErrors() {
		return nil, &InvalidError{Lesson: name, Problems: found}
	}
	p.lesson.Warnings = found
	return p.lesson, nil
}

// find returns an error if there is no lesson with that name.
func find(fsys fs.FS, name string) error {
	if isLabel(name) {
		_, err := fs.Stat(fsys, path.Join(name, lessonFile))
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	known, _ := List(fsys) // a broken course is no reason to hide that the name is unknown
	return &UnknownError{Name: name, Nearest: nearest(name, known)}
}

// UnknownError says that there is no lesson with that name. It is a mistake in
// what was typed, not in a lesson.
type UnknownError struct {
	Name    string
	Nearest string // the lesson that was most likely meant, or empty
}

func (e *UnknownError) Error() string {
	const list = `"k8slab list" shows all lessons`
	if e.Nearest == "" {
		return fmt.Sprintf("there is no lesson %q; %s", e.Name, list)
	}
	return fmt.Sprintf("there is no lesson %q; did you mean %q? %s", e.Name, e.Nearest, list)
}

// A parser reads one lesson.
type parser struct {
	fsys     fs.FS
	name     string
	markdown markdown.Parser // to make one costs more than to use it
	tree     tree
	lesson   *Lesson
	problems problems

	source     []byte   // of lesson.md
	frontRead  bool     // there is front matter to compare the rest with
	pointsAt   position // of the front matter's points
	imagesLine int      // of the front matter's images, 0 if it has none
}

func (p *parser) errorf(at position, remedy, format string, args ...any) {
	p.problems.errorf(at, remedy, format, args...)
}

func (p *parser) warnf(at position, remedy, format string, args ...any) {
	p.problems.warnf(at, remedy, format, args...)
}

// file returns the path, from the root of the lessons, of a file of this one.
func (p *parser) file(name string) string { return path.Join(p.name, name) }

func (p *parser) lessonFile() string { return p.file(lessonFile) }

// line is a line of lesson.md.
func (p *parser) line(n int) position { return position{file: p.lessonFile(), line: n} }

// parse reads all parts and then compares them with each other.
func (p *parser) parse() {
	src, ok := p.tree[lessonFile]
	if !ok {
		return // no regular file: readTree has said so
	}
	if p.source, ok = p.plain(p.lessonFile(), src); !ok {
		return
	}
	front, body, ok := splitFrontMatter(p.source)
	if !ok {
		p.errorf(p.line(1), "Begin the file with a line ---, then format: 1 and the other keys, then another line ---.", "there is no front matter")
	}
	if ok {
		p.frontMatter(front)
	}
	p.body(body)
	p.solutions()
	p.cases()
	p.validate()
}

// plain returns the text of a file with line feeds as its only line breaks. It
// returns false for a file whose lines people and parsers would count in
// different ways.
func (p *parser) plain(file string, src []byte) ([]byte, bool) {
	if !utf8.Valid(src) {
		p.errorf(position{file: file}, "Save it as UTF-8.", "the file is not UTF-8")
		return nil, false
	}
	src = bytes.TrimPrefix(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")), []byte("\ufeff"))
	if i := bytes.IndexAny(src, "\r\u0085\u2028\u2029"); i >= 0 {
		p.errorf(position{file: file, line: lineNumber(src, i)}, "Use ordinary line breaks.", "the line has a line break of an unusual kind")
		return nil, false
	}
	return src, true
}

// lineEnd returns the offset after the line of src that contains offset.
func lineEnd(src []byte, offset int) int {
	if i := bytes.IndexByte(src[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(src)
}

// lineStart returns the offset of the start of the line that contains offset.
func lineStart(src []byte, offset int) int {
	return bytes.LastIndexByte(src[:offset], '\n') + 1
}

// lineNumber returns the number, from 1, of the line that contains offset.
func lineNumber(src []byte, offset int) int {
	return bytes.Count(src[:offset], []byte("\n")) + 1
}
