package sameness

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed testdata/*.txtar
var files embed.FS

// Story is what is done to a cluster, and what it makes of it.
type Story struct {
	Name    string // of the file
	Comment string // what it is about
	Steps   []Step
	Shape   Golden
}

// Step is something that is done, in its order:
//
//	apply                 the objects of a YAML stream, as kubectl apply --server-side
//	patch kind/name       with a merge patch in YAML
//	delete kind/name
//	wait kind[/name]      until an object has what a JSONPath says, as in {.status.phase} = Running, or
//	                      has had it since something was done last
//	then kind[/name]      the same, but after what was waited for last
//	settle                until nothing moves any more
//
// A name with an equals sign is a label selector; the object created first of those that it
// selects is meant.
type Step struct {
	Number       int
	Verb, Target string
	Body         string
}

// String is the step as it is named in the file.
func (s Step) String() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", s.Number, s.Verb, s.Target))
}

// shapeFile is the name of the part with the shape.
const shapeFile = "shape"

// Stories returns all stories, by name.
func Stories() ([]*Story, error) {
	names, err := fs.Glob(files, "testdata/*.txtar")
	if err != nil {
		return nil, err
	}
	var stories []*Story
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := ParseStory(strings.TrimSuffix(path.Base(name), ".txtar"), data)
		if err != nil {
			return nil, err
		}
		stories = append(stories, s)
	}
	return stories, nil
}

// ParseStory returns the story that a txtar file tells.
func ParseStory(name string, data []byte) (*Story, error) {
	archive := txtar.Parse(data)
	s := &Story{Name: name, Comment: string(archive.Comment)}
	for _, f := range archive.Files {
		if f.Name == shapeFile {
			s.Shape = parseGolden(string(f.Data))
			continue
		}
		step, err := parseStep(f.Name, string(f.Data), len(s.Steps)+1)
		if err != nil {
			return nil, fmt.Errorf("story %s: %w", name, err)
		}
		s.Steps = append(s.Steps, step)
	}
	return s, nil
}

var verbs = []string{"apply", "patch", "delete", "wait", "then", "settle"}

func parseStep(title, body string, number int) (Step, error) {
	words := strings.Fields(title)
	if len(words) < 2 || len(words) > 3 || words[0] != fmt.Sprint(number) {
		return Step{}, fmt.Errorf("step %q is not number %d, a verb and a target", title, number)
	}
	if !slices.Contains(verbs, words[1]) {
		return Step{}, fmt.Errorf("step %q: the verbs are %s", title, strings.Join(verbs, ", "))
	}
	return Step{Number: number, Verb: words[1], Target: strings.Join(words[2:], ""), Body: body}, nil
}

// Format returns the story as ParseStory reads it.
func (s *Story) Format() []byte {
	archive := &txtar.Archive{Comment: []byte(s.Comment)}
	for _, step := range s.Steps {
		archive.Files = append(archive.Files, txtar.File{Name: step.String(), Data: []byte(step.Body)})
	}
	archive.Files = append(archive.Files, txtar.File{Name: shapeFile, Data: []byte(s.Shape.String())})
	return txtar.Format(archive)
}
