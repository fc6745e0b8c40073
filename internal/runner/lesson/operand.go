package lesson

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// operands looks at the files that the commands of each step name. They must be
// in the workspace by then: in start/, or in the solution of that step or of one
// before it.
func (p *parser) operands() {
	workspace := paths(p.lesson.start)
	for _, s := range p.lesson.Steps {
		workspace = append(workspace, paths(s.solution)...)
		for _, c := range slices.Concat(s.Given(), s.commands) {
			for _, name := range fileOperands(c.Text) {
				p.operand(c, name, workspace)
			}
		}
	}
}

func paths(files []File) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.Path)
	}
	return all
}

func (p *parser) operand(c Command, name string, workspace []string) {
	at := position{file: c.File, line: c.Line}
	clean := path.Clean(name)
	inside := func(f string) bool { return f == clean || clean == "." || strings.HasPrefix(f, clean+"/") }
	switch {
	case name == "-":
	case strings.Contains(name, "://"):
		p.errorf(at, "Copy the file into "+startDir+"/.", "the command reads %s from the network", name)
	case path.IsAbs(name), clean == "..", strings.HasPrefix(clean, "../"):
		p.errorf(at, "Use a path inside the workspace.", "the command leaves the workspace with %s", name)
	case !slices.ContainsFunc(workspace, inside):
		p.errorf(at, "Add "+startDir+"/"+clean+", or correct the name.", "there is no file %s in the workspace", name)
	}
}

// fileOperands returns the files that kubectl is told to read with -f, -k or
// their long forms, as far as they are written out.
func fileOperands(command string) []string {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(command), "")
	if err != nil {
		return nil
	}
	var all []string
	syntax.Walk(f, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 1 && call.Args[0].Lit() == "kubectl" {
			all = append(all, operandsOf(call)...)
		}
		return true
	})
	return all
}

func operandsOf(call *syntax.CallExpr) []string {
	var words, all []string
	for _, a := range call.Args[1:] {
		words = append(words, literal(a))
	}
	if words[0] == "logs" {
		return nil // there -f means to follow
	}
	for i := 0; i < len(words); i++ {
		value, next := fileFlag(words[i])
		if next && i+1 < len(words) {
			i++
			value = words[i]
		}
		if value != "" {
			all = append(all, value)
		}
	}
	return all
}

// fileFlag returns the file that a word names, or says that the next word does.
func fileFlag(word string) (value string, next bool) {
	name, value, pair := strings.Cut(word, "=")
	switch {
	case name == "--filename" || name == "--kustomize":
		return value, !pair
	case strings.HasPrefix(word, "--"), !strings.HasPrefix(word, "-f") && !strings.HasPrefix(word, "-k"):
		return "", false
	}
	return strings.TrimPrefix(word[2:], "="), len(word) == 2
}

// literal returns a word without its quotes, or "" if something in it is
// computed.
func literal(w *syntax.Word) string {
	var b strings.Builder
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.WriteString(part.Value)
		case *syntax.SglQuoted:
			b.WriteString(part.Value)
		case *syntax.DblQuoted:
			b.WriteString(literal(&syntax.Word{Parts: part.Parts}))
		default:
			return ""
		}
	}
	return b.String()
}
