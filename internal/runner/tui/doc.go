// Package tui is the full-screen player: the text of a step, the verdicts on it
// and the picture of what its cluster does, in one terminal.
package tui

import (
	_ "github.com/charmbracelet/bubbles/help"     // the keys at the bottom
	_ "github.com/charmbracelet/bubbles/key"      // which keys do what
	_ "github.com/charmbracelet/bubbles/viewport" // text that is longer than the screen
	_ "github.com/charmbracelet/bubbletea"        // the loop
	_ "github.com/charmbracelet/lipgloss"         // boxes and colours
)
