package tui

import (
	"context"
	"errors"
	"io/fs"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/picture"
)

// lookAgain is how often a timeline that grows is looked at. It costs one read of
// an open file.
const lookAgain = 100 * time.Millisecond

// filmMsg is what a recording contains now.
type filmMsg struct {
	recording int
	follower  *timeline.Follower
	timeline  *timeline.Timeline
	err       error
}

// roll waits until there is more in a recording than before. follower is nil for the
// first time.
func roll(ctx context.Context, recording int, path string, follower *timeline.Follower) tea.Cmd {
	return func() tea.Msg {
		for {
			if follower == nil {
				follower, _ = open(path)
			}
			if follower != nil {
				t, changed, err := follower.Read()
				switch {
				case errors.Is(err, timeline.ErrNoHeader):
				case err != nil:
					follower.Close()
					return filmMsg{recording: recording, err: err}
				case changed:
					return filmMsg{recording: recording, follower: follower, timeline: t}
				}
			}
			select {
			case <-ctx.Done():
				if follower != nil {
					follower.Close()
				}
				return nil
			case <-time.After(lookAgain):
			}
		}
	}
}

// open opens a recording that may not be there yet.
func open(path string) (*timeline.Follower, error) {
	f, err := timeline.Follow(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

// pictureMsg is a picture that has been made.
type pictureMsg struct {
	recording int
	picture   *picture.Picture
}

// paint makes the picture of a step.
func paint(t *timeline.Timeline, recording int, step string) tea.Cmd {
	return func() tea.Msg {
		return pictureMsg{recording, picture.Of(t.Step(step), picture.Select{})}
	}
}
