package lesson

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// CourseFile is the file at the root of the lessons that says their order.
const CourseFile = "course.yaml"

// CourseFormat is the course format that this package reads: the key format of
// course.yaml.
const CourseFormat = 1

// List returns the names of the lessons in fsys in course order.
//
// The order is that of course.yaml, which must name every directory that holds a
// lesson.md and no other; else the error is an *InvalidError. Without a
// course.yaml the order is that of the names.
func List(fsys fs.FS) ([]string, error) {
	dirs, err := lessonDirs(fsys)
	if err != nil {
		return nil, err
	}
	src, err := fs.ReadFile(fsys, CourseFile)
	if errors.Is(err, fs.ErrNotExist) {
		return dirs, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the course: %w", err)
	}
	return readCourse(src, dirs)
}

// lessonDirs returns the directories that hold a lesson, by name.
func lessonDirs(fsys fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list the lessons: %w", err)
	}
	var dirs []string
	for _, e := range entries {
		if !isLabel(e.Name()) {
			continue
		}
		if _, err := fs.Stat(fsys, path.Join(e.Name(), lessonFile)); err == nil {
			dirs = append(dirs, e.Name())
		}
	}
	return dirs, nil
}

// readCourse returns the names in course.yaml and compares them with what is
// there.
func readCourse(src []byte, dirs []string) ([]string, error) {
	var ps problems
	var names []string
	d := decoder{problems: &ps, file: CourseFile}
	d.document(src, "the course", []field{
		{"format", true, func(n *yaml.Node) { d.format(n, CourseFormat, "course") }},
		{"title", false, func(n *yaml.Node) { d.oneLine(n, "title") }},
		{"lessons", true, func(n *yaml.Node) { names = d.lessons(n, dirs) }},
	})
	for _, dir := range dirs {
		if !slices.Contains(names, dir) {
			ps.errorf(position{file: CourseFile}, "Add it to lessons.", "lesson %q is not in the course", dir)
		}
	}
	if ps.haveErrors() {
		return nil, &InvalidError{Lesson: CourseFile, Problems: ps.sorted()}
	}
	return names, nil
}

func (d decoder) lessons(n *yaml.Node, dirs []string) []string {
	names := d.texts(n, "lessons")
	for i, name := range names {
		switch {
		case name == "":
		case !slices.Contains(dirs, name):
			d.problems.errorf(d.at(n.Content[i]), "Correct the name or remove it.", "there is no lesson %q", name)
		case slices.Index(names, name) < i:
			d.problems.errorf(d.at(n.Content[i]), "Remove it.", "lesson %q is there already", name)
		}
	}
	return names
}
