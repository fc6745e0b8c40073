package images

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"go.yaml.in/yaml/v3"
)

// programs are the entrypoints that a catalogue may name.
var programs = []string{"agnhost", "httpd", "nginx", "pause", "redis", "shell"}

// signals are the stop signals that a catalogue may name.
var signals = []string{"SIGTERM", "SIGINT", "SIGQUIT", "SIGWINCH"}

// The userlands that a catalogue may name: what other commands an image has.
const (
	Busybox = "busybox" // all of busybox
	Alpine  = "alpine"  // busybox, in another directory layout
	Debian  = "debian"  // bash and coreutils; no tool for processes or the network
	None    = "none"    // nothing, not even a shell
)

var userlands = []string{Busybox, Alpine, Debian, None}

// What the program of an image does on SIGTERM when it is PID 1.
const (
	Exits   = "exits"
	Ignores = "ignores" // and is killed when the grace period is over
)

// document is the catalogue's file.
type document struct {
	Format int
	Images []entry
}

// entry is one item of the file: releases of a program that differ in version and tags only.
type entry struct {
	Name       string
	Program    string
	Entrypoint []string
	Cmd        []string
	Env        []string
	Ports      []int
	SIGTERM    string `yaml:"sigterm"`
	StopSignal string `yaml:"stopSignal"`
	Userland   string
	Commands   []string
	WorkingDir string `yaml:"workingDir"`
	Size       uint64
	Memory     uint64
	Pull       time.Duration
	Start      time.Duration
	Releases   []release
	Files      map[string]string

	line int
}

// release is one image: a version and the tags that point at it.
type release struct {
	Version string
	Tags    []string

	line int
}

// number tells entries and releases their lines in the file, for the errors that the decoder does
// not find.
func (d *document) number(root *yaml.Node) {
	for i, item := range sequence(root, "images") {
		d.Images[i].line = item.Line
		for j, r := range sequence(item, "releases") {
			d.Images[i].Releases[j].line = r.Line
		}
	}
}

// sequence returns the items under a key of a mapping.
func sequence(node *yaml.Node, key string) []*yaml.Node {
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1].Content
		}
	}
	return nil
}

// check returns the first mistake, after its line.
func (e entry) check() error {
	named, err := reference.ParseNamed(e.Name)
	switch {
	case err != nil || named.Name() != e.Name || !reference.IsNameOnly(named):
		return fmt.Errorf("%d: name %q is not a repository with its registry, such as docker.io/library/nginx", e.line, e.Name)
	case !slices.Contains(programs, e.Program):
		return fmt.Errorf("%d: program %q is none of %s", e.line, e.Program, strings.Join(programs, ", "))
	case !slices.Contains(userlands, e.Userland):
		return fmt.Errorf("%d: userland %q is none of %s", e.line, e.Userland, strings.Join(userlands, ", "))
	case e.SIGTERM != Exits && e.SIGTERM != Ignores:
		return fmt.Errorf("%d: sigterm %q is neither %s nor %s", e.line, e.SIGTERM, Exits, Ignores)
	case e.StopSignal != "" && !slices.Contains(signals, e.StopSignal):
		return fmt.Errorf("%d: stopSignal %q is none of %s", e.line, e.StopSignal, strings.Join(signals, ", "))
	case len(e.Releases) == 0:
		return fmt.Errorf("%d: %s has no releases", e.line, e.Name)
	case len(e.Entrypoint)+len(e.Cmd) == 0:
		return fmt.Errorf("%d: %s has neither entrypoint nor cmd", e.line, e.Name)
	case e.Pull < 0 || e.Start < 0:
		return fmt.Errorf("%d: pull and start may not be negative", e.line)
	}
	for name := range e.Files {
		if !absolute(name) {
			return fmt.Errorf("%d: file %q is not a clean absolute path", e.line, name)
		}
	}
	return e.checkReleases(named)
}

func (e entry) checkReleases(name reference.Named) error {
	for _, r := range e.Releases {
		if r.Version == "" || len(r.Tags) == 0 {
			return fmt.Errorf("%d: a release needs a version and tags", r.line)
		}
		for _, tag := range r.Tags {
			if _, err := reference.WithTag(name, tag); err != nil {
				return fmt.Errorf("%d: tag %q: %w", r.line, tag, err)
			}
		}
	}
	return nil
}

// image makes the image of one release.
func (e entry) image(r release) *Image {
	fill := strings.NewReplacer("{version}", r.Version, "{name}", e.Name)
	image := &Image{
		Name:       e.Name,
		Tags:       r.Tags,
		Version:    r.Version,
		ID:         digest("configuration of " + e.Name + ":" + r.Tags[0]),
		Digest:     digest(e.Name + ":" + r.Tags[0]),
		Program:    e.Program,
		Entrypoint: e.Entrypoint,
		Cmd:        e.Cmd,
		Ports:      e.Ports,
		SIGTERM:    e.SIGTERM,
		StopSignal: e.StopSignal,
		Userland:   e.Userland,
		Commands:   e.Commands,
		WorkingDir: e.WorkingDir,
		Size:       e.Size,
		Memory:     e.Memory,
		Pull:       e.Pull,
		Start:      e.Start,
		Files:      map[string]File{},
	}
	if image.StopSignal == "" {
		image.StopSignal = "SIGTERM"
	}
	for _, variable := range e.Env {
		image.Env = append(image.Env, fill.Replace(variable))
	}
	for name, text := range e.Files {
		image.Files[name] = file(fill.Replace(text))
	}
	return image
}

// file reads one value of files.
func file(text string) File {
	if text == "dir" {
		return File{Dir: true}
	}
	if target, ok := strings.CutPrefix(text, "link:"); ok {
		return File{Link: strings.TrimSpace(target)}
	}
	return File{Content: text}
}
