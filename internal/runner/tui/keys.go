package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/viewport"
)

// keyMap is what keys do in the player. Those of rustlings do the same here.
type keyMap struct {
	Answer, Next, Previous, Hint, Check, Reset, List, Timeline, Edit, Shell, Solution, View, Help, Quit key.Binding
}

func bind(help, long string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, long))
}

func newKeyMap() keyMap {
	return keyMap{
		Answer:   bind("a", "answer", "a"),
		Next:     bind("n", "next", "n"),
		Previous: bind("p", "previous", "p"),
		Hint:     bind("h", "hint", "h"),
		Check:    bind("c", "check", "c", "r"),
		Reset:    bind("x", "reset", "x"),
		List:     bind("l", "list", "l"),
		Timeline: bind("t", "timeline", "t"),
		Edit:     bind("e", "edit", "e"),
		Shell:    bind("s", "shell", "s"),
		Solution: bind("o", "solution", "o"),
		View:     bind("tab", "view", "tab", "shift+tab"),
		Help:     bind("?", "keys", "?"),
		Quit:     bind("q", "quit", "q", "ctrl+c"),
	}
}

// An explanation is a line of the help: a key and what it does.
type explanation struct{ key, text string }

// explain says what keys do.
func (l look) explain(keys []explanation, columns int) []string {
	var lines []string
	for _, e := range keys {
		lines = append(lines, l.paragraph("  "+l.bold(l.fit(e.key, 10))+" ", e.text, columns)...)
	}
	return lines
}

// explanations are all keys. Manual: checks run on request only.
func explanations(manual bool) []explanation {
	check := "check now; checks also run by themselves when something happens"
	if manual {
		check = "check now; checks run only then"
	}
	return []explanation{
		{"n", "next step; when you look back at one, go forward"},
		{"p", "look back at the step before"},
		{"a", "answer the question of the step"},
		{"s", "your shell in the lab; it ends with exit, and you are back here"},
		{"e", "edit a file of the workspace with your $EDITOR"},
		{"c", check},
		{"h", "one more hint"},
		{"o", "the solution of the step; it is asked for first, and noted"},
		{"x", "reset: do the step again, on a new cluster"},
		{"t", "the timeline: what Pods did, on the whole screen"},
		{"l", "all steps, and what you have reached"},
		{"tab", "narrow screens: text, checks, picture; wide ones: which side moves"},
		{"up down", "move by a line; also j and k"},
		{"pgup pgdn", "move by a page; also b and space"},
		{"q", "quit; the lab goes on, and k8slab comes back to it"},
	}
}

// bottom returns the keys for the last line: as many as fit, the most important
// first, in the order of the map.
func (k keyMap) bottom(columns int, important []key.Binding) string {
	var shown []string
	used := 0
	for _, b := range important {
		if w := width(label(b)) + 2; used+w-2 <= columns {
			shown, used = append(shown, label(b)), used+w
		}
	}
	var parts []string
	for _, b := range []key.Binding{k.Answer, k.Next, k.Previous, k.Hint, k.Check, k.Reset, k.List, k.Timeline, k.Edit, k.Shell, k.Solution, k.View, k.Quit, k.Help} {
		if slices.Contains(shown, label(b)) {
			parts = append(parts, label(b))
		}
	}
	return strings.Join(parts, "  ")
}

func label(b key.Binding) string { return b.Help().Key + " " + b.Help().Desc }

// scrolling is what moves text. The keys of the player come first.
func scrolling() viewport.KeyMap {
	return viewport.KeyMap{
		PageDown: bind("pgdn", "page down", "pgdown", " "),
		PageUp:   bind("pgup", "page up", "pgup", "b"),
		Down:     bind("down", "down", "down", "j"),
		Up:       bind("up", "up", "up", "k"),
	}
}
