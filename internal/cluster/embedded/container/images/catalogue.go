// Package images is the registry and the image store of a simulated node.
//
// A Catalogue says which images exist: it is read from catalogue.yaml, a file meant for people. A
// Store is what one node has pulled; it answers as containerd answers the kubelet, with its texts
// and status codes.
//
// Deliberately absent: layers, manifests, credentials, and any network. Digests are made from names,
// so they are the same on every machine, but not those of the real images.
package images

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed catalogue.yaml
var builtin []byte

// format is the version of the catalogue's format that this package reads.
const format = 1

// Image is one image of the catalogue. It must not be changed.
type Image struct {
	Name       string   // repository with its registry, "docker.io/library/nginx"
	Tags       []string // that point at the image, the most specific first
	Version    string   // of the program, "1.25.5"
	ID         string   // digest of the image's configuration, "sha256:…"
	Digest     string   // digest of its manifest, "sha256:…"
	Program    string   // what its entrypoint runs, "nginx" for example, or "shell"
	Entrypoint []string
	Cmd        []string
	Env        []string // "KEY=value"
	Ports      []int
	SIGTERM    string   // what the program does on it as PID 1: Exits or Ignores
	StopSignal string   // "SIGTERM" unless the image says otherwise
	Userland   string   // Busybox, Alpine, Debian or None
	Commands   []string // that the image has besides those of its userland
	WorkingDir string   // "" is "/"
	Size       uint64   // bytes
	Memory     uint64   // bytes that a running container uses
	Pull       time.Duration
	Start      time.Duration
	Files      map[string]File // by absolute path
}

// File is a file of an image: a directory, a symbolic link, or a regular file.
type File struct {
	Dir     bool
	Link    string
	Content string
}

// Catalogue is what the registries have. It is immutable.
type Catalogue struct {
	byTag        map[string]*Image // "docker.io/library/nginx:1.25"
	byDigest     map[string]*Image // "docker.io/library/nginx@sha256:…"
	repositories map[string]bool
	registries   map[string]bool
}

// Builtin returns the catalogue that is part of the program.
func Builtin() (*Catalogue, error) { return Parse("catalogue.yaml", builtin) }

// Parse reads a catalogue. Its errors name every mistake with its line, as "name:line: what".
func Parse(name string, data []byte) (*Catalogue, error) {
	doc, err := decode(data)
	if err != nil {
		return nil, positions(name, err)
	}
	if doc.Format != format {
		return nil, fmt.Errorf("%s: format %d is not %d, the one that this program reads", name, doc.Format, format)
	}
	c := &Catalogue{
		byTag:        map[string]*Image{},
		byDigest:     map[string]*Image{},
		repositories: map[string]bool{},
		registries:   map[string]bool{},
	}
	var errs []error
	for _, e := range doc.Images {
		if err := c.add(e); err != nil {
			errs = append(errs, fmt.Errorf("%s:%w", name, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

// decode reads the file, refusing keys that it does not know.
func decode(data []byte) (*document, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	var doc document
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	doc.number(&root)
	return &doc, nil
}

// Images lists every image, ordered by name and first tag.
func (c *Catalogue) Images() []*Image {
	unique := map[*Image]bool{}
	for _, image := range c.byTag {
		unique[image] = true
	}
	return slices.SortedFunc(maps.Keys(unique), func(a, b *Image) int {
		return strings.Compare(a.Name+":"+a.Tags[0], b.Name+":"+b.Tags[0])
	})
}

// add checks an entry and adds its releases. An error starts with the line.
func (c *Catalogue) add(e entry) error {
	if err := e.check(); err != nil {
		return err
	}
	registry, _, _ := strings.Cut(e.Name, "/")
	c.registries[registry], c.repositories[e.Name] = true, true
	for _, r := range e.Releases {
		image := e.image(r)
		for _, tag := range r.Tags {
			key := e.Name + ":" + tag
			if c.byTag[key] != nil {
				return fmt.Errorf("%d: tag %s is in the catalogue twice", r.line, key)
			}
			c.byTag[key] = image
		}
		c.byDigest[e.Name+"@"+image.Digest] = image
	}
	return nil
}

func digest(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text))) }

// positions turns yaml's "line 12: …" into "name:12: …".
func positions(name string, err error) error {
	var typed *yaml.TypeError
	if !errors.As(err, &typed) {
		return fmt.Errorf("%s:%s", name, strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "line "))
	}
	errs := make([]error, len(typed.Errors))
	for i, e := range typed.Errors {
		errs[i] = fmt.Errorf("%s:%s", name, strings.TrimPrefix(e, "line "))
	}
	return errors.Join(errs...)
}

// absolute says whether p is a clean absolute path.
func absolute(p string) bool { return path.IsAbs(p) && path.Clean(p) == p }
