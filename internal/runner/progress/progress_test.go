package progress

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSavedIsLoaded(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "not", "there")}
	l, err := s.Load("a-lesson")
	if err != nil || l.Lesson != "a-lesson" || len(l.Steps) != 0 {
		t.Fatalf("before anything was saved: %+v, %v", l, err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l.Current = "two"
	*l.Step("one") = Step{Done: at, Points: 3, Hints: 1, Asked: 2, Solution: at, Resets: 1,
		Answers: map[string]Answer{"why": {Given: "because", Right: true, Tries: 2, At: at}}}
	if err := s.Save(l); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load("a-lesson")
	if err != nil || got.Current != "two" || !reflect.DeepEqual(got.Known("one"), *l.Steps["one"]) {
		t.Errorf("got %+v, %v", got, err)
	}
	if !reflect.DeepEqual(got.Known("three"), Step{}) || got.Steps["three"] != nil {
		t.Error("something is known of a step that nothing is known of")
	}
}

func TestDamagedFileIsPutAside(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	for _, content := range []string{"", "{", `{"steps": 3}`, "\x00\x00\x00"} {
		if err := os.WriteFile(s.path("x"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := s.Load("x")
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			t.Fatalf("%q: %v", content, err)
		}
		if kept, err := os.ReadFile(damaged.Path); err != nil || string(kept) != content {
			t.Errorf("%q was not kept: %q, %v", content, kept, err)
		}
		if err := s.Save(l); err != nil {
			t.Errorf("begin again: %v", err)
		}
	}
}

func TestNewerFileStays(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	if err := os.WriteFile(s.path("x"), []byte(`{"format": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load("x"); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(s.path("x")); err != nil {
		t.Error(err)
	}
}

// A disk that takes nothing leaves what was there, and nothing beside it.
func TestFailedSaveChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := Store{Dir: dir}
	if err := s.Save(Lesson{Lesson: "x", Current: "before"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := s.Save(Lesson{Lesson: "x", Current: "after"}); err == nil && os.Getuid() != 0 {
		t.Error("no error")
	}
	if os.Getuid() == 0 {
		t.Skip("nothing is forbidden to root")
	}
	if l, err := s.Load("x"); err != nil || l.Current != "before" {
		t.Errorf("got %+v, %v", l, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 { // the reserve is the other one
		t.Errorf("left behind: %v", entries)
	}
}
