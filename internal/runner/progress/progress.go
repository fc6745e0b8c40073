// Package progress keeps what a learner has done on disk: a small JSON file for each
// lesson, which is replaced as a whole, so that whoever is killed while writing, a
// full disk or a machine that loses its power leave the file before or the one after.
// Beside the files is one that only keeps room, so that a full disk has some for them.
//
// Deliberately absent: what a lab needs to go on (that is in the lab's directory and
// may be lost), locking (a lesson's lab has one owner, who writes), and accounts.
package progress

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

// Format is the version of the file format that this package reads and writes.
const Format = 1

// Lesson is what was done of a lesson.
type Lesson struct {
	Format  int              `json:"format"`
	Lesson  string           `json:"lesson"`
	Current string           `json:"current,omitempty"` // id of the step that is being done
	Steps   map[string]*Step `json:"steps"`             // by id; only those that something is known of
	Updated time.Time        `json:"updated"`
}

// Step is what was done in a step. Nothing in it is ever taken back.
type Step struct {
	Done     time.Time         `json:"done,omitzero"`     // when it was done first
	Points   int               `json:"points,omitempty"`  // the most that were earned at once
	Hints    int               `json:"hints,omitempty"`   // tiers that were shown
	Asked    int               `json:"asked,omitempty"`   // how often help was asked for
	Solution time.Time         `json:"solution,omitzero"` // when the solution was looked at, if that was before it was done
	Resets   int               `json:"resets,omitempty"`  // how often it was begun again on request
	Answers  map[string]Answer `json:"answers,omitempty"` // by question
}

// Answer is what was answered to a question.
type Answer struct {
	Given string    `json:"given"` // the last answer
	Right bool      `json:"right"` // it is right
	Tries int       `json:"tries"`
	First bool      `json:"first"` // the first one was right
	At    time.Time `json:"at"`
}

// Step returns what is known of a step, to be changed. It is never nil.
func (l *Lesson) Step(id string) *Step {
	if l.Steps == nil {
		l.Steps = map[string]*Step{}
	}
	if l.Steps[id] == nil {
		l.Steps[id] = &Step{}
	}
	return l.Steps[id]
}

// Known returns what is known of a step, the zero Step if nothing is.
func (l *Lesson) Known(id string) Step {
	if s := l.Steps[id]; s != nil {
		return *s
	}
	return Step{}
}

// Store is the directory with a file for each lesson. It is made when needed.
type Store struct{ Dir string }

const (
	dirMode  = 0o700
	fileMode = 0o600

	reserveFile = "reserve"
	reserveSize = 64 << 10 // several times what a lesson needs
)

func (s Store) path(lesson string) string { return filepath.Join(s.Dir, lesson+".json") }

// DamagedError is a file that cannot be read. It was put aside.
type DamagedError struct {
	Path string // where it is now
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the record of what you have done is damaged (%v); it was put aside as %s", e.Err, e.Path)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Load returns what was done of a lesson, nothing if there is no file. With a
// *DamagedError there is nothing either, and the lesson can be begun again. A file of
// a newer k8slab is an error and stays where it is.
func (s Store) Load(lesson string) (Lesson, error) {
	empty := Lesson{Format: Format, Lesson: lesson}
	content, err := os.ReadFile(s.path(lesson))
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("read what was done of lesson %s: %w", lesson, err)
	}
	var l Lesson
	if err := json.Unmarshal(content, &l); err != nil {
		return empty, s.putAside(lesson, err)
	}
	if l.Format > Format {
		return empty, fmt.Errorf("read what was done of lesson %s: %s was written by a newer k8slab", lesson, s.path(lesson))
	}
	l.Lesson = lesson
	return l, nil
}

func (s Store) putAside(lesson string, err error) error {
	aside := s.path(lesson) + ".damaged-" + time.Now().UTC().Format("20060102T150405")
	if err := os.Rename(s.path(lesson), aside); err != nil {
		return fmt.Errorf("put the damaged record of lesson %s aside: %w", lesson, err)
	}
	return &DamagedError{Path: aside, Err: err}
}

// Save replaces what is known of the lesson. After an error it is what it was before.
func (s Store) Save(l Lesson) error {
	l.Format, l.Updated = Format, time.Now().UTC().Truncate(time.Second)
	content, err := json.MarshalIndent(l, "", "  ")
	if err == nil {
		err = s.replace(l.Lesson, append(content, '\n'))
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		if os.Remove(s.reserve()) == nil {
			err = s.replace(l.Lesson, append(content, '\n'))
		}
	}
	if err != nil {
		return fmt.Errorf("save what was done of lesson %s: %w", l.Lesson, err)
	}
	s.Reserve()
	return nil
}

func (s Store) replace(lesson string, content []byte) error {
	if err := os.MkdirAll(s.Dir, dirMode); err != nil {
		return err
	}
	return renameio.WriteFile(s.path(lesson), content, fileMode, renameio.WithTempDir(s.Dir))
}

func (s Store) reserve() string { return filepath.Join(s.Dir, reserveFile) }

// Reserve keeps room for later saves, as much as there is. Save gives it up on a full disk,
// and then keeps what is left of it. Without any, nothing is wrong yet.
func (s Store) Reserve() {
	if os.MkdirAll(s.Dir, dirMode) != nil {
		return
	}
	f, err := os.OpenFile(s.reserve(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, fileMode)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < reserveSize {
		_, _ = f.Write(make([]byte, reserveSize-info.Size())) // what fits
	}
}
