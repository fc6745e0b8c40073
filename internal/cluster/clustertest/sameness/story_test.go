package sameness

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestStoriesAreFormatted(t *testing.T) {
	stories, err := Stories()
	if err != nil {
		t.Fatal(err)
	}
	if len(stories) == 0 {
		t.Error("there are none")
	}
	for _, s := range stories {
		data, err := files.ReadFile("testdata/" + s.Name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.Format(), data) {
			t.Errorf("story %s is not as an update writes it", s.Name)
		}
		if len(s.Shape) == 0 {
			t.Errorf("story %s has no shape: run its test with -update", s.Name)
		}
	}
}

// TestDifferencesHaveReasons looks for the stories that differ in the document, and the
// other way round.
func TestDifferencesHaveReasons(t *testing.T) {
	document, err := os.ReadFile("../../../../docs/embedded-vs-kind.md")
	if err != nil {
		t.Fatal(err)
	}
	stories, err := Stories()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stories {
		named := bytes.Contains(document, []byte("`"+s.Name+"`"))
		if differs := s.Shape.Differs(); named != differs {
			t.Errorf("story %s: has marked lines %v, is named in the document %v", s.Name, differs, named)
		}
	}
}

func TestStoryThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"-- 2 apply --\n":            "not number 1",
		"-- apply --\n":              "not number 1",
		"-- 1 sing --\n":             "the verbs are",
		"-- 1 delete pod a b c --\n": "a verb and a target",
	} {
		_, err := ParseStory("x", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
