package timeline

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was read piece by piece is what is read at once, wherever the pieces end.
func TestFollow(t *testing.T) {
	content, err := os.ReadFile("testdata/story.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Read(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 100, 997, len(content)} {
		file, f := follow(t)
		var last *Timeline
		for rest := content; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if _, err := file.Write(rest[:min(size, len(rest))]); err != nil {
				t.Fatal(err)
			}
			tl, changed, err := f.Read()
			if err != nil && !errors.Is(err, ErrNoHeader) {
				t.Fatal(err)
			}
			if same := last != nil && len(tl.Entries()) == len(last.Entries()); changed && same {
				t.Error("it says that something has come when nothing has")
			}
			last = tl
		}
		if len(last.Entries()) != len(want.Entries()) || last.Header() != want.Header() {
			t.Errorf("in pieces of %d: got %d entries of %+v, want %d", size, len(last.Entries()), last.Header(), len(want.Entries()))
		}
		if _, changed, err := f.Read(); changed || err != nil {
			t.Errorf("got %v %v at the end", changed, err)
		}
	}
}

func follow(t *testing.T) (*os.File, *Follower) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.ndjson")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	f, err := Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return file, f
}

func TestFollowSkips(t *testing.T) {
	var whole bytes.Buffer
	if err := New(testHeader(), story()).Write(&whole); err != nil {
		t.Fatal(err)
	}
	file, f := follow(t)
	f.Skip("Pod")
	if _, err := file.Write(whole.Bytes()); err != nil {
		t.Fatal(err)
	}
	tl, _, err := f.Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(tl.Whole().Pods()) != 0 || len(tl.Entries()) == 0 {
		t.Errorf("got %d Pods of %d entries", len(tl.Whole().Pods()), len(tl.Entries()))
	}
}

func TestFollowErrors(t *testing.T) {
	if _, err := Follow(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	file, f := follow(t)
	if _, _, err := f.Read(); !errors.Is(err, ErrNoHeader) {
		t.Errorf("got %v of an empty file", err)
	}
	var whole bytes.Buffer
	if err := New(testHeader(), nil).Write(&whole); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(whole.String() + "{\n"); err != nil {
		t.Fatal(err)
	}
	_, _, err := f.Read()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 2 || !strings.Contains(err.Error(), "lab.ndjson:2: ") {
		t.Errorf("got %v", err)
	}
}
