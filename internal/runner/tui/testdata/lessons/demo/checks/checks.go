package checks

import "github.com/k8slab/k8slab/lab"

// Three Pods run.
func ThreePodsRun(t *lab.T) {}

// They are new.
func TheyAreNew(t *lab.T) {}

// Nothing is replaced.
func NothingIsReplaced(t *lab.T) {}
