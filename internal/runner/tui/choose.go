package tui

import (
	"context"
	"fmt"
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/runner/report"
)

// A Choice is a lesson that can be chosen.
type Choice struct {
	Name, Title, Summary string
	Minutes              int
	Points, Possible     int    // earned, and what can be earned
	Steps, Done          int    // of the lesson, and those that are done
	Note                 string // such as "running"; may be empty
}

// ChooseOptions are a course and where it is shown.
type ChooseOptions struct {
	Lessons []Choice
	At      int    // index of the one to begin with
	Welcome string // lines that are said above the lessons

	In   io.Reader
	Look report.Options
}

// Choose lets the learner choose a lesson, and returns its name: none if they left.
func Choose(ctx context.Context, o ChooseOptions) (string, error) {
	last, err := run(ctx, newChooser(o), o.In, o.Look, nil)
	c, ok := last.(*chooser)
	if !ok || err != nil {
		return "", err
	}
	return c.chosen, nil
}

// chooser is the model of Choose.
type chooser struct {
	opts          ChooseOptions
	look          look
	cursor        int
	chosen        string
	help          bool // the keys are shown
	columns, rows int
}

func newChooser(o ChooseOptions) *chooser {
	return &chooser{opts: o, look: look{o.Look}, cursor: max(min(o.At, len(o.Lessons)-1), 0), columns: 80, rows: 24}
}

// Init needs nothing.
func (c *chooser) Init() tea.Cmd { return nil }

// Update takes a message.
func (c *chooser) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		c.columns, c.rows = msg.Width, msg.Height
	case tea.KeyMsg:
		return c, c.press(msg.String())
	}
	return c, nil
}

func (c *chooser) press(key string) tea.Cmd {
	switch key {
	case "?":
		c.help = !c.help
	case "up", "k", "p":
		c.cursor = max(c.cursor-1, 0)
	case "down", "j", "n":
		c.cursor = min(c.cursor+1, len(c.opts.Lessons)-1)
	case "enter", " ":
		c.chosen = c.opts.Lessons[c.cursor].Name
		return tea.Quit
	case "ctrl+c":
		return tea.Interrupt
	case "esc":
		if c.help {
			c.help = false
			return nil
		}
		return tea.Quit
	case "q":
		return tea.Quit
	}
	return nil
}

// chooserKeys are all keys of the course.
func chooserKeys() []explanation {
	return []explanation{
		{"up down", "choose a lesson; also k and j, p and n"},
		{"enter", "start it, or go on with it; also space"},
		{"q", "quit; labs that run go on"},
		{"?", "these keys, or no more"},
	}
}

// View draws the course: all of it, or the part around the cursor.
func (c *chooser) View() string {
	columns := min(c.columns, textColumns)
	top := []string{c.look.bold("k8slab") + ": Kubernetes workloads, learned on a real cluster"}
	if c.opts.Welcome != "" {
		top = append(append(top, ""), c.look.paragraph("", c.opts.Welcome, columns)...)
	}
	top = append(top, "")
	bottom := append([]string{""}, c.look.paragraph("  ", c.about(), columns)...)
	if c.help {
		bottom = append([]string{""}, c.look.explain(chooserKeys(), columns)...)
	}
	bottom = append(bottom, "", c.look.faint("up down choose  enter start  q quit  ? keys"))
	room := max(c.rows-len(top)-len(bottom), 1)
	lines := append(append(top, c.part(columns, room)...), bottom...)
	if len(lines) > c.rows {
		lines = lines[:max(c.rows, 1)]
	}
	for i := range lines {
		lines[i] = c.look.fit(lines[i], c.columns)
	}
	return strings.Join(lines, "\n")
}

// part is as many lessons as have room.
func (c *chooser) part(columns, room int) []string {
	first := max(min(c.cursor-room/2, len(c.opts.Lessons)-room), 0)
	var lines []string
	for i := first; i < min(first+room, len(c.opts.Lessons)); i++ {
		lines = append(lines, c.line(i, columns))
	}
	return lines
}

func (c *chooser) line(i, columns int) string {
	l, choice := c.look, c.opts.Lessons[i]
	cursor, sign, title := "  ", " ", report.Line(choice.Title)
	if choice.Steps > 0 && choice.Done == choice.Steps {
		sign = l.sign("passed")
	}
	if i == c.cursor {
		cursor, title = l.either("› ", "> "), l.bold(title)
	}
	note := fmt.Sprintf("%d min  %2d of %2d points", choice.Minutes, choice.Points, choice.Possible)
	return l.beside(cursor+sign+" "+title, note, columns)
}

// about says more of the lesson at the cursor.
func (c *chooser) about() string {
	if len(c.opts.Lessons) == 0 {
		return "There are no lessons."
	}
	choice := c.opts.Lessons[c.cursor]
	text := report.Line(choice.Summary)
	if choice.Note != "" {
		text += "\n\n" + report.Line(choice.Note)
	}
	return text
}
