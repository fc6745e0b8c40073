package report

import (
	"context"
	"strings"
	"time"
)

// Command shows a command as it stands behind a prompt: typed character by
// character if there is a delay, else at once. It returns ctx.Err() if ctx ends
// while it types.
func (t *Text) Command(ctx context.Context, command string) error {
	prompt, more := t.prompt("$ "), t.prompt("> ")
	lines := strings.Split(cleanText(command), "\n")
	t.print("")
	for i, line := range lines {
		if i > 0 {
			prompt = more
		}
		t.append(prompt)
		if err := t.typed(ctx, line); err != nil {
			t.append("\n")
			return err
		}
		t.append("\n")
	}
	return ctx.Err()
}

func (t *Text) prompt(s string) string { return t.colour(green, s) }

func (t *Text) append(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write([]byte(s))
}

// typed writes one line at the pace of the options.
func (t *Text) typed(ctx context.Context, line string) error {
	if t.opts.Delay <= 0 {
		t.append(t.bold(line))
		return nil
	}
	tick := time.NewTicker(t.opts.Delay)
	defer tick.Stop()
	for _, r := range line {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			t.append(t.bold(string(r)))
		}
	}
	return nil
}
