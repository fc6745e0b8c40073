package existing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
)

// Work is what people will do in a lab, so far as that is known before.
type Work struct {
	Manifests [][]byte // YAML or JSON
	Commands  []string // lines with kubectl in them
}

// The verbs of those who look, and of those who also change.
var (
	looking  = []string{"get", "list", "watch"}
	changing = []string{"create", "update", "patch", "delete"}
)

// base is what every lab needs: namespaces of its own, what is recorded, and Pods.
func base() []Need {
	needs := []Need{
		{Resource: schema.GroupResource{Resource: "namespaces"}, Verbs: []string{"get", "list", "create", "delete"}},
		{Resource: schema.GroupResource{Resource: "nodes"}, Verbs: looking},
		inside("", "serviceaccounts", "get"),
		inside("", "pods", "deletecollection"),
		inside("", "pods", changing...),
		inside("", "pods/log", "get"),
	}
	for _, k := range recorded() {
		needs = append(needs, inside(k.Group, k.Resource, looking...))
	}
	return needs
}

// needs returns what the work needs of a cluster, besides base.
func (w Work) needs(d discovery.DiscoveryInterface) ([]Need, error) {
	kinds, err := w.kinds()
	if err != nil {
		return nil, err
	}
	words := w.words()
	if len(kinds) == 0 && len(words) == 0 {
		return nil, nil
	}
	lists, err := d.ServerPreferredResources()
	if err != nil && len(lists) == 0 {
		return nil, fmt.Errorf("ask for the kinds of objects that there are: %w", err)
	}
	var needs []Need
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			if n, needed := needOf(gv.Group, r, kinds, words); needed {
				needs = append(needs, n)
			}
		}
	}
	return needs, nil
}

// needOf says whether the work has to do with a resource. Whoever names one in a
// command may change it; what is in no namespace is only looked at.
func needOf(group string, r metav1.APIResource, kinds []schema.GroupKind, words []string) (Need, bool) {
	n := Need{Resource: schema.GroupResource{Group: group, Resource: r.Name}, Namespaced: r.Namespaced, Verbs: looking}
	submitted := slices.Contains(kinds, schema.GroupKind{Group: group, Kind: r.Kind})
	named := slices.ContainsFunc(append(r.ShortNames, r.Name, r.SingularName), func(name string) bool { return name != "" && slices.Contains(words, name) })
	if submitted || named && r.Namespaced {
		n.Verbs = slices.Concat(looking, changing)
	}
	return n, submitted || named
}

// kinds are the kinds of the objects in the manifests.
func (w Work) kinds() ([]schema.GroupKind, error) {
	var kinds []schema.GroupKind
	for _, m := range w.Manifests {
		documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(m), 4096)
		for {
			var object metav1.TypeMeta
			err := documents.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read a manifest: %w", err)
			}
			if kind := object.GroupVersionKind().GroupKind(); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds, nil
}

// word is what may be the name of a resource in a command line.
var word = regexp.MustCompile(`[a-z][a-z.]*`)

// words are those of the commands that call kubectl, verbs and names among them.
func (w Work) words() []string {
	var words []string
	for _, line := range w.Commands {
		if strings.Contains(line, "kubectl ") {
			words = append(words, word.FindAllString(line, -1)...)
		}
	}
	return words
}
