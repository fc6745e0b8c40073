package sameness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Shape returns what a timeline says about a namespace, without what depends on nothing
// but speed. It has a block of lines for each controller, each Pod, or the number of
// Pods that went the same way, each claim, and the Events.
func Shape(t *timeline.Timeline, namespace string) []string {
	w := t.Whole()
	n := newNames(w, namespace)
	return slices.Concat(controllers(w, n), podGroups(w, n), claims(w), events(w, n))
}

// block is a heading and the lines under it.
type block struct {
	heading string
	lines   []string
}

func (b *block) add(format string, args ...any) {
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
}

// once is add for a line that is not there yet.
func (b *block) once(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(b.lines, line) {
		b.lines = append(b.lines, line)
	}
}

func (b *block) text() []string {
	text := []string{b.heading}
	for _, line := range b.lines {
		text = append(text, "  "+line)
	}
	return text
}

// because is a reason and a message as they stand behind what they are the reason of.
func because(reason, message string) string {
	switch {
	case reason == "" && message == "":
		return ""
	case message == "":
		return " " + reason
	default:
		return " " + strings.TrimSpace(reason+": "+message)
	}
}
