package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Recorded is the timeline of a lab: of one that runs, or of its last run.
type Recorded struct {
	Lab     string
	Path    string // of the timeline file
	Running bool   // more may come
	Changed time.Time
}

// Recordings returns the timelines of the labs below root, the newest first.
func Recordings(root string) ([]Recorded, error) {
	labs, err := Labs(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Recorded
	for _, l := range labs {
		path := filepath.Join(l.Path, timelineFile)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at the timeline of lab %q: %w", l.Name, err)
		}
		all = append(all, Recorded{l.Name, path, l.Running, info.ModTime()})
	}
	slices.SortFunc(all, func(a, b Recorded) int { return b.Changed.Compare(a.Changed) })
	return all, nil
}
