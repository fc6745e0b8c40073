package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/runner/report"
)

func course() ChooseOptions {
	return ChooseOptions{
		Lessons: []Choice{
			{Name: "replicaset-updates", Title: "What a ReplicaSet does when its template changes", Summary: "You change the image in a ReplicaSet and nothing happens.", Minutes: 20, Points: 13, Possible: 13, Steps: 8, Done: 8},
			{Name: "rolling-surge-limits", Title: "How many Pods a rolling update may have", Summary: "You set maxSurge and maxUnavailable, and watch what they do to an update that is under way, Pod by Pod, until you can say beforehand what will happen.", Minutes: 25, Possible: 18, Steps: 7, Done: 2, Note: "You are at step 3 of 7, and its lab is running."},
			{Name: "job-backoff", Title: "How often a Job tries, and when it gives up", Summary: "You watch Jobs fail.", Minutes: 20, Possible: 20, Steps: 8},
		},
		At:      1,
		Welcome: "A first line.\nA second one.",
		Look:    report.Options{Plain: true},
	}
}

func TestGoldenChoose(t *testing.T) {
	c := newChooser(course())
	c.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	golden(t, c.View())
}

// TestChooseKeys: the keys are there on ?, and go with it, or with esc.
func TestChooseKeys(t *testing.T) {
	c := newChooser(course())
	c.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	for _, away := range []string{"?", "esc"} {
		c.Update(keyMsg("?"))
		if view := c.View(); !strings.Contains(view, "enter      start it, or go on with it") || strings.Contains(view, "You set maxSurge") {
			t.Errorf("no keys in\n%s", view)
		}
		if _, cmd := c.Update(keyMsg(away)); cmd != nil || !strings.Contains(c.View(), "You set maxSurge") {
			t.Errorf("after %s:\n%s", away, c.View())
		}
	}
}

func TestChoose(t *testing.T) {
	tests := map[string]struct {
		keys []string
		want string
	}{
		"the one to go on with": {[]string{"enter"}, "rolling-surge-limits"},
		"another":               {[]string{"down", "down", "down", "enter"}, "job-backoff"},
		"none":                  {[]string{"up", "q"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newChooser(course())
			for _, k := range test.keys {
				c.Update(keyMsg(k))
			}
			if c.chosen != test.want {
				t.Errorf("chosen %q, want %q", c.chosen, test.want)
			}
		})
	}
}
