package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// LabState is a lab's directory as somebody else sees it.
type LabState struct {
	Name    string
	Path    string
	Running bool // a process owns it
}

// Labs returns the labs below root by name, ended ones too.
func Labs(root string) ([]LabState, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("list the labs: %w", err)
	}
	var labs []LabState
	for _, e := range entries {
		if !e.IsDir() || !labName.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(root, e.Name())
		running, err := isLocked(filepath.Join(path, lockFile))
		if err != nil {
			return nil, fmt.Errorf("look at lab %q: %w", e.Name(), err)
		}
		labs = append(labs, LabState{Name: e.Name(), Path: path, Running: running})
	}
	return labs, nil
}

// isLocked tries a shared lock, which no other look disturbs, and only for a moment.
func isLocked(path string) (bool, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if err != nil {
		return false, err
	}
	return !free, lock.Unlock()
}

func kubeconfigOf(lab LabState) (string, error) {
	path := filepath.Join(lab.Path, "kubeconfig")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("lab %q is still starting", lab.Name)
	}
	return path, nil
}

// RunningKubeconfig is the kubeconfig of the running lab of that name, or of the
// only one if the name is empty.
func RunningKubeconfig(root, name string) (string, error) {
	labs, err := Labs(root)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	var found []LabState
	for _, l := range labs {
		if l.Running && (name == "" || l.Name == name) {
			found = append(found, l)
		}
	}
	switch {
	case len(found) == 1:
		return kubeconfigOf(found[0])
	case len(found) > 1:
		return "", fmt.Errorf("%d labs are running; set K8SLAB_LAB to one of them, such as %s", len(found), found[0].Name)
	case name != "":
		return "", fmt.Errorf("no lab with the name %q is running", name)
	default:
		return "", errors.New("no lab is running; `k8slab start` starts one")
	}
}
