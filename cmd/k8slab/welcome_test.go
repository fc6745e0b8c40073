package main

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

func TestWelcomeIsFiveLines(t *testing.T) {
	for _, first := range []string{welcomeToCourse, welcomeToLesson} {
		for _, idle := range []time.Duration{0, defaultIdle, 36*time.Hour + 59*time.Minute + 59*time.Second} {
			text := welcome(first, idle)
			if n := strings.Count(text, "\n"); n != 5 {
				t.Errorf("%d lines:\n%s", n, text)
			}
			for _, line := range strings.Split(text, "\n") {
				if ansi.StringWidth(line) > 78 {
					t.Errorf("%d columns: %q", ansi.StringWidth(line), line)
				}
			}
		}
	}
}
