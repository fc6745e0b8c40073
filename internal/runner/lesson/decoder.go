package lesson

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A decoder reads YAML that a person wrote, and says in their words and at their
// lines what is wrong with it. Unknown keys are warnings, so that a lesson for a
// newer k8slab still plays; malformed values are errors.
type decoder struct {
	problems *problems
	file     string
	line     int // lines of file before the YAML
}

// A field is a key of a mapping.
type field struct {
	name     string
	required bool
	set      func(*yaml.Node)
}

func (d decoder) at(n *yaml.Node) position {
	return position{d.file, d.line + n.Line, n.Column}
}

// document reads src, which must be one mapping; what is its name in messages.
// It returns false if there was no mapping to read.
func (d decoder) document(src []byte, what string, fields []field) bool {
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		d.syntax(err)
		return false
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	if len(doc.Content) > 0 {
		root = doc.Content[0]
	}
	return d.mapping(root, what, fields)
}

// errLine finds the line in a message of the YAML parser, which leaves it out
// where it counts it as 0.
var errLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)`)

// offByOne begins the messages in which the YAML parser counts lines from 0.
const offByOne = "did not find expected"

func (d decoder) syntax(err error) {
	m := errLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], offByOne) {
		line++
	}
	d.problems.errorf(position{d.file, d.line + max(line, 1), 0}, "Check the indentation and quote values that contain a colon.", "YAML: %s", m[2])
}

// mapping calls the setter of each field that is there. It returns false if n is
// no mapping.
func (d decoder) mapping(n *yaml.Node, what string, fields []field) bool {
	if n.Kind != yaml.MappingNode {
		d.problems.errorf(d.at(n), "Write key: value lines.", "%s is not a mapping", what)
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d.entry(n.Content[i], n.Content[i+1], fields, seen)
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			d.problems.errorf(position{d.file, d.line + n.Line, 0}, fmt.Sprintf("Add %s:.", f.name), "%s has no %s", what, f.name)
		}
	}
	return true
}

func (d decoder) entry(key, value *yaml.Node, fields []field, seen map[string]bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
	switch {
	case i < 0:
		d.unknown(key, fields)
	case seen[key.Value]:
		d.problems.errorf(d.at(key), "Keep one of them.", "key %q is there twice", key.Value)
	default:
		seen[key.Value] = true
		fields[i].set(value)
	}
}

func (d decoder) unknown(key *yaml.Node, fields []field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	remedy := fmt.Sprintf("The known keys are %s.", strings.Join(names, ", "))
	if near := nearest(key.Value, names); near != "" {
		remedy = fmt.Sprintf("Did you mean %q?", near)
	}
	d.problems.warnf(d.at(key), remedy, "unknown key %q is ignored", key.Value)
}

// text reads a scalar that is not empty.
func (d decoder) text(n *yaml.Node, name string) string {
	s := strings.TrimSpace(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || s == "" {
		d.problems.errorf(d.at(n), "Write some text, in quotes if it contains a colon.", "%s is not text", name)
		return ""
	}
	return s
}

// oneLine reads a text without line breaks.
func (d decoder) oneLine(n *yaml.Node, name string) string {
	s := d.text(n, name)
	if strings.Contains(s, "\n") {
		d.problems.errorf(d.at(n), "Write it in one line.", "%s has several lines", name)
	}
	return s
}

// texts reads a list of texts that is not empty.
func (d decoder) texts(n *yaml.Node, name string) []string {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		d.problems.errorf(d.at(n), fmt.Sprintf("Write %s: and below it a line starting with a dash for each entry.", name), "%s is not a list", name)
		return nil
	}
	var all []string
	for _, c := range n.Content {
		all = append(all, d.text(c, name+" entry"))
	}
	return all
}

func (d decoder) textOrTexts(n *yaml.Node, name string) []string {
	if n.Kind == yaml.SequenceNode {
		return d.texts(n, name)
	}
	if s := d.text(n, name); s != "" {
		return []string{s}
	}
	return nil
}

// count reads a whole number between low and high.
func (d decoder) count(n *yaml.Node, name string, low, high int) int {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < low || i > high {
		d.problems.errorf(d.at(n), fmt.Sprintf("Write a whole number from %d to %d.", low, high), "%s is %s", name, shown(n))
		return 0
	}
	return i
}

// format refuses what was written for a newer k8slab.
func (d decoder) format(n *yaml.Node, newest int, what string) {
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || err != nil || v < 1:
		d.problems.errorf(d.at(n), fmt.Sprintf("Write format: %d.", newest), "format is %s", shown(n))
	case v > newest:
		d.problems.errorf(d.at(n), "Use a newer k8slab for this "+what+".", "format is %d, and this k8slab reads formats up to %d", v, newest)
	}
}

// numbers reads a list of numbers.
func (d decoder) numbers(n *yaml.Node, name string) []float64 {
	if n.Kind != yaml.SequenceNode {
		d.problems.errorf(d.at(n), "Write a list such as [1, 5].", "%s is not a list", name)
		return nil
	}
	var all []float64
	for _, c := range n.Content {
		f, err := strconv.ParseFloat(c.Value, 64)
		if c.Kind != yaml.ScalarNode || err != nil || !(f > 0) || f > 1000 {
			d.problems.errorf(d.at(c), "Write a number greater than 0, at most 1000.", "%s entry is %s", name, shown(c))
			continue
		}
		all = append(all, f)
	}
	return all
}

// shown names a value in a message.
func shown(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "not a single value"
	case n.Value == "":
		return "empty"
	default:
		return strconv.Quote(n.Value)
	}
}

// documents returns the documents of a YAML file.
func (d decoder) documents(src []byte) []*yaml.Node {
	var all []*yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(src)))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			d.syntax(err)
			return all
		}
		all = append(all, &doc)
	}
}
