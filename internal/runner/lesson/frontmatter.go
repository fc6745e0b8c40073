package lesson

import (
	"bytes"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// providers are the clusters that a lesson may ask for.
var providers = []string{"embedded", "kind", "existing"}

// The largest values that front matter may state: whoever writes more has most
// likely mistyped.
const (
	maxMinutes = 600
	maxPoints  = 1000
	maxNodes   = 3
)

// versionPattern is a Kubernetes minor version.
var versionPattern = regexp.MustCompile(`^1\.\d+$`)

// splitFrontMatter returns the YAML between two lines --- at the start of src,
// and the offset of what follows. ok is false if they are not there.
func splitFrontMatter(src []byte) (front []byte, body int, ok bool) {
	const mark = "---\n"
	if !bytes.HasPrefix(src, []byte(mark)) {
		return nil, 0, false
	}
	for start := len(mark); start < len(src); {
		end := lineEnd(src, start)
		if string(bytes.TrimRight(src[start:end], "\n")) == "---" {
			return src[len(mark):start], end, true
		}
		start = end
	}
	return nil, 0, false
}

// frontMatter reads the front matter into the lesson.
func (p *parser) frontMatter(src []byte) {
	l := p.lesson
	d := decoder{problems: &p.problems, file: p.lessonFile(), line: 1}
	p.frontRead = d.document(src, "the front matter", []field{
		{"format", true, func(n *yaml.Node) { d.format(n, Format, "lesson") }},
		{"title", true, func(n *yaml.Node) { l.Title = d.oneLine(n, "title") }},
		{"summary", true, func(n *yaml.Node) { l.Summary = d.text(n, "summary") }},
		{"minutes", true, func(n *yaml.Node) { l.Minutes = d.count(n, "minutes", 1, maxMinutes) }},
		{"objectives", true, func(n *yaml.Node) { l.Objectives = d.texts(n, "objectives") }},
		{"prerequisites", false, func(n *yaml.Node) { l.Prerequisites = d.texts(n, "prerequisites") }},
		{"cluster", false, func(n *yaml.Node) { p.cluster(d, n) }},
		{"isolation", false, func(n *yaml.Node) { l.Isolation = d.isolation(n) }},
		{"images", false, func(n *yaml.Node) { l.Images, p.imagesLine = d.texts(n, "images"), d.line+n.Line }},
		{"paces", false, func(n *yaml.Node) { p.paces(d, n) }},
		{"points", true, func(n *yaml.Node) {
			l.Points, p.pointsAt = d.count(n, "points", 0, maxPoints), d.at(n)
		}},
	})
}

func (p *parser) cluster(d decoder, n *yaml.Node) {
	c := &p.lesson.Cluster
	d.mapping(n, "cluster", []field{
		{"nodes", false, func(n *yaml.Node) { c.Nodes = d.count(n, "nodes", 1, maxNodes) }},
		{"kubernetes", false, func(n *yaml.Node) { c.Kubernetes = d.version(n) }},
		{"provider", false, func(n *yaml.Node) { c.Provider = d.provider(n) }},
	})
}

func (d decoder) version(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || !versionPattern.MatchString(n.Value) {
		d.problems.errorf(d.at(n), `Write the minimum minor version in quotes, such as "1.36".`, "kubernetes is %s", shown(n))
		return ""
	}
	return n.Value
}

func (d decoder) provider(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains(providers, n.Value) {
		d.problems.errorf(d.at(n), "Write embedded, kind or existing, or leave it out if any will do.", "provider is %s", shown(n))
		return ""
	}
	return n.Value
}

func (d decoder) isolation(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || !slices.Contains([]string{IsolationNamespace, IsolationCluster}, n.Value) {
		d.problems.errorf(d.at(n), "Write namespace, or cluster if the lesson touches nodes or other objects that are in no namespace.", "isolation is %s", shown(n))
		return ""
	}
	return n.Value
}

func (p *parser) paces(d decoder, n *yaml.Node) {
	p.lesson.Paces = d.numbers(n, "paces")
	if n.Kind == yaml.SequenceNode && !slices.Contains(p.lesson.Paces, 1) {
		d.problems.errorf(d.at(n), "Add 1 to the list.", "paces does not contain 1, the pace of every grade")
	}
}
