package live

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// An editor writes a file in several steps; they are taken as one.
const filesPause = 15 * time.Millisecond

// pollFiles is how often a workspace is looked at where the system tells nothing.
const pollFiles = 500 * time.Millisecond

// watchFiles calls changed when something in a directory has changed, until ctx ends.
// Where the system has no events, it looks.
func watchFiles(ctx context.Context, dir string, changed func()) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		pollDir(ctx, dir, changed)
		return
	}
	defer w.Close()
	if err := addDirs(w, dir); err != nil {
		pollDir(ctx, dir, changed)
		return
	}
	followDir(ctx, w, changed)
}

// addDirs watches a directory and those below it.
func addDirs(w *fsnotify.Watcher, dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return nil //nolint:nilerr // it was removed a moment ago, or nobody may read it
		}
		return w.Add(path)
	})
}

func followDir(ctx context.Context, w *fsnotify.Watcher, changed func()) {
	var pause <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-w.Events:
			if !ok {
				return
			}
			if info, err := os.Lstat(e.Name); err == nil && info.IsDir() && e.Has(fsnotify.Create) {
				_ = addDirs(w, e.Name) // what is not watched is seen with the next change, or by a check
			}
			if !e.Has(fsnotify.Chmod) || e.Op != fsnotify.Chmod {
				pause = time.After(filesPause)
			}
		case _, ok := <-w.Errors: // events were lost
			if !ok {
				return
			}
			pause = time.After(filesPause)
		case <-pause:
			pause = nil
			changed()
		}
	}
}

// pollDir compares names, sizes and times.
func pollDir(ctx context.Context, dir string, changed func()) {
	before := look(dir)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pollFiles):
		}
		if now := look(dir); now != before {
			before = now
			changed()
		}
	}
}

// seen is what a look at a directory remembers.
type seen struct {
	files int
	bytes int64
	times int64 // sum
}

func look(dir string) seen {
	var s seen
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it was removed a moment ago
		}
		if info, err := e.Info(); err == nil {
			s.files++
			s.bytes += info.Size()
			s.times += info.ModTime().UnixNano()
		}
		return nil
	})
	return s
}
