package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/viewport"

	"github.com/k8slab/k8slab/internal/runner/report"
)

// View draws a frame: exactly as many lines as the terminal has.
func (m *Model) View() string {
	if m.small() {
		return m.tooSmall()
	}
	lines := m.header()
	lines = append(lines, m.body(m.bodyRows())...)
	return strings.Join(append(lines, m.footer()...), "\n")
}

func (m *Model) tooSmall() string {
	lines := []string{"The terminal is too small.", fmt.Sprintf("Make it %d x %d or larger,", fewColumns, fewRows), "or leave with q."}
	return strings.Join(m.block(lines, min(len(lines), max(m.rows, 1)), m.columns), "\n")
}

func (m *Model) header() []string {
	l := m.look
	step, number := m.step()
	title := l.beside(l.bold(report.Line(m.opts.Lesson.Title)), l.faint(m.score()), m.columns)
	heading := fmt.Sprintf("Step %d of %d: %s", number, len(m.opts.Lesson.Steps), report.Line(step.Title))
	return []string{title, l.beside(l.bold(heading), l.faint(m.standing(number)), m.columns), m.tabs()}
}

func (m *Model) score() string {
	if m.state.Possible == 0 {
		return ""
	}
	return m.points()
}

// standing says how it is with the step that is shown.
func (m *Model) standing(number int) string {
	switch {
	case !m.ready:
		return ""
	case m.looksBack():
		return "looking back"
	case m.state.Finished:
		return "lesson finished"
	case number <= len(m.state.Steps) && m.state.Steps[number-1].Done:
		return "done"
	}
	return ""
}

// tabs is the line below the header: what is shown, and what else there is.
func (m *Model) tabs() string {
	l := m.look
	checks := "checks"
	if n := len(m.state.Checks); n > 0 && m.state.Phase == "" {
		passed, failed, broken := tally(m.state.Checks)
		checks = fmt.Sprintf("checks %d/%d", passed, n)
		switch {
		case broken:
			checks += " !"
		case failed:
			checks += l.either(" ✗", " x")
		case passed == n:
			checks += l.either(" ✓", " +")
		}
	}
	switch {
	case m.screen == screenPicture:
		return l.rule("timeline", m.more(m.whole), m.columns)
	case m.screen != screenStep:
		return l.rule("", m.more(m.whole), m.columns)
	case m.wide():
		left, right := m.sides()
		bar, tee := l.either("─", "-"), l.either("┬", "+")
		return l.rule(m.tab("text", viewText), m.more(m.text), left) + l.faint(bar+tee+bar) + l.rule(m.tab(checks, viewChecks), m.more(m.checks), right)
	}
	bar := l.either(" ── ", " -- ")
	more := ""
	switch m.view {
	case viewText:
		more = m.more(m.text)
	case viewChecks:
		more = m.more(m.checks)
	}
	return l.rule(m.tab("text", viewText)+bar+m.tab(checks, viewChecks)+bar+m.tab("picture", viewPicture), more, m.columns)
}

// more says that there is text below what can be seen.
func (m *Model) more(v viewport.Model) string {
	if v.AtBottom() {
		return ""
	}
	return m.look.either("more below ↓", "more below")
}

// tab marks the view that keys move.
func (m *Model) tab(name string, v view) string {
	if m.view == v || m.wide() && v == viewText && m.view == viewPicture {
		return "[" + name + "]"
	}
	return name
}

func (m *Model) body(rows int) []string {
	switch {
	case m.screen != screenStep:
		return m.lines(m.whole.View(), rows, m.columns)
	case m.wide():
		return m.bothSides(rows)
	case m.view == viewChecks:
		return m.lines(m.checks.View(), rows, m.columns)
	case m.view == viewPicture:
		return m.block(m.pictureLines(m.columns, rows), rows, m.columns)
	}
	return m.lines(m.text.View(), rows, m.columns)
}

// bothSides puts the text beside verdicts and picture.
func (m *Model) bothSides(rows int) []string {
	left, right := m.sides()
	text := m.lines(m.text.View(), rows, left)
	side := m.lines(m.checks.View(), m.checks.Height, right)
	side = append(side, m.look.rule("picture", "", right))
	if room := rows - len(side); room > 0 {
		side = append(side, m.block(m.pictureLines(right, room), room, right)...)
	}
	bar := m.look.faint(m.look.either(" │ ", " | "))
	for i := range text {
		text[i] += bar + side[i]
	}
	return text
}

// lines takes apart what a viewport shows.
func (m *Model) lines(s string, rows, columns int) []string {
	return m.block(strings.Split(s, "\n"), rows, columns)
}

// block makes exactly rows lines of exactly that many columns.
func (m *Model) block(lines []string, rows, columns int) []string {
	block := make([]string, rows)
	for i := range block {
		line := ""
		if i < len(lines) {
			line = strings.TrimRight(lines[i], " ")
		}
		block[i] = m.look.fit(line, columns)
	}
	return block
}

// footer says what can be done: a prompt with its keys, or a message with those of the
// screen.
func (m *Model) footer() []string {
	said, keys := m.said(), m.screenKeys()
	if m.prompt != nil {
		said, keys = m.look.bold(m.prompt.text), m.promptKeys()
	}
	lines := report.Wrap(said, m.columns)
	for _, line := range strings.Split(keys, "\n") {
		lines = append(lines, m.look.faint(m.look.fit(line, m.columns)))
	}
	return lines
}

func (m *Model) promptKeys() string {
	var keys []string
	for _, k := range m.prompt.keys {
		keys = append(keys, k.key+" "+k.label)
	}
	return strings.Join(report.Wrap(strings.Join(append(keys, "esc back"), "   "), m.columns), "\n")
}

func (m *Model) screenKeys() string {
	switch m.screen {
	case screenQuestion:
		return m.questionKeys()
	case screenList:
		return "up down choose  enter look at it  esc back"
	case screenKeys:
		return "up down move  esc back"
	case screenSaid:
		return "enter begin"
	case screenPicture:
		return "up down move  t back  " + m.keys.bottom(m.columns-22, m.useful())
	case screenEnded:
		if m.opts.Resume != nil {
			return "r resume  q quit"
		}
		return "q quit"
	}
	return m.keys.bottom(m.columns, m.useful())
}

// useful returns the keys that do something now, the most important first.
func (m *Model) useful() []key.Binding {
	k := m.keys
	if !m.ready || m.state.Phase != "" {
		return []key.Binding{k.Help, k.Quit, k.View, k.List, k.Edit}
	}
	keys := []key.Binding{k.Help, k.Quit, k.Next, k.Hint, k.Shell, k.Check, k.View, k.Reset, k.Edit, k.Previous, k.List, k.Timeline, k.Solution}
	if _, open := m.open(); open {
		keys = append([]key.Binding{k.Answer}, keys...)
	}
	if _, failed, broken := tally(m.state.Checks); failed || broken {
		keys = append([]key.Binding{k.Reset}, keys...) // nothing else changes what has happened
	}
	return keys
}

func (m *Model) questionKeys() string {
	q, _ := answered(m.state, m.answering)
	switch {
	case q.Right:
		return "enter back"
	case len(q.Choices) == 0:
		return "enter answer  esc later"
	case q.Answer != "":
		return "up down choose  enter answer again  esc look at it first"
	}
	return "up down choose  enter answer  esc later"
}

// said is what the line above the keys says: what was answered last, or what to do
// next.
func (m *Model) said() string {
	l := m.look
	switch {
	case m.busy != "":
		return l.colour(cyan, l.spinner(m.tick)) + " " + m.busy + l.either("…", "...")
	case m.message != "" && (m.state.Phase == "" || m.pressed):
		return m.message
	case m.screen == screenEnded:
		return ""
	case !m.ready:
		return l.colour(cyan, l.spinner(m.tick)) + " looking for the lab" + l.either("…", "...")
	case m.state.Phase != "":
		waited := m.opts.now().Sub(m.phase).Truncate(time.Second)
		return fmt.Sprintf("%s %s%s %s", l.colour(cyan, l.spinner(m.tick)), report.Line(m.state.Phase), l.either("…", "..."), waited)
	}
	return m.advice()
}

// advice is what to do next.
func (m *Model) advice() string {
	l := m.look
	passed, failed, broken := tally(m.state.Checks)
	all := passed == len(m.state.Checks)
	_, open := m.open()
	switch {
	case m.looksBack():
		return "You look back at this step. n goes forward, x does it again."
	case m.screen == screenQuestion, m.screen == screenList, m.screen == screenKeys, m.screen == screenSaid:
		return ""
	case m.state.Finished && all:
		return l.colour(green, l.either("✓", "+")) + " You have finished the lesson, with " + m.points() + ". q quits."
	case broken:
		return l.sign("error") + " That is our mistake, and costs no points. x does the step again."
	case failed:
		return l.sign("failed") + " A check has failed. x does the step again, h gives a hint."
	case len(m.state.Problems) > 0:
		return l.colour(red, "!") + " " + report.Line(m.state.Problems[0].Message) + ". e edits the file."
	case all && len(m.state.Checks) > 0 && !m.state.Step().Done:
		return l.sign("waiting") + " All checks pass. The cluster has to come to rest" + l.either("…", "...")
	case open && all && len(m.state.Checks) > 0:
		return l.sign("passed") + " Done. n goes on; a answers the question that is left."
	case open:
		return "There is a question to answer: a." + m.manual()
	case len(m.state.Checks) == 0:
		return "When you have read this, n goes on."
	case all:
		return l.sign("passed") + " Done. n goes on to the next step."
	}
	return fmt.Sprintf("%s %d of %d checks passed.%s s opens a shell, h gives a hint.", l.sign("waiting"), passed, len(m.state.Checks), m.manual())
}

// manual says when checks run, if they do not by themselves.
func (m *Model) manual() string {
	if !m.state.Manual || len(m.state.Checks) == 0 {
		return ""
	}
	return " Checks run only on c."
}
