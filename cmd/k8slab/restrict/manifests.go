package restrict

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// maxInput is how much a command may be given on its standard input.
const maxInput = 1 << 20

// checkInput reads the manifests on the standard input.
func (c *checker) checkInput() *refusal {
	if c.input != nil {
		return nil
	}
	var err error
	if c.input, err = io.ReadAll(io.LimitReader(c.Stdin, maxInput+1)); err != nil {
		return refuse("Put it into a file.", "the standard input cannot be read: %v", err)
	}
	if len(c.input) > maxInput {
		return refuse("Put less into it.", "the standard input has more than %d KiB", maxInput>>10)
	}
	return c.checkObjects("the standard input", c.input)
}

// checkManifests looks at the objects in a file, in the files of a directory, or
// in those that a pattern matches, as kubectl reads them.
func (c *checker) checkManifests(path string) *refusal {
	paths, err := filepath.Glob(path)
	if _, statErr := os.Stat(path); statErr == nil || err != nil {
		paths = []string{path}
	}
	for _, p := range paths {
		if err := c.checkTree(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkTree(path string) *refusal {
	var refused *refusal
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir(), name != path && !isManifest(name):
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if refused = c.checkObjects(c.shown(name), content); refused != nil {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // kubectl says that it is not there
		return refuse("Correct it.", "%s cannot be read: %v", c.shown(path), err)
	}
	return refused
}

func isManifest(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name))
}

// shown is a path as the learner has it.
func (c *checker) shown(path string) string {
	rel, err := filepath.Rel(c.Rules.Root, path)
	if err != nil {
		return path
	}
	return rel
}

// checkObjects looks at the objects in manifests, one document after the other as
// kubectl does, which goes on after one that is no object. What cannot be read at
// all, kubectl cannot read either, and says why.
func (c *checker) checkObjects(where string, content []byte) *refusal {
	if !utf8.Valid(content) {
		return refuse("Save it as UTF-8.", "%s is not UTF-8", where)
	}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		var document runtime.RawExtension
		if documents.Decode(&document) != nil {
			return nil
		}
		var object map[string]any
		if json.Unmarshal(document.Raw, &object) != nil {
			continue
		}
		if err := c.checkObject(where, object); err != nil {
			return err
		}
	}
}

func (c *checker) checkObject(where string, object map[string]any) *refusal {
	u := unstructured.Unstructured{Object: object}
	if items, isList := object["items"].([]any); isList {
		for _, item := range items {
			if inner, ok := item.(map[string]any); ok {
				if err := c.checkObject(where, inner); err != nil {
					return err
				}
			}
		}
		return nil
	}
	namespace, kind := u.GetNamespace(), u.GetKind()
	switch {
	case c.Rules.Cluster && namespace == "":
	case namespace != "" && namespace != c.Rules.Namespace:
		return refuse("Leave out metadata.namespace.", "%s %s in %s is in namespace %q, and the lesson is in %q", kind, u.GetName(), where, namespace, c.Rules.Namespace)
	case kind != "" && !c.Rules.Cluster && !slices.Contains(namespacedKinds, kind):
		return refuse("Leave it out; a lesson that needs it says isolation: cluster.", "%s %s in %s is not an object of the lesson's namespace", kind, u.GetName(), where)
	}
	return nil
}
