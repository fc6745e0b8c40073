package manifest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// object lints one object.
func (l *linter) object(n *yaml.Node) {
	apiVersion, kind := value(n, "apiVersion"), value(n, "kind")
	if n.Kind != yaml.MappingNode || apiVersion == nil && kind == nil && value(n, "metadata") == nil && value(n, "spec") == nil {
		return // some other YAML
	}
	switch {
	case kind == nil || kind.Value == "":
		l.report(n, "Write which kind of object it is, such as kind: Deployment.", "the object has no kind")
		return
	case apiVersion == nil || apiVersion.Value == "":
		l.report(n, l.versionRemedy(kind.Value), "the object has no apiVersion")
		return
	}
	if kind.Value == "List" {
		for _, item := range elements(value(n, "items")) {
			l.object(item)
		}
		return
	}
	t := l.typeOf(apiVersion, kind)
	if t == nil {
		return
	}
	l.name(n)
	l.fields(n, t, where{root: t, kind: kind.Value})
	l.mistakes(n, kind.Value)
}

func elements(n *yaml.Node) []*yaml.Node {
	if n = resolve(n); n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// typeOf returns the Go type of an object; nil if it is not known, which is a problem only
// if something else was most likely meant.
func (l *linter) typeOf(apiVersion, kind *yaml.Node) reflect.Type {
	gv, err := schema.ParseGroupVersion(apiVersion.Value)
	if err != nil {
		l.report(apiVersion, l.versionRemedy(kind.Value), "apiVersion %q is none", apiVersion.Value)
		return nil
	}
	if t, known := scheme.Scheme.AllKnownTypes()[gv.WithKind(kind.Value)]; known {
		return t
	}
	if versions := versionsOf(kind.Value); len(versions) > 0 {
		if !strings.Contains(gv.Group, ".") || scheme.Scheme.IsGroupRegistered(gv.Group) {
			l.report(apiVersion, l.versionRemedy(kind.Value), "there is no %s in apiVersion %s", kind.Value, apiVersion.Value)
		}
		return nil // else somebody else's kind of the same name
	}
	if near := nearest(kind.Value, kinds(), 3); near != "" {
		l.report(kind, fmt.Sprintf("Did you mean %s? Upper and lower case count.", near), "there is no kind %s", kind.Value)
	}
	return nil
}

func (l *linter) versionRemedy(kind string) string {
	versions := versionsOf(kind)
	if len(versions) == 0 {
		return "`kubectl api-resources` lists kinds and their versions."
	}
	return fmt.Sprintf("Write apiVersion: %s.", versions[0])
}

// versionsOf returns the API versions that have a kind, those that are stable first.
func versionsOf(kind string) []string {
	var all []schema.GroupVersion
	for gvk := range scheme.Scheme.AllKnownTypes() {
		if gvk.Kind == kind && gvk.Version != "__internal" {
			all = append(all, gvk.GroupVersion())
		}
	}
	slices.SortFunc(all, func(a, b schema.GroupVersion) int {
		return cmp.Or(cmp.Compare(age(a), age(b)), cmp.Compare(a.String(), b.String()))
	})
	var versions []string
	for _, gv := range all {
		versions = append(versions, gv.String())
	}
	return versions
}

// age ranks a version: the group extensions is gone, alpha and beta come after stable.
func age(gv schema.GroupVersion) int {
	switch {
	case gv.Group == "extensions":
		return 3
	case strings.Contains(gv.Version, "alpha"):
		return 2
	case strings.Contains(gv.Version, "beta"):
		return 1
	default:
		return 0
	}
}

// kinds returns what a person may have meant.
func kinds() []string {
	var all []string
	for gvk := range scheme.Scheme.AllKnownTypes() {
		if gvk.Version == "v1" || gvk.Version == "v2" {
			if !strings.HasSuffix(gvk.Kind, "List") && !strings.HasSuffix(gvk.Kind, "Options") {
				all = append(all, gvk.Kind)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// name wants every object to have one.
func (l *linter) name(n *yaml.Node) {
	metadata := at(n, "metadata")
	if metadata == nil || metadata.Kind != yaml.MappingNode {
		l.report(n, "Write metadata: and below it, two spaces further in, name: and a name.", "the object has no metadata")
		return
	}
	if at(metadata, "name") == nil && at(metadata, "generateName") == nil {
		l.report(metadata, "Write name: below metadata, two spaces further in.", "the object has no name")
	}
}

// nearest returns the known word that somebody who wrote word most likely meant, or "" if
// none is near: about a third of the letters, and at most that many, may differ.
func nearest(word string, known []string, most int) string {
	best, distance := "", min((len(word)+2)/3, most)+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}
