// Package manifest reads the YAML that a learner writes as the API server would read
// it, strictly, and says in words and with file and line what is wrong with it:
// what is no YAML, fields that do not exist and the one that was meant, values of the
// wrong type, and the mistakes that beginners make most. [Lint] is where to start.
//
// What fields there are is taken from Kubernetes' own Go types, so that nothing has to
// be kept up to date. Deliberately absent: what only the API server can know (what
// exists, quotas, defaults, admission) and judging whether a manifest does what
// a lesson asks for, which checks do.
package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is something that is wrong with a file.
type Problem struct {
	File    string
	Line    int    // from 1; 0 if it is about the whole file
	Column  int    // from 1; 0 if it is about the whole line
	Message string // without a final stop
	Remedy  string // a sentence: what to do about it
}

// maxProblems are as many as somebody reads.
const maxProblems = 20

// Lint returns what is wrong with manifests, by file and line. Files that are no
// manifests are left alone.
func Lint(files map[string][]byte) []Problem {
	var all []Problem
	for name, source := range files {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
			l := linter{file: name}
			l.lint(source)
			all = append(all, l.problems...)
		}
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return all[:min(len(all), maxProblems)]
}

// linter lints one file.
type linter struct {
	file     string
	problems []Problem
	visited  int // nodes, which aliases make many of
}

func (l *linter) report(at *yaml.Node, remedy, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.file, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (l *linter) lint(source []byte) {
	if l.tabs(source) {
		return
	}
	in := yaml.NewDecoder(strings.NewReader(string(source)))
	for {
		var document yaml.Node
		err := in.Decode(&document)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			l.syntax(source, err)
			return
		}
		if len(document.Content) == 1 {
			l.object(document.Content[0])
		}
	}
}

// tabs tells of lines that are indented with a tab, which YAML does not know. What the
// parser would say of them, nobody understands.
func (l *linter) tabs(source []byte) bool {
	if path.Ext(l.file) == ".json" {
		return false
	}
	block := false // in a text, where a tab is a tab
	indent := 0
	for i, line := range strings.Split(string(source), "\n") {
		text := strings.TrimLeft(line, " \t")
		margin := line[:len(line)-len(text)]
		if text == "" || text[0] == '#' {
			continue
		}
		if block && len(margin) > indent {
			continue
		}
		if strings.Contains(margin, "\t") {
			l.report(&yaml.Node{Line: i + 1, Column: strings.Index(margin, "\t") + 1}, "Indent with spaces, two for each level.", "the line is indented with a tab, which YAML does not allow")
			continue
		}
		block, indent = endsInBlock.MatchString(text), len(margin)
	}
	return len(l.problems) > 0
}

// endsInBlock matches a line after which a text of several lines follows.
var endsInBlock = regexp.MustCompile(`[|>][-+0-9]*\s*(#.*)?$`)

// yamlError is a message of the YAML parser, which leaves the line out where it counts it
// as 0.
var yamlError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(?s:(.*))$`)

// syntax says what the parser could not read.
func (l *linter) syntax(source []byte, err error) {
	m := yamlError.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], "did not find expected") {
		line++ // there the parser counts from 0
	}
	line = max(line, 1)
	remedy := "Compare the indentation with that of the lines above: what belongs together begins in the same column."
	text := lineOf(source, line)
	if noSpace.MatchString(text) {
		remedy = "Write a space behind the colon."
	} else if strings.Count(text, ": ") > 1 {
		remedy = "Put a value that contains a colon in quotes, and compare the indentation with that of the lines above."
	}
	l.report(&yaml.Node{Line: line}, remedy, "this is not valid YAML: %s", m[2])
}

// noSpace matches a key that its value follows too closely.
var noSpace = regexp.MustCompile(`^\s*(- )?[A-Za-z]+:[A-Za-z0-9"']`)

func lineOf(source []byte, line int) string {
	lines := strings.Split(string(source), "\n")
	if line > len(lines) {
		return ""
	}
	return lines[line-1]
}

// value returns the value of a key, nil if there is none.
func value(n *yaml.Node, key string) *yaml.Node {
	if _, v := pair(n, key); v != nil {
		return v
	}
	return nil
}

// pair returns a key and its value.
func pair(n *yaml.Node, key string) (k, v *yaml.Node) {
	n = resolve(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], resolve(n.Content[i+1])
		}
	}
	return nil, nil
}

// at returns the node on a path of keys, nil if there is none.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		n = value(n, k)
	}
	return resolve(n)
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
