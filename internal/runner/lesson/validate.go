package lesson

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// validate compares the parts of the lesson with each other.
func (p *parser) validate() {
	p.uniqueSteps()
	p.uniqueQuestions()
	p.uniqueChecks()
	p.pointsAddUp()
	p.checksSource()
	p.manifests()
	p.operands()
	p.links()
}

func (p *parser) uniqueSteps() {
	seen := map[string]int{}
	for _, s := range p.lesson.Steps {
		p.unique(seen, "step", s.ID, s.Line)
	}
}

func (p *parser) uniqueQuestions() {
	seen := map[string]int{}
	for _, s := range p.lesson.Steps {
		for _, b := range s.Blocks {
			if q, ok := b.(Question); ok {
				p.unique(seen, "question", q.ID, q.Line)
			}
		}
	}
}

func (p *parser) uniqueChecks() {
	seen := map[string]int{}
	for _, c := range p.lesson.Checks() {
		p.unique(seen, "check", c.Name, c.Line)
	}
}

func (p *parser) unique(seen map[string]int, what, id string, line int) {
	if first, ok := seen[id]; ok && id != "" {
		p.errorf(p.line(line), "Give one of them another name, or remove it.", "%s %q is there already, in line %d", what, id, first)
		return
	}
	seen[id] = line
}

func (p *parser) pointsAddUp() {
	sum := 0
	for _, c := range p.lesson.Checks() {
		sum += c.Points
	}
	if p.pointsAt.line > 0 && sum != p.lesson.Points {
		p.errorf(p.pointsAt, fmt.Sprintf("Write points: %d, or change the points of the checks.", sum), "the points of the checks add up to %d, not to %d", sum, p.lesson.Points)
	}
}

func (p *parser) checksSource() {
	refs := p.lesson.Checks()
	if len(refs) == 0 {
		return
	}
	src, ok := p.tree[checksFile]
	if !ok {
		p.errorf(p.line(refs[0].Line), "Add "+checksFile+" with the function "+refs[0].Name+".", "the lesson has checks and no %s", checksFile)
		return
	}
	p.lesson.checks = File{Path: checksFile, Data: src}
}

// manifests reads the YAML files of the learner's workspace and compares their
// images with the front matter.
func (p *parser) manifests() {
	used := map[string]bool{}
	for _, dir := range []string{startDir, solutionDir, wrongDir} {
		for _, f := range p.tree.under(dir) {
			if isYAML(f.Path) && !(dir == wrongDir && strings.Count(f.Path, "/") == 1) {
				p.manifest(dir+"/"+f.Path, f.Data, p.frontRead && dir != wrongDir, used)
			}
		}
	}
	p.unusedImages(used)
}

func (p *parser) manifest(name string, src []byte, listed bool, used map[string]bool) {
	d := decoder{problems: &p.problems, file: p.file(name)}
	for _, doc := range d.documents(src) {
		eachImage(doc, func(n *yaml.Node) {
			if listed && !used[n.Value] && !slices.Contains(p.lesson.Images, n.Value) {
				p.errorf(d.at(n), fmt.Sprintf("Add %q to images in the front matter.", n.Value), "image %q is not listed", n.Value)
			}
			used[n.Value] = true
		})
	}
}

// unusedImages warns about images that only the front matter names. A command
// may use one that no manifest does.
func (p *parser) unusedImages(used map[string]bool) {
	var typed strings.Builder
	for _, s := range p.lesson.Steps {
		for _, c := range slices.Concat(s.Given(), s.commands) {
			typed.WriteString(c.Text + "\n")
		}
	}
	for _, image := range p.lesson.Images {
		if image != "" && !used[image] && !strings.Contains(typed.String(), image) {
			p.warnf(p.line(p.imagesLine), "Remove it from images.", "image %q is listed and not used", image)
		}
	}
}

// containerLists are the keys of a Pod's spec that hold containers.
var containerLists = []string{"containers", "initContainers", "ephemeralContainers"}

// eachImage calls found for the image of every container in a manifest.
func eachImage(n *yaml.Node, found func(*yaml.Node)) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && slices.Contains(containerLists, n.Content[i-1].Value) {
			containerImages(child, found)
		}
		eachImage(child, found)
	}
}

func containerImages(list *yaml.Node, found func(*yaml.Node)) {
	for _, container := range list.Content {
		for i := 0; i+1 < len(container.Content); i += 2 {
			if v := container.Content[i+1]; container.Content[i].Value == "image" && v.Kind == yaml.ScalarNode {
				found(v)
			}
		}
	}
}
