package restrict

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// maxBases is how deep kustomizations may stand on each other.
const maxBases = 10

// kustomizationFiles are the names that kustomize looks for.
var kustomizationFiles = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// kustomizationKeys are what a kustomization may have: nothing that runs programs or
// plugins, or that reads files in a way that is not looked at here.
var kustomizationKeys = strings.Fields(`
	apiVersion kind metadata resources components bases namespace namePrefix nameSuffix
	commonLabels labels commonAnnotations images replicas generatorOptions
	patches patchesStrategicMerge patchesJson6902 configMapGenerator secretGenerator`)

// checkKustomization looks at what kustomize would read for a directory: its own
// loader follows URLs and fetches repositories.
func (c *checker) checkKustomization(dir string) *refusal { return c.checkBase(dir, maxBases) }

func (c *checker) checkBase(dir string, left int) *refusal {
	if left == 0 {
		return refuse("Make them fewer.", "%s: more than %d kustomizations stand on each other", c.shown(dir), maxBases)
	}
	for _, name := range kustomizationFiles {
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			continue // without any, kustomize says so
		}
		k := map[string]any{}
		if err := yaml.UnmarshalStrict(content, &k); err != nil {
			return refuse("Correct it.", "%s: %v", c.shown(path), err)
		}
		if err := c.checkKeys(dir, path, k, left); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkKeys(dir, path string, k map[string]any, left int) *refusal {
	for key := range k {
		if !slices.Contains(kustomizationKeys, key) {
			return refuse("Use "+strings.Join(kustomizationKeys, ", ")+".", "%s: the key %q is not for lessons", c.shown(path), key)
		}
	}
	if namespace, ok := k["namespace"]; ok && namespace != c.Rules.Namespace {
		return refuse("Leave out namespace.", "%s: namespace %q is not that of the lesson", c.shown(path), namespace)
	}
	for _, name := range kustomizationPaths(k) {
		if err := c.checkReference(dir, path, name, left); err != nil {
			return err
		}
	}
	return nil
}

// checkReference looks at something that a kustomization names: a file or a
// directory of the submission, and nothing else.
func (c *checker) checkReference(dir, path, name string, left int) *refusal {
	const remedy = "Put it into the submission, and name it with a path inside it."
	if isURL(name) {
		return refuse(remedy, "%s: %s is read from the network", c.shown(path), name)
	}
	target := filepath.Join(dir, filepath.FromSlash(name))
	rel, err := filepath.Rel(c.Rules.Root, target)
	if filepath.IsAbs(name) || err != nil || !filepath.IsLocal(rel) {
		return refuse(remedy, "%s: %s is not in the workspace", c.shown(path), name)
	}
	info, err := os.Stat(target)
	switch {
	case err != nil: // kustomize would look for a repository of that name
		return refuse(remedy, "%s: there is no %s", c.shown(path), name)
	case info.IsDir():
		return c.checkBase(target, left-1)
	case isManifest(target) && info.Mode()&fs.ModeType == 0:
		return c.checkTree(target)
	}
	return nil
}

// kustomizationPaths returns what a kustomization names, wherever that stands.
func kustomizationPaths(k map[string]any) []string {
	var all []string
	for _, key := range []string{"resources", "components", "bases"} {
		all = append(all, texts(k[key])...)
	}
	for _, patch := range texts(k["patchesStrategicMerge"]) {
		if !strings.Contains(patch, "\n") { // else it is the patch itself
			all = append(all, patch)
		}
	}
	for _, key := range []string{"patches", "patchesJson6902"} {
		for _, patch := range mappings(k[key]) {
			all = append(all, fields(patch, "path")...)
		}
	}
	for _, key := range []string{"configMapGenerator", "secretGenerator"} {
		for _, generator := range mappings(k[key]) {
			all = append(all, fields(generator, "env")...)
			all = append(all, fields(generator, "envs")...)
			for _, file := range fields(generator, "files") {
				if _, path, ok := strings.Cut(file, "="); ok {
					file = path
				}
				all = append(all, file)
			}
		}
	}
	return all
}

// fields returns the texts of a key, however it is capitalised: kustomize does not
// mind that.
func fields(mapping map[string]any, name string) []string {
	var all []string
	for key, value := range mapping {
		if !strings.EqualFold(key, name) {
			continue
		}
		if s, ok := value.(string); ok && s != "" {
			all = append(all, s)
		}
		all = append(all, texts(value)...)
	}
	return all
}

func texts(list any) []string {
	var all []string
	entries, _ := list.([]any)
	for _, e := range entries {
		if s, ok := e.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

func mappings(list any) []map[string]any {
	var all []map[string]any
	entries, _ := list.([]any)
	for _, e := range entries {
		if m, ok := e.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}
