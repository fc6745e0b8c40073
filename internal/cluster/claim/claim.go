// Package claim keeps notes of what labs have outside their directories, such as
// containers or namespaces of a cluster that already runs, so that what a killed
// process has left can be found and removed, and nothing else is.
//
// A note is a file that is written before the first of these things is made, and
// removed after the last of them. Whoever makes them holds a lock on it, which
// ends with the process however that ends: a note that nobody holds is about
// leftovers.
//
// Deliberately absent: finding and removing the things themselves. Each provider
// knows how that is done.
package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Note says what somebody has made, or was about to make.
type Note struct {
	Provider string    `json:"provider"` // as --cluster calls it
	Name     string    `json:"name"`     // of the cluster, or what its namespaces begin with; unique per provider
	Lab      string    `json:"lab"`
	Dir      string    `json:"dir"`     // the lab's directory
	Process  int       `json:"process"` // that made it, for messages only
	Made     time.Time `json:"made"`

	// Context and Kubeconfig say where a cluster is that already ran.
	Context    string `json:"context,omitempty"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
}

// HeldError is a name that another process has claimed.
type HeldError struct{ Note Note }

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is in use by process %d", e.Note.Name, e.Note.Process)
}

const (
	dirMode  = 0o700
	fileMode = 0o600
	suffix   = ".json"
	patience = 200 * time.Millisecond
)

// Claim is a note that this process holds.
type Claim struct {
	// Previous is what an earlier process left under the name without an owner; nil
	// if there was nothing.
	Previous *Note

	path string
	lock *flock.Flock
}

// Take writes a note below a directory, which is made if it is not there, and
// holds it. The error is a *HeldError if another process holds one of the name.
func Take(dir string, n Note) (*Claim, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("make the directory of notes: %w", err)
	}
	path := filepath.Join(dir, n.Provider+"-"+n.Name+suffix)
	lock, err := hold(path)
	if err != nil {
		return nil, err
	}
	c := &Claim{path: path, lock: lock}
	if previous, err := read(path); err == nil {
		c.Previous = &previous
	}
	n.Process, n.Made = os.Getpid(), time.Now().UTC().Truncate(time.Second)
	content, err := json.Marshal(n)
	if err == nil {
		err = os.WriteFile(path, append(content, '\n'), fileMode)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the note of %s: %w", n.Name, err), lock.Unlock())
	}
	return c, nil
}

// hold locks the file that has the path now: one that was removed while it was
// being locked holds nothing.
func hold(path string) (*flock.Flock, error) {
	for {
		lock := flock.New(path, flock.SetPermissions(fileMode))
		got, err := tryLock(lock)
		if err != nil {
			return nil, fmt.Errorf("lock a note: %w", err)
		}
		if !got {
			n, _ := read(path) // without it, the message has no process
			return nil, &HeldError{n}
		}
		if same(lock, path) {
			return lock, nil
		}
		if err := lock.Unlock(); err != nil {
			return nil, err
		}
	}
}

// tryLock does not give up at once: whoever looks for leftovers holds a shared
// lock for a moment.
func tryLock(lock *flock.Flock) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := lock.TryLockContext(ctx, patience/10)
	if errors.Is(err, context.DeadlineExceeded) {
		return false, nil
	}
	return got, err
}

func same(lock *flock.Flock, path string) bool {
	held, err := lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(held, there)
}

// Done removes the note: nothing is left of what it is about.
func (c *Claim) Done() error {
	return errors.Join(os.Remove(c.path), c.lock.Unlock())
}

// Leave gives the note up without removing it: something may be left.
func (c *Claim) Leave() error { return c.lock.Unlock() }

// Found is a note that was found.
type Found struct {
	Note
	Held bool // a process holds it
}

// All returns the notes below a directory by name. A directory that is not there
// has none.
func All(dir string) ([]Found, error) {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the notes: %w", err)
	}
	var all []Found
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		held := isHeld(path)
		if n, err := read(path); err == nil { // else it has just gone, or come
			all = append(all, Found{n, held})
		}
	}
	return all, nil
}

// Leftovers returns the notes that nobody holds.
func Leftovers(dir string) ([]Note, error) {
	all, err := All(dir)
	var left []Note
	for _, f := range all {
		if !f.Held {
			left = append(left, f.Note)
		}
	}
	return left, err
}

// isHeld tries a shared lock, and only for a moment.
func isHeld(path string) bool {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if err != nil {
		return false
	}
	_ = lock.Unlock() // it goes with the file that was opened for it
	return !free
}

func read(path string) (Note, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Note{}, err
	}
	var n Note
	if err := json.Unmarshal(content, &n); err != nil {
		return Note{}, fmt.Errorf("read %s: %w", path, err)
	}
	return n, nil
}
