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
		for _, c := range slices.Concat(s.given(), s.commands) {
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
		words = append(words, a.Lit())
	}
	if follows := words[0] == "logs"; follows {
		return nil // there -f means to follow
	}
	for i, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case slices.Contains([]string{"--filename", "--kustomize", "-f", "-k"}, name) && value != "":
			all = append(all, value)
		case slices.Contains([]string{"--filename", "--kustomize", "-f", "-k"}, w) && i+1 < len(words) && words[i+1] != "":
			all = append(all, words[i+1])
		}
	}
	return all
}
