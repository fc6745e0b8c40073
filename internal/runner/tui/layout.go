package tui

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/picture"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// The sizes that decide what is shown.
const (
	wideColumns = 120 // from here on, text and verdicts stand side by side
	textColumns = 100 // longer lines are hard to read
	fewColumns  = 40  // with less there is no player
	fewRows     = 12
	between     = 3 // columns between the sides
	headerRows  = 3
)

func (m *Model) wide() bool { return m.columns >= wideColumns }

func (m *Model) small() bool { return m.columns < fewColumns || m.rows < fewRows }

// sides returns how wide the text and the verdicts are.
func (m *Model) sides() (left, right int) {
	if !m.wide() {
		return min(m.columns, textColumns), min(m.columns, textColumns)
	}
	left = min((m.columns-between)/2, textColumns)
	return left, m.columns - between - left
}

// bodyRows is what header and footer leave.
func (m *Model) bodyRows() int { return max(m.rows-headerRows-len(m.footer()), 1) }

// layout brings what can be scrolled up to date.
func (m *Model) layout() {
	if m.small() {
		return
	}
	rows := m.bodyRows()
	left, right := m.sides()
	w := writer{m.look, left}
	m.layoutText(w, rows)
	verdicts := writer{m.look, right}.verdicts(m.state)
	if !m.ready || m.state.Phase != "" {
		verdicts = writer{m.look, right}.provisioning(m)
	}
	m.checks.Width, m.checks.Height = right, rows
	if m.wide() {
		m.checks.Height = max(min(len(verdicts), rows*3/5), 1)
	}
	m.checks.SetContent(strings.Join(verdicts, "\n"))
	m.whole.Width, m.whole.Height = m.columns, rows
	m.whole.SetContent(strings.Join(m.wholeLines(), "\n"))
}

// layoutText writes the step anew when there is something new to write.
func (m *Model) layoutText(w writer, rows int) {
	m.text.Width, m.text.Height = w.columns, rows
	made := fmt.Sprint(m.shown, w.columns, m.state.Current == m.shown, m.state.Questions, m.state.StandingHints(), m.state.Solution != nil)
	if made == m.kept {
		return
	}
	m.kept = made
	step, _ := m.step()
	m.page = w.step(m.opts.Lesson, step, m.state)
	m.text.SetContent(strings.Join(m.page.lines, "\n"))
}

// provisioning says what is being waited for.
func (w writer) provisioning(m *Model) []string {
	return w.paragraph("", "The checks begin when the cluster is ready. You can read the text until then.", w.columns)
}

// wholeLines are what fills the screen, if something does.
func (m *Model) wholeLines() []string {
	w := writer{m.look, min(m.columns, textColumns)}
	switch m.screen {
	case screenPicture:
		return m.pictureLines(m.columns, 0)
	case screenQuestion:
		return m.questionLines(w)
	case screenList:
		return m.listLines(w)
	case screenKeys:
		return m.keyLines(w)
	case screenEnded:
		return m.endedLines(w)
	case screenSaid:
		return append(w.paragraph("", report.Printable(m.opts.Said), w.columns), "", "The lab starts while you read this.")
	}
	return nil
}

// pictureLines draws the picture as it is now; rows is 0 for all of it.
func (m *Model) pictureLines(columns, rows int) []string {
	switch {
	case m.filmError != "":
		return report.Wrap("There is no picture: "+report.Line(m.filmError)+". x does the step again, with a new recording.", columns)
	case m.picture == nil || len(m.picture.Panels) == 0:
		return report.Wrap("Nothing has happened yet. As soon as Pods are created, this shows what they do.", columns)
	}
	p := *m.picture
	p.Evidence = m.evidence()
	return p.Text(picture.TextOptions{
		Width: columns, Height: rows, Colour: !m.look.Plain, ASCII: m.look.ASCII, Now: m.now(), Legend: rows == 0 || rows > 12,
	})
}

// evidence is what the checks of the step that is looked at rest on.
func (m *Model) evidence() []picture.Evidence {
	if m.looksBack() {
		return nil
	}
	var all []picture.Evidence
	for _, c := range m.state.Checks {
		for _, e := range c.Evidence {
			all = append(all, picture.Evidence{
				At: picture.Time(e.At * float64(time.Second)), Step: m.shown, Object: e.Object,
				Check: c.Title, Outcome: string(c.Outcome), Message: c.Message,
			})
		}
	}
	return all
}

// now is the time in the picture, to a second: it is drawn for every frame.
func (m *Model) now() time.Duration {
	if !m.picture.Open {
		return 0
	}
	return m.opts.now().Sub(m.picture.Recorded).Truncate(time.Second)
}

func (m *Model) questionLines(w writer) []string {
	step, _ := m.step()
	q, _ := lessonQuestion(step, m.answering)
	given, _ := answered(m.state, m.answering)
	lines := append([]string{w.bold("Question"), ""}, w.markdown(q.Prompt)...)
	lines = append(lines, "")
	switch {
	case len(q.Choices) > 0:
		lines = append(lines, w.choices(q.Choices, m.cursor)...)
	case !given.Right:
		lines = append(lines, "> "+report.Line(m.typed)+w.either("▏", "_"))
	}
	if given.Answer != "" {
		lines = append(append(lines, ""), w.verdict(given)...)
	}
	return lines
}

func (m *Model) listLines(w writer) []string {
	lines := []string{w.bold("The steps of this lesson"), ""}
	reached := false
	for i, s := range m.opts.Lesson.Steps {
		lines = append(lines, m.listLine(w, i, s, reached))
		reached = reached || s.ID == m.state.Current
	}
	lines = append(lines, "")
	return append(lines, report.Wrap(m.points()+". Steps that you have been at can be looked at again, and done again with x.", w.columns)...)
}

func (m *Model) listLine(w writer, i int, s lesson.Step, beyond bool) string {
	cursor, sign := "  ", " "
	if i == m.cursor {
		cursor = w.either("› ", "> ")
	}
	var note string
	if i < len(m.state.Steps) {
		step := m.state.Steps[i]
		switch {
		case step.Done:
			sign = w.sign("passed")
		case s.ID == m.state.Current:
			sign = w.colour(cyan, w.either("▸", "*"))
		}
		if step.Possible > 0 {
			note = fmt.Sprintf("%d of %d", step.Points, step.Possible)
		}
		if step.Solution {
			note = "solution seen  " + note
		}
	}
	title := report.Line(s.Title)
	switch {
	case i == m.cursor:
		title = w.bold(title)
	case beyond:
		title = w.faint(title)
	}
	return w.beside(fmt.Sprintf("%s%s %2d  %s", cursor, sign, i+1, title), note, w.columns)
}

func (m *Model) points() string {
	return fmt.Sprintf("%d of %s", m.state.Points, plural(m.state.Possible, "point"))
}

func (m *Model) keyLines(w writer) []string {
	lines := append([]string{w.bold("Keys"), ""}, w.explain(explanations(m.state.Manual), w.columns)...)
	return append(lines, "", `A second terminal works just as well: eval "$(k8slab env)"`)
}

func (m *Model) endedLines(w writer) []string {
	lines := []string{w.bold("The lab has ended"), ""}
	lines = append(lines, report.Wrap(upper(report.Line(m.ended))+".", w.columns)...)
	lines = append(lines, report.Wrap(report.Line(cmp.Or(m.remedy, "What you have done is kept.")), w.columns)...)
	if m.opts.Resume == nil {
		return lines
	}
	if m.state.Unsaved != "" {
		return lines // which say that something is lost
	}
	lines = append(lines, "")
	return append(lines, report.Wrap("r goes on here: a new cluster, at your step, with your files as they are.", w.columns)...)
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimRight(s[1:], ".")
}
