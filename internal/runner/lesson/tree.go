package lesson

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Limits of a lesson directory. A lesson is text and some manifests; what is
// larger is a mistake or an attack.
const (
	maxFiles    = 500
	maxFileSize = 256 << 10 // bytes
)

// A tree holds the regular files of a lesson directory by their path in it.
type tree map[string][]byte

// readTree reads the lesson directory. What cannot be part of a lesson becomes a
// problem and is left out.
func (p *parser) readTree() error {
	p.tree = tree{}
	return fs.WalkDir(p.fsys, p.name, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read lesson %q: %w", p.name, err)
		}
		if d.IsDir() {
			return nil
		}
		if len(p.tree) == maxFiles {
			p.errorf(position{file: p.name}, "Keep in the lesson only what it needs.", "there are more than %d files", maxFiles)
			return fs.SkipAll
		}
		return p.readFile(name, d)
	})
}

func (p *parser) readFile(name string, d fs.DirEntry) error {
	if !d.Type().IsRegular() {
		p.errorf(position{file: name}, "Put the file itself there.", "it is a %s, and a lesson has only regular files", kindOf(d.Type()))
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return fmt.Errorf("read lesson %q: %w", p.name, err)
	}
	if info.Size() > maxFileSize {
		p.errorf(position{file: name}, fmt.Sprintf("Make it smaller than %d KiB.", maxFileSize>>10), "it has %d KiB", info.Size()>>10)
		return nil
	}
	data, err := fs.ReadFile(p.fsys, name)
	if err != nil {
		return fmt.Errorf("read lesson %q: %w", p.name, err)
	}
	p.tree[strings.TrimPrefix(name, p.name+"/")] = data
	return nil
}

func kindOf(m fs.FileMode) string {
	if m&fs.ModeSymlink != 0 {
		return "symbolic link"
	}
	return "special file"
}

// under returns the files of a directory, sorted, with paths relative to it.
func (t tree) under(dir string) []File {
	var all []File
	for name, data := range t {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			all = append(all, File{Path: rest, Data: data})
		}
	}
	slices.SortFunc(all, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// directories returns the names of the directories in dir, sorted, and those of
// the files in it.
func (t tree) directories(dir string) (dirs, files []string) {
	for _, f := range t.under(dir) {
		first, _, below := strings.Cut(f.Path, "/")
		switch {
		case !below:
			files = append(files, first)
		case !slices.Contains(dirs, first):
			dirs = append(dirs, first)
		}
	}
	return dirs, files
}

// isYAML reports whether a file's name says that it is YAML.
func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}
