package picture

import (
	"slices"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// StepNames returns the steps that were entered, in the order in which each was
// entered for the last time: what came before that was redone.
func StepNames(t *timeline.Timeline) []string {
	var names []string
	for _, e := range t.Marks() {
		if m := e.Mark; m.Type == timeline.MarkStep {
			names = append(slices.DeleteFunc(names, func(n string) bool { return n == m.Name }), m.Name)
		}
	}
	return names
}

// Steps returns a picture of each step in which something happened. A recording without
// steps is one picture.
func Steps(t *timeline.Timeline, s Select) []*Picture {
	names := StepNames(t)
	if len(names) == 0 {
		return []*Picture{Of(t.Whole(), s)}
	}
	var pictures []*Picture
	for _, name := range names {
		if p := Of(t.Step(name), s); !p.idle() {
			pictures = append(pictures, p)
		}
	}
	return pictures
}
