package lesson

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestList(t *testing.T) {
	tests := []struct {
		name, course string
		want         []string
		problem      string
	}{
		{name: "no course", want: []string{"a", "b"}},
		{name: "course", course: "format: 1\nlessons: [b, a]\n", want: []string{"b", "a"}},
		{name: "unknown lesson", course: "format: 1\nlessons: [b, a, c]\n",
			problem: `course.yaml:2:17: there is no lesson "c". Correct the name or remove it.`},
		{name: "lesson twice", course: "format: 1\nlessons:\n  - b\n  - a\n  - b\n",
			problem: `course.yaml:5:5: lesson "b" is there already. Remove it.`},
		{name: "lesson left out", course: "format: 1\nlessons: [b]\n",
			problem: `course.yaml: lesson "a" is not in the course. Add it to lessons.`},
		{name: "newer format", course: "format: 2\nlessons: [b, a]\n",
			problem: `course.yaml:1:9: format is 2, and this k8slab reads formats up to 1. Use a newer k8slab for this course.`},
		{name: "no lessons", course: "format: 1\nlessons: []\n",
			problem: `course.yaml:2:10: lessons is not a list. Write lessons: and below it a line starting with a dash for each entry.`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{"a/lesson.md": {}, "b/lesson.md": {}, "c/other.md": {}, "README.md": {}, "Not-a-name/lesson.md": {}}
			if tt.course != "" {
				files[CourseFile] = &fstest.MapFile{Data: []byte(tt.course)}
			}
			got, err := List(files)
			if tt.problem == "" && (err != nil || !slices.Equal(got, tt.want)) {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
			if tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)) {
				t.Errorf("got %v, want %s", err, tt.problem)
			}
		})
	}
}
