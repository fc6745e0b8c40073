package tui

import "github.com/k8slab/k8slab/internal/runner/tui/noquery"

// bubbletea, which this package imports, has been initialized now.
var _ = noquery.Restore()
