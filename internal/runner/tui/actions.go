package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// A prompt asks before something is done.
type prompt struct {
	text string
	keys []promptKey
}

type promptKey struct {
	key, label string
	do         func() tea.Cmd
}

// request asks the session for something, and shows what it says to that.
func (m *Model) request(busy string, ask func(context.Context, live.Session) (live.State, error), then func(*Model)) tea.Cmd {
	if m.busy != "" || m.ended != "" {
		return nil
	}
	m.busy = busy
	ctx, session := m.ctx, m.session
	return func() tea.Msg {
		state, err := ask(ctx, session)
		return replyMsg{state, err, then}
	}
}

func (m *Model) reply(msg replyMsg) tea.Cmd {
	m.busy = ""
	if msg.err == nil {
		cmd := m.take(msg.state)
		if msg.then != nil {
			m.layout()
			msg.then(m)
		}
		return cmd
	}
	var ended *live.EndedError
	if errors.As(msg.err, &ended) {
		m.end(msg.err)
		return nil
	}
	m.message = sentence(msg.err)
	return nil
}

// sentence is an error as it is told, with what to do.
func sentence(err error) string {
	var request *live.RequestError
	if errors.As(err, &request) {
		return strings.TrimSpace(upper(report.Line(request.Message)) + ". " + report.Line(request.Remedy))
	}
	return upper(report.Line(err.Error())) + "."
}

// next goes forward: to a step that was there already, or to a new one.
func (m *Model) next() tea.Cmd {
	if m.looksBack() {
		_, number := m.step()
		m.show(m.opts.Lesson.Steps[number].ID)
		return m.repaint()
	}
	if passed, _, _ := tally(m.state.Checks); passed < len(m.state.Checks) && !m.state.Step().Done {
		left := len(m.state.Checks) - passed
		m.prompt = &prompt{
			text: fmt.Sprintf("%s of this step %s not passed. Leave it all the same? You can do it again later.", plural(left, "check"), hasHave(left)),
			keys: []promptKey{{"y", "yes, go on", func() tea.Cmd { return m.enter(true) }}},
		}
		return nil
	}
	return m.enter(false)
}

func (m *Model) enter(skip bool) tea.Cmd {
	return m.request("going on", func(ctx context.Context, s live.Session) (live.State, error) { return s.Next(ctx, skip) }, nil)
}

func (m *Model) previous() tea.Cmd {
	_, number := m.step()
	if number == 1 {
		m.message = "This is the first step."
		return nil
	}
	m.show(m.opts.Lesson.Steps[number-2].ID)
	return m.repaint()
}

func (m *Model) check() tea.Cmd {
	if len(m.state.Checks) == 0 {
		m.message = "Nothing is judged in this step. n goes on."
		return nil
	}
	return m.request("checking", func(ctx context.Context, s live.Session) (live.State, error) { return s.Check(ctx) },
		func(m *Model) {
			m.see(viewChecks)
			passed, _, _ := tally(m.state.Checks)
			m.message = fmt.Sprintf("Checked: %d of %d passed.", passed, len(m.state.Checks))
		})
}

func (m *Model) hint() tea.Cmd {
	if m.state.MoreHints == 0 {
		m.message = "There are no more hints. o shows the solution."
		if len(m.state.StandingHints()) > 0 {
			m.find("hints")
		}
		return nil
	}
	return m.request("asking for a hint", func(ctx context.Context, s live.Session) (live.State, error) { return s.Hint(ctx) },
		func(m *Model) { m.find("hints") })
}

func (m *Model) solution() tea.Cmd {
	show := func(m *Model) { m.find("solution") }
	if m.state.Solution != nil {
		show(m)
		return nil
	}
	m.prompt = &prompt{
		text: "Show the solution of this step? That you looked is noted. h gives a hint instead.",
		keys: []promptKey{
			{"y", "yes, show it", func() tea.Cmd {
				return m.request("asking for the solution", func(ctx context.Context, s live.Session) (live.State, error) { return s.Solution(ctx) }, show)
			}},
			{"h", "a hint", m.hint},
		},
	}
	return nil
}

func (m *Model) reset() tea.Cmd {
	step, number := m.step()
	again := func(files bool) func() tea.Cmd {
		return func() tea.Cmd {
			return m.request("starting again", func(ctx context.Context, s live.Session) (live.State, error) { return s.Reset(ctx, step.ID, files) }, nil)
		}
	}
	m.prompt = &prompt{
		text: fmt.Sprintf("Do step %d again? A new cluster is brought to where the step begins. Your points stay.", number),
		keys: []promptKey{
			{"y", "yes, keep my files", again(false)},
			{"f", "yes, and restore the files", again(true)},
		},
	}
	return nil
}

// ask puts the next question on the screen that has no right answer yet.
func (m *Model) ask() tea.Cmd {
	q, ok := m.open()
	if !ok {
		m.message = "There is no question left in this step."
		return nil
	}
	m.answering, m.cursor, m.screen = q.ID, max(chosen(q.Choices, q.Answer), 0), screenQuestion
	m.whole.GotoTop()
	m.typed = ""
	return nil
}

// open returns the first question of the current step without a right answer.
func (m *Model) open() (live.Question, bool) {
	for _, q := range m.state.Questions {
		if !q.Right && !m.looksBack() {
			return q, true
		}
	}
	return live.Question{}, false
}

func (m *Model) answer(text string) tea.Cmd {
	id := m.answering
	return m.request("answering", func(ctx context.Context, s live.Session) (live.State, error) { return s.Answer(ctx, id, text) }, nil)
}

// see shows a view where only one of them has room.
func (m *Model) see(v view) {
	m.screen = screenStep
	if !m.wide() {
		m.view = v
	}
}

// find shows a place in the text of the step.
func (m *Model) find(place string) {
	m.shown = m.state.Current
	m.screen, m.view = screenStep, viewText
	m.layout()
	if line, ok := m.page.at[place]; ok {
		m.text.SetYOffset(line)
	}
}

func (m *Model) shell() tea.Cmd {
	if m.opts.Shell == nil {
		return nil
	}
	shell, err := m.opts.Shell(m.state)
	if err != nil {
		m.message = report.Line(err.Error())
		return nil
	}
	return tea.Exec(shell, func(error) tea.Msg {
		return closedMsg{} // what a shell ends with is what was typed last in it
	})
}

// edit opens a file of the workspace; if there are several, it asks which.
func (m *Model) edit() tea.Cmd {
	if m.opts.Editor == nil {
		return nil
	}
	files := workspaceFiles(m.state.Workspace)
	if len(files) == 0 {
		m.message = "There are no files in " + report.Line(m.state.Workspace) + "."
		return nil
	}
	if len(files) == 1 {
		return m.editFile(files[0])
	}
	p := &prompt{text: "Which file?"}
	for i, f := range files[:min(len(files), 9)] {
		p.keys = append(p.keys, promptKey{fmt.Sprint(i + 1), report.Line(f), func() tea.Cmd { return m.editFile(f) }})
	}
	m.prompt = p
	return nil
}

func (m *Model) editFile(file string) tea.Cmd {
	c, err := m.opts.Editor(filepath.Join(m.state.Workspace, file))
	if err != nil {
		m.message = report.Line(err.Error())
		return nil
	}
	return tea.ExecProcess(c, func(err error) tea.Msg { return closedMsg{err} })
}

// closed is when the terminal is ours again.
func (m *Model) closed(msg closedMsg) tea.Cmd {
	if msg.err != nil {
		m.message = "The editor did not work: " + report.Line(msg.err.Error()) + ". EDITOR says which one is used."
	}
	return nil
}

// workspaceFiles are the learner's files, those of directories included.
func workspaceFiles(dir string) []string {
	var files []string
	_ = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case d.Type().IsRegular() && !strings.HasPrefix(d.Name(), "."):
			files = append(files, path)
		}
		return nil
	})
	return files
}

// resume starts the lab again.
func (m *Model) resume() tea.Cmd {
	if m.opts.Resume == nil || m.busy != "" {
		return nil
	}
	m.busy = "starting the lab again"
	ctx := m.ctx
	return func() tea.Msg {
		session, err := m.opts.Resume(ctx)
		return resumedMsg{session, err}
	}
}

func (m *Model) resumed(msg resumedMsg) tea.Cmd {
	m.busy = ""
	if msg.err != nil {
		m.message = sentence(msg.err)
		return nil
	}
	m.session, m.ended, m.remedy, m.screen, m.ready, m.recording = msg.session, "", "", screenStep, false, -1
	m.timeline, m.picture = nil, nil
	return m.watch()
}

// touch tells the session that somebody is there.
func (m *Model) touch() tea.Cmd {
	if now := m.opts.now(); m.ended != "" || now.Sub(m.touched) < time.Minute {
		return nil
	} else {
		m.touched = now
	}
	ctx, session := m.ctx, m.session
	return func() tea.Msg {
		_ = session.Touch(ctx) // that it has ended is said by its states
		return nil
	}
}

// lessonQuestion returns the question with that id as the lesson has it.
func lessonQuestion(s lesson.Step, id string) (lesson.Question, bool) {
	for _, b := range s.Blocks {
		if q, ok := b.(lesson.Question); ok && q.ID == id {
			return q, true
		}
	}
	return lesson.Question{}, false
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func hasHave(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}
