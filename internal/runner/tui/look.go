package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// look is what the terminal can show. Without colours everything is still told apart,
// by signs and words.
type look struct{ report.Options }

// The colours: of the sixteen that every theme chooses itself.
const (
	red    = "1"
	green  = "2"
	yellow = "3"
	cyan   = "6"
)

func (l look) bold(s string) string {
	if l.Plain {
		return s
	}
	return l.Profile.String(s).Bold().String()
}

func (l look) faint(s string) string {
	if l.Plain {
		return s
	}
	return l.Profile.String(s).Faint().String()
}

func (l look) colour(c, s string) string {
	if l.Plain {
		return s
	}
	return l.Profile.String(s).Foreground(l.Profile.Color(c)).String()
}

// sign is the sign and the colour of an outcome.
func (l look) sign(o checks.Outcome) string {
	switch o {
	case checks.Passed:
		return l.colour(green, l.either("✓", "+"))
	case checks.Failed:
		return l.colour(red, l.either("✗", "x"))
	case checks.Error:
		return l.colour(red, "!")
	default:
		return l.colour(yellow, l.either("…", "."))
	}
}

// either chooses between a character and what stands for it in ASCII.
func (l look) either(utf8, ascii string) string {
	if l.ASCII {
		return ascii
	}
	return utf8
}

// rule is a line of that many columns with text near its ends.
func (l look) rule(left, right string, columns int) string {
	bar := l.either("─", "-")
	if left != "" {
		left = bar + " " + left + " "
	}
	if right != "" {
		right = " " + right + " " + bar
	}
	if width(left)+width(right) > columns {
		right = ""
	}
	left = ansi.Truncate(left, columns, "")
	return l.faint(left + strings.Repeat(bar, max(columns-width(left)-width(right), 0)) + right)
}

// beside puts text at both ends of a line. The right one goes if there is no room.
func (l look) beside(left, right string, columns int) string {
	room := columns - width(right) - 1
	if room < columns/3 {
		return l.fit(left, columns)
	}
	return l.fit(left, room) + " " + right
}

// fit makes a line of exactly that many columns.
func (l look) fit(s string, columns int) string {
	s = ansi.Truncate(s, columns, l.either("…", "~"))
	return s + strings.Repeat(" ", max(columns-width(s), 0))
}

// paragraph wraps text under a sign.
func (l look) paragraph(sign, s string, columns int) []string {
	margin := strings.Repeat(" ", width(sign))
	var lines []string
	for _, line := range strings.Split(strings.TrimRight(s, "\n"), "\n") {
		lines = append(lines, report.Wrap(line, columns-width(sign))...)
	}
	for i := range lines {
		if i == 0 {
			lines[i] = sign + lines[i]
		} else {
			lines[i] = margin + lines[i]
		}
	}
	return lines
}

func width(s string) int { return ansi.StringWidth(s) }

// spinner is the picture of the spinner with that number.
func (l look) spinner(n int) string {
	if l.ASCII {
		return string(`|/-\`[n%4])
	}
	return string([]rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[n%10])
}
