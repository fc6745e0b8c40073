package main

import (
	"os"
	"path/filepath"
)

// labsDir is where labs are: XDG_STATE_HOME/k8slab/labs.
func labsDir() (string, error) {
	dir, err := xdgDir("XDG_STATE_HOME", ".local", "state")
	return filepath.Join(dir, "labs"), err
}

// claimsDir is where notes are of what labs have outside their directories.
func claimsDir() (string, error) {
	dir, err := xdgDir("XDG_STATE_HOME", ".local", "state")
	return filepath.Join(dir, "claims"), err
}

// cacheDir is what can be made again: XDG_CACHE_HOME/k8slab.
func cacheDir() (string, error) { return xdgDir("XDG_CACHE_HOME", ".cache") }

// xdgDir follows the XDG base directory specification on every system: a
// relative path in the variable is ignored, as it asks for.
func xdgDir(variable string, fallback ...string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "k8slab"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &usageError{err, "Set HOME, or " + variable + " to a directory of yours."}
	}
	return filepath.Join(append(append([]string{home}, fallback...), "k8slab")...), nil
}
