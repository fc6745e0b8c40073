package lesson

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// A Case is a near miss in wrong/<name>/: an answer that looks right and is not,
// which proves that the checks can tell.
type Case struct {
	Name    string // the directory's name, a DNS label
	Summary string // what the learner does, one sentence
	// Fails has every check that must fail. All others must pass.
	Fails []Failure

	steps map[string]overlay
}

// A Failure is what a check is expected to say about a case.
type Failure struct {
	Check   string
	Message string // a part of the finding's message
	Line    int    // in case.yaml
}

// An overlay replaces parts of a step.
type overlay struct {
	files    []File
	commands []Command // nil if the step's own stay
}

// With returns the lesson as somebody plays it who makes the mistakes of a case:
// the files of wrong/<case>/<step>/ are laid over the step's solution, and its
// commands.sh replaces the step's commands, of guided steps too.
func (l *Lesson) With(c Case) *Lesson {
	wrong := *l
	wrong.Steps = slices.Clone(l.Steps)
	for i := range wrong.Steps {
		wrong.Steps[i].lay(c.steps[wrong.Steps[i].ID])
	}
	return &wrong
}

// lay replaces the step's files that o has, adds its others, and replaces the
// commands if o has some. In a guided step they stand where its first run block
// stood.
func (s *Step) lay(o overlay) {
	s.solution = slices.Clone(s.solution)
	for _, f := range o.files {
		i, found := slices.BinarySearchFunc(s.solution, f.Path, byPath)
		if found {
			s.solution[i] = f
		} else {
			s.solution = slices.Insert(s.solution, i, f)
		}
	}
	if o.commands != nil {
		s.commands = o.commands
		s.Blocks = retyped(s.Blocks, o.commands)
	}
}

// retyped returns the blocks with those commands in the first run block, and
// without the other run blocks.
func retyped(blocks []Block, commands []Command) []Block {
	var all []Block
	done := false
	for _, b := range blocks {
		run, ok := b.(Run)
		switch {
		case !ok:
			all = append(all, b)
		case !done:
			all, done = append(all, Run{Line: run.Line, Commands: commands}), true
		}
	}
	return all
}

func byPath(f File, path string) int {
	switch {
	case f.Path < path:
		return -1
	case f.Path > path:
		return 1
	}
	return 0
}

// cases reads the near misses.
func (p *parser) cases() {
	dirs, files := p.tree.directories(wrongDir)
	for _, name := range files {
		p.errorf(position{file: p.file(wrongDir + "/" + name)}, "Move it into the directory of a case.", "the file belongs to no case")
	}
	for _, name := range dirs {
		p.lesson.Wrong = append(p.lesson.Wrong, p.wrongCase(name))
	}
}

func (p *parser) wrongCase(name string) Case {
	c := Case{Name: name, steps: map[string]overlay{}}
	dir := wrongDir + "/" + name
	if !isLabel(name) {
		p.errorf(position{file: p.file(dir)}, labelRule, "%q is no name of a case", name)
	}
	p.caseYAML(dir, &c)
	p.strays(dir)
	dirs, _ := p.tree.directories(dir)
	for _, step := range dirs {
		files, commands := p.overlay(dir+"/"+step, p.tree.under(dir+"/"+step))
		c.steps[step] = overlay{files, commands}
	}
	if len(dirs) == 0 {
		p.errorf(position{file: p.file(dir)}, "Add the directory of a step with the wrong files or commands.", "the case changes nothing")
	}
	return c
}

func (p *parser) caseYAML(dir string, c *Case) {
	name := dir + "/" + caseFile
	src, ok := p.tree[name]
	if !ok {
		p.errorf(position{file: p.file(dir)}, "Add "+caseFile+" with summary: and fails:.", "the case has no %s", caseFile)
		return
	}
	d := decoder{problems: &p.problems, file: p.file(name)}
	d.document(src, "the case", []field{
		{"summary", true, func(n *yaml.Node) { c.Summary = d.text(n, "summary") }},
		{"fails", true, func(n *yaml.Node) { c.Fails = p.failures(d, n) }},
	})
}

func (p *parser) failures(d decoder, n *yaml.Node) []Failure {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.problems.errorf(d.at(n), "Write - check: and message: for each check that must fail.", "fails is not a list")
		return nil
	}
	var all []Failure
	for _, entry := range n.Content {
		f := Failure{Line: d.line + entry.Line}
		d.mapping(entry, "the entry", []field{
			{"check", true, func(n *yaml.Node) { f.Check = p.knownCheck(d, n) }},
			{"message", true, func(n *yaml.Node) { f.Message = d.text(n, "message") }},
		})
		all = append(all, f)
	}
	return all
}

// knownCheck reads the name of a check that a step has.
func (p *parser) knownCheck(d decoder, n *yaml.Node) string {
	name := d.text(n, "check")
	var names []string
	for _, c := range p.lesson.Checks() {
		names = append(names, c.Name)
	}
	if name == "" || slices.Contains(names, name) {
		return name
	}
	remedy := "Write the name of a check that a step has."
	if near := nearest(name, names); near != "" {
		remedy = "Did you mean " + near + "?"
	}
	d.problems.errorf(d.at(n), remedy, "no step has a check %q", name)
	return name
}
