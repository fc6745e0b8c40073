package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// where is a place in an object.
type where struct {
	root reflect.Type // of the object
	kind string       // its kind
	path []string     // keys from the root; numbers of entries are left out
}

func (w where) below(key string) where {
	w.path = append(slices.Clone(w.path), key)
	return w
}

// String is the place in a message, as in "spec.template.spec of the Deployment".
func (w where) String() string {
	if len(w.path) == 0 {
		return "a " + w.kind
	}
	return strings.Join(w.path, ".") + " of the " + w.kind
}

// Limits of what is looked at: aliases make a large object of a small file.
const (
	maxVisited = 50_000
	maxDepth   = 50
)

// unmarshaler is implemented by types that read their own text, such as quantities.
var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// fields compares a node with the type that it is read as.
func (l *linter) fields(n *yaml.Node, t reflect.Type, w where) {
	n = resolve(n)
	if l.visited++; l.visited > maxVisited || len(w.path) > maxDepth || n.Tag == "!!null" {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case reflect.PointerTo(t).Implements(unmarshaler):
		l.own(n, t, w)
	case t.Kind() == reflect.Struct:
		l.mapping(n, t, w)
	case t.Kind() == reflect.Map:
		l.labels(n, t, w)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		l.list(n, t, w)
	default:
		l.scalar(n, t, w)
	}
}

// mapping compares keys with the fields of a struct.
func (l *linter) mapping(n *yaml.Node, t reflect.Type, w where) {
	switch n.Kind {
	case yaml.MappingNode:
	case yaml.SequenceNode:
		l.report(n, "Remove the dash, and write its keys two spaces further in than the line above.", "%s is a list, and has to be key: value lines", last(w))
		return
	default:
		l.report(n, "Write key: value lines below it, two spaces further in.", "%s is %s, and has to be key: value lines", last(w), shown(n))
		return
	}
	known := fieldsOf(t)
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		field, ok := known[key.Value]
		switch {
		case seen[key.Value]:
			l.report(key, "Keep one of them.", "%s is there twice", key.Value)
		case key.Value == "<<": // a merge of another mapping
		case !ok:
			l.unknown(key, known, w)
		default:
			l.fields(v, field, w.below(key.Value))
		}
		seen[key.Value] = true
	}
}

// fieldsOf returns the types of a struct's fields by the names that they have in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case name == "-":
		case name == "" && (f.Anonymous || strings.Contains(options, "inline")) && inner.Kind() == reflect.Struct:
			for n, t := range fieldsOf(inner) {
				all[n] = t
			}
		case name != "":
			all[name] = f.Type
		}
	}
	return all
}

// unknown says what was meant with a key that does not exist here: another word, or another
// place, which wrong indentation makes of it.
func (l *linter) unknown(key *yaml.Node, known map[string]reflect.Type, w where) {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	remedy := fmt.Sprintf("The fields here are %s.", list(names))
	if near := nearest(key.Value, names, 3); near != "" {
		remedy = fmt.Sprintf("Did you mean %s?", near)
		if strings.EqualFold(near, key.Value) {
			remedy = fmt.Sprintf("Write %s: upper and lower case count.", near)
		}
	} else if place := home(w, key.Value); place != "" {
		remedy = fmt.Sprintf("It belongs in %s: correct the indentation.", place)
	}
	l.report(key, remedy, "there is no field %s in %s", key.Value, w)
}

// manyFields are more than somebody reads.
const manyFields = 12

func list(names []string) string {
	if len(names) > manyFields {
		return strings.Join(names[:manyFields], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// home returns the place nearest to w that has a field of that name, as a path, or "".
func home(w where, name string) string {
	const deep = 7
	var best []string
	var search func(t reflect.Type, path []string)
	search = func(t reflect.Type, path []string) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || len(path) > deep || reflect.PointerTo(t).Implements(unmarshaler) {
			return
		}
		known := fieldsOf(t)
		if _, ok := known[name]; ok && (best == nil || nearer(w.path, path, best)) {
			best = slices.Clone(path)
		}
		for key, f := range known {
			if !slices.Contains(path, key) || key == "spec" && len(path) < deep {
				search(f, append(slices.Clip(path), key))
			}
		}
	}
	search(w.root, []string{})
	if best == nil || far(w.path, best) {
		return ""
	}
	if len(best) == 0 {
		return "the " + w.kind + " itself, at the left margin"
	}
	return strings.Join(best, ".")
}

// nearer reports that a is nearer to from than b: fewer levels up and down, then more
// usual, which is taken to be shorter, then first by name.
func nearer(from, a, b []string) bool {
	da, db := steps(from, a), steps(from, b)
	if da != db {
		return da < db
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return strings.Join(a, ".") < strings.Join(b, ".")
}

// steps counts the levels between two places.
func steps(a, b []string) int {
	common := 0
	for common < min(len(a), len(b)) && a[common] == b[common] {
		common++
	}
	return len(a) + len(b) - 2*common
}

// far reports that nobody gets from one place to the other by wrong indentation.
func far(from, to []string) bool { return steps(from, to) > 3 }

// list compares the entries of a list.
func (l *linter) list(n *yaml.Node, t reflect.Type, w where) {
	if n.Kind != yaml.SequenceNode {
		l.report(n, "Begin each entry with a dash and a space.", "%s is %s, and has to be a list", last(w), shown(n))
		return
	}
	for _, entry := range n.Content {
		l.fields(entry, t.Elem(), w)
	}
}

// labels compares the values of a mapping with keys of one's own.
func (l *linter) labels(n *yaml.Node, t reflect.Type, w where) {
	if n.Kind != yaml.MappingNode {
		l.report(n, "Write key: value lines below it, two spaces further in.", "%s is %s, and has to be key: value lines", last(w), shown(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		l.fields(n.Content[i+1], t.Elem(), w.below(n.Content[i].Value))
	}
}

// own lets a type read its own text.
func (l *linter) own(n *yaml.Node, t reflect.Type, w where) {
	var v any
	if n.Decode(&v) != nil {
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		return // keys that are no text
	}
	into := reflect.New(t).Interface()
	if err := json.Unmarshal(text, into); err != nil {
		l.report(n, "`kubectl explain` says what may stand there.", "%s cannot be %s: %s", last(w), shown(n), plain(err))
	}
}

// plain leaves out of an error what only a programmer understands.
func plain(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimPrefix(text, "json: ")
}

// scalar compares a single value.
func (l *linter) scalar(n *yaml.Node, t reflect.Type, w where) {
	if n.Kind != yaml.ScalarNode {
		if t.Kind() != reflect.Interface {
			l.report(n, "Write one value behind the colon.", "%s is %s, and has to be a single value", last(w), shown(n))
		}
		return
	}
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	switch t.Kind() {
	case reflect.String:
		if n.Tag != "!!str" && n.Tag != "!!binary" && n.Tag != "!!timestamp" {
			l.report(n, fmt.Sprintf("Write it in quotes: %q.", n.Value), "%s has to be text, and %s is %s", last(w), n.Value, typeName(n.Tag))
		}
	case reflect.Int32, reflect.Int64, reflect.Int, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		switch {
		case n.Tag == "!!int":
		case quoted:
			l.report(n, "Write it without quotes.", "%s has to be a number, and %q is text", last(w), n.Value)
		default:
			l.report(n, "Write a whole number.", "%s has to be a whole number, and %q is none", last(w), n.Value)
		}
	case reflect.Bool:
		if n.Tag != "!!bool" {
			l.report(n, "Write true or false, without quotes.", "%s has to be true or false, and is %q", last(w), n.Value)
		}
	}
}

func typeName(tag string) string {
	switch tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	default:
		return "something else"
	}
}

// last is the key that a value belongs to.
func last(w where) string {
	if len(w.path) == 0 {
		return "the object"
	}
	return w.path[len(w.path)-1]
}

// shown names a value in a message.
func shown(n *yaml.Node) string {
	const long = 40
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "key: value lines"
	case n.Value == "":
		return "empty"
	case len(n.Value) > long:
		return fmt.Sprintf("%q…", strings.ToValidUTF8(n.Value[:long], ""))
	default:
		return fmt.Sprintf("%q", n.Value)
	}
}
