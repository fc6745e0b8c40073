package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// LabDir is the directory of one lab, owned by this process until Release. It
// outlives the lab: what it holds of the last run (timeline, logs, workspace)
// stays until the lab is claimed again.
type LabDir struct {
	Name string
	Path string

	lock *flock.Flock
}

// ErrLabRunning is a lab that another process owns.
var ErrLabRunning = errors.New("the lab is running already")

// ErrLabName is a name that no lab can have.
var ErrLabName = errors.New("no name for a lab: use lower-case letters, digits and hyphens, 40 characters at most")

const (
	lockFile     = "lock"
	ownerFile    = "owner" // the process ID of the owner, for messages only
	workspaceDir = "workspace"
	timelineFile = "timeline.ndjson"

	kubectlCacheDir = "kubectl-cache"
	beforeDir       = "before" // of what Lab.Prepare does
	beginDir        = "begin"  // of what steps began with
	earlierTimeline = "timeline.earlier.ndjson"

	maxLabName   = 40 // leaves room in the names of containers made from it
	labDirMode   = 0o700
	labFileMode  = 0o600
	lockPatience = 200 * time.Millisecond
)

var labName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// ClaimLab makes the lab's directory below root, or takes over one that nobody
// owns, and empties it. The claim ends with the process, however it ends.
func ClaimLab(root, name string) (*LabDir, error) {
	d, err := lockLab(root, name)
	if err != nil {
		return nil, err
	}
	if err := d.empty(); err != nil {
		return nil, errors.Join(fmt.Errorf("empty the directory of lab %q: %w", name, err), d.Release())
	}
	return d, d.own()
}

// ResumeLab is ClaimLab for who goes on where an earlier run ended: what that left
// stays, the workspace above all.
func ResumeLab(root, name string) (*LabDir, error) {
	d, err := lockLab(root, name)
	if err != nil {
		return nil, err
	}
	return d, d.own()
}

// lockLab locks the lab's directory, which it makes if there is none.
func lockLab(root, name string) (*LabDir, error) {
	if !labName.MatchString(name) || len(name) > maxLabName {
		return nil, fmt.Errorf("%q: %w", name, ErrLabName)
	}
	d := &LabDir{Name: name, Path: filepath.Join(root, name)}
	if err := os.MkdirAll(d.Path, labDirMode); err != nil {
		return nil, fmt.Errorf("make the directory of lab %q: %w", name, err)
	}
	d.lock = flock.New(d.file(lockFile), flock.SetPermissions(labFileMode))
	// Somebody who looks at the lab holds a shared lock for a moment.
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	locked, err := d.lock.TryLockContext(ctx, lockPatience/10)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("lock the directory of lab %q: %w", name, err)
	}
	if !locked {
		return nil, fmt.Errorf("lab %q: %w%s", name, ErrLabRunning, d.owner())
	}
	return d, nil
}

// own notes the owner.
func (d *LabDir) own() error {
	if err := os.WriteFile(d.file(ownerFile), []byte(strconv.Itoa(os.Getpid())+"\n"), labFileMode); err != nil {
		return errors.Join(fmt.Errorf("note the owner of lab %q: %w", d.Name, err), d.Release())
	}
	return nil
}

// owner names the process that has the lab, if it said so.
func (d *LabDir) owner() string {
	content, err := os.ReadFile(d.file(ownerFile))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (process %s)", strings.TrimSpace(string(content)))
}

// empty removes what an earlier run left.
func (d *LabDir) empty() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == lockFile {
			continue
		}
		if err := os.RemoveAll(d.file(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// sub returns a directory below this one, for one of several labs. It is claimed
// together with this one, and not released by itself.
func (d *LabDir) sub(name string) (*LabDir, error) {
	sub := &LabDir{Name: name, Path: d.file(name)}
	if err := os.Mkdir(sub.Path, labDirMode); err != nil {
		return nil, fmt.Errorf("make the directory of lab %q: %w", name, err)
	}
	return sub, nil
}

// PutAside makes room for a new workspace. The one before stays beside it.
func (d *LabDir) PutAside() error {
	aside := d.file(workspaceDir + ".earlier")
	if err := errors.Join(os.RemoveAll(aside), os.RemoveAll(d.file(beginDir))); err != nil {
		return fmt.Errorf("put the workspace of lab %q aside: %w", d.Name, err)
	}
	if err := os.Rename(d.Workspace(), aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("put the workspace of lab %q aside: %w", d.Name, err)
	}
	return nil
}

// Release gives the directory up. Its content stays.
func (d *LabDir) Release() error { return d.lock.Unlock() }

// Workspace is where the learner's files are.
func (d *LabDir) Workspace() string { return d.file(workspaceDir) }

// Timeline is the file that everything which happens is recorded to.
func (d *LabDir) Timeline() string { return d.file(timelineFile) }

func (d *LabDir) file(name string) string { return filepath.Join(d.Path, name) }

// Fill writes files into the workspace and replaces those that are there.
func (d *LabDir) Fill(files []lesson.File) error {
	if err := d.fill(files); err != nil {
		return fmt.Errorf("write the files of the workspace: %w", err)
	}
	return nil
}

func (d *LabDir) fill(files []lesson.File) error {
	if err := os.MkdirAll(d.Workspace(), labDirMode); err != nil {
		return err
	}
	workspace, err := os.OpenRoot(d.Workspace())
	if err != nil {
		return err
	}
	defer workspace.Close()
	for _, f := range files {
		if err := workspace.MkdirAll(filepath.Dir(f.Path), labDirMode); err != nil {
			return err
		}
		if err := workspace.WriteFile(f.Path, f.Data, labFileMode); err != nil {
			return err
		}
	}
	return nil
}
