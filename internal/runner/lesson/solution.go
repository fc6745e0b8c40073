package lesson

import (
	"slices"
	"strings"
)

// solutions gives each step its commands and, to exercises, their files.
func (p *parser) solutions() {
	p.lesson.start = p.tree.under(startDir)
	for i := range p.lesson.Steps {
		p.solution(&p.lesson.Steps[i])
	}
	p.strays(solutionDir)
}

func (p *parser) solution(s *Step) {
	s.commands = s.runCommands()
	if s.ID == "" {
		return
	}
	dir := solutionDir + "/" + s.ID
	files := p.tree.under(dir)
	guided := slices.ContainsFunc(s.Blocks, func(b Block) bool { _, ok := b.(Run); return ok })
	switch {
	case guided && len(files) > 0:
		p.errorf(p.line(s.Line), "Move the commands to "+dir+"/"+CommandsFile+", or remove the directory.", "step %q has run blocks and %s", s.ID, dir)
	case guided:
	case len(files) == 0 && len(s.Checks) > 0:
		p.errorf(p.line(s.Line), "Add "+dir+" with the files or commands that make them pass, or an sh {run} block.", "step %q has checks, and nothing that makes them pass", s.ID)
	case len(files) > 0:
		s.Exercise = true
		s.solution, s.commands = p.overlay(dir, files)
	}
}

// overlay splits the files of solution/<step>/ into files and commands.
func (p *parser) overlay(dir string, files []File) ([]File, []Command) {
	var commands []Command
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == CommandsFile })
	if i < 0 {
		return files, nil
	}
	commands = p.script(p.file(dir+"/"+CommandsFile), files[i].Data)
	return slices.Delete(files, i, i+1), commands
}

// strays tells about directories in dir that belong to no step, and about files
// that belong to no directory.
func (p *parser) strays(dir string) {
	dirs, files := p.tree.directories(dir)
	for _, name := range dirs {
		if _, ok := p.lesson.Step(name); !ok {
			p.errorf(position{file: p.file(dir + "/" + name)}, p.stepRemedy(name), "there is no step %q", name)
		}
	}
	for _, name := range files {
		if name != caseFile {
			p.errorf(position{file: p.file(dir + "/" + name)}, "Move it into the directory of a step.", "the file belongs to no step")
		}
	}
}

// stepRemedy says which steps there are.
func (p *parser) stepRemedy(name string) string {
	var ids []string
	for _, s := range p.lesson.Steps {
		if s.ID != "" && !slices.Contains(ids, s.ID) {
			ids = append(ids, s.ID)
		}
	}
	if near := nearest(name, ids); near != "" {
		return "Did you mean " + near + "?"
	}
	if len(ids) == 0 {
		return "The lesson has no steps."
	}
	return "The steps are " + strings.Join(ids, ", ") + "."
}
