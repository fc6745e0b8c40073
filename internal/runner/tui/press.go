package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// press does what a key means where it was pressed.
func (m *Model) press(msg tea.KeyMsg) tea.Cmd {
	m.message, m.pressed = "", true
	touch := m.touch()
	var cmd tea.Cmd
	switch {
	case msg.String() == "ctrl+c":
		return tea.Interrupt
	case m.prompt != nil:
		cmd = m.pressPrompt(msg)
	case m.screen == screenEnded:
		cmd = m.pressEnded(msg)
	case m.screen == screenQuestion:
		cmd = m.pressQuestion(msg)
	case m.screen == screenList:
		cmd = m.pressList(msg)
	case m.screen == screenKeys, m.screen == screenSaid:
		cmd = m.pressKeys(msg)
	default:
		cmd = m.pressStep(msg)
	}
	return tea.Batch(touch, cmd)
}

func (m *Model) pressPrompt(msg tea.KeyMsg) tea.Cmd {
	for _, k := range m.prompt.keys {
		if msg.String() == k.key {
			m.prompt = nil
			if k.do == nil {
				return nil
			}
			return k.do()
		}
	}
	if s := msg.String(); s == "esc" || s == "q" {
		m.prompt = nil
	}
	return nil
}

func (m *Model) pressStep(msg tea.KeyMsg) tea.Cmd {
	k := m.keys
	switch {
	case matches(msg, k.Quit):
		return m.leave()
	case matches(msg, k.Help):
		m.screen = screenKeys
		m.whole.GotoTop()
	case !m.ready:
		return nil // nothing to work with yet
	case matches(msg, k.List):
		_, number := m.step()
		m.screen, m.cursor = screenList, number-1
	case matches(msg, k.View):
		m.turn(msg.String() == "shift+tab")
	case matches(msg, k.Timeline):
		m.toggleTimeline()
	case matches(msg, k.Edit):
		return m.edit()
	case matches(msg, k.Previous):
		return m.previous()
	case matches(msg, k.Next) && (m.looksBack() || m.state.Phase == ""):
		return m.next()
	case m.state.Phase != "" && matches(msg, k.Next, k.Reset, k.Shell, k.Hint, k.Check, k.Solution, k.Answer):
		m.message = "Wait until the cluster is ready: " + report.Line(m.state.Phase) + "."
	case matches(msg, k.Reset):
		return m.reset()
	case matches(msg, k.Shell):
		return m.shell()
	case m.looksBack() && matches(msg, k.Hint, k.Check, k.Solution, k.Answer):
		m.message = "That is for the step that you are at. n goes there."
	case matches(msg, k.Hint):
		return m.hint()
	case matches(msg, k.Check):
		return m.check()
	case matches(msg, k.Solution):
		return m.solution()
	case matches(msg, k.Answer):
		return m.ask()
	case msg.String() == "esc":
		m.screen = screenStep
	default:
		return m.scroll(msg)
	}
	return nil
}

func (m *Model) leave() tea.Cmd {
	m.left = true
	return tea.Quit
}

// turn goes to the next view, or back.
func (m *Model) turn(back bool) {
	if m.screen == screenPicture {
		m.screen = screenStep
		return
	}
	n := views
	if m.wide() {
		n = viewPicture // the picture is beside them
	}
	step := view(1)
	if back {
		step = n - 1
	}
	m.view = (min(m.view, n-1) + step) % n
}

func (m *Model) toggleTimeline() {
	if m.screen == screenPicture {
		m.screen = screenStep
		return
	}
	m.screen = screenPicture
	m.whole.GotoTop()
}

func (m *Model) scroll(msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	switch {
	case m.screen != screenStep || m.view == viewPicture && !m.wide():
		m.whole, cmd = m.whole.Update(msg)
	case m.view == viewChecks:
		m.checks, cmd = m.checks.Update(msg)
	default:
		m.text, cmd = m.text.Update(msg)
	}
	return cmd
}

// pressKeys: every key goes back, except those that move.
func (m *Model) pressKeys(msg tea.KeyMsg) tea.Cmd {
	switch msg.String() {
	case "q", "esc", "?", "enter", "n":
		m.screen = screenStep
		return nil
	}
	return m.scroll(msg)
}

func (m *Model) pressList(msg tea.KeyMsg) tea.Cmd {
	last := len(m.opts.Lesson.Steps) - 1
	switch msg.String() {
	case "up", "k":
		m.cursor = max(m.cursor-1, 0)
	case "down", "j":
		m.cursor = min(m.cursor+1, last)
	case "home":
		m.cursor = 0
	case "end":
		m.cursor = last
	case "enter":
		return m.choose(m.opts.Lesson.Steps[m.cursor])
	case "q", "esc", "l":
		m.screen = screenStep
	}
	return nil
}

// choose looks at a step of the list: one that was there already.
func (m *Model) choose(s lesson.Step) tea.Cmd {
	for _, step := range m.opts.Lesson.Steps {
		if step.ID == s.ID {
			m.show(s.ID)
			m.view = viewText
			return m.repaint()
		}
		if step.ID == m.state.Current {
			break
		}
	}
	m.message = "You get there with n, step by step."
	return nil
}

func (m *Model) pressQuestion(msg tea.KeyMsg) tea.Cmd {
	q, ok := answered(m.state, m.answering)
	key := msg.String()
	if !ok || key == "esc" || q.Right && (key == "enter" || key == "q" || key == "a") {
		m.screen = screenStep
		return nil
	}
	if q.Right || key == "pgdown" || key == "pgup" {
		return m.scroll(msg)
	}
	if len(q.Choices) == 0 {
		return m.pressText(msg)
	}
	switch key {
	case "up":
		m.cursor = max(m.cursor-1, 0)
	case "down":
		m.cursor = min(m.cursor+1, len(q.Choices)-1)
	case "enter":
		return m.answer(q.Choices[m.cursor])
	case "q":
		m.screen = screenStep
	}
	for i, c := range q.Choices {
		if key == lesson.Letter(i) {
			m.cursor = i
			return m.answer(c)
		}
	}
	return nil
}

// pressText is for a question that is answered in one's own words.
func (m *Model) pressText(msg tea.KeyMsg) tea.Cmd {
	typed := []rune(m.typed)
	switch msg.Type {
	case tea.KeyEnter:
		if strings.TrimSpace(m.typed) != "" {
			return m.answer(m.typed)
		}
	case tea.KeyBackspace:
		m.typed = string(typed[:max(len(typed)-1, 0)])
	case tea.KeyRunes, tea.KeySpace:
		m.typed += string(msg.Runes)
	}
	return nil
}

func (m *Model) pressEnded(msg tea.KeyMsg) tea.Cmd {
	switch msg.String() {
	case "r", "enter":
		return m.resume()
	case "q":
		return m.leave()
	}
	return nil
}
