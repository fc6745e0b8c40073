package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/viewport"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/picture"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// A view is what a narrow terminal shows of a step.
type view int

const (
	viewText view = iota
	viewChecks
	viewPicture
	views // how many there are
)

// A screen is what fills the terminal.
type screen int

const (
	screenStep     screen = iota
	screenPicture         // alone
	screenQuestion        // to be answered
	screenList            // of the steps
	screenKeys            // all of them
	screenEnded           // the lab has
	screenSaid            // what there was to say at the beginning
)

// Model is the player: see [Run].
type Model struct {
	ctx  context.Context
	opts Options
	look look
	keys keyMap

	session live.Session
	states  <-chan live.State // of Watch; nil until it has begun
	state   live.State
	ready   bool      // there is a state
	phase   time.Time // when the phase began that the state has
	ended   string    // why the session has ended; empty while it lives
	remedy  string    // what to do then
	touched time.Time
	busy    string // the request that is under way, as in "checking"
	left    bool   // the learner has quit

	columns, rows int
	screen        screen
	view          view
	shown         string // id of the step that is looked at
	answering     string // id of the question on screenQuestion
	cursor        int    // on a choice, or on a step of the list
	prompt        *prompt
	message       string    // the last thing said; gone with the next key
	noticed       time.Time // when that was which a notice said last
	tick          int
	pressed       bool // a key was pressed: what was said before is old

	text   viewport.Model // the step
	checks viewport.Model // the verdicts, and on a wide terminal their part
	whole  viewport.Model // everything that fills the screen
	typed  string         // as an answer in one's own words
	page   page
	kept   string // what the page was made of

	film      context.Context // of the recording that is followed
	recording int             // its number; -1 before there is one
	timeline  *timeline.Timeline
	picture   *picture.Picture
	painting  bool // a picture is being made
	stale     bool // there is more to see than the picture that is being made
	filmError string

	cut context.CancelFunc // ends the film
}

func newModel(ctx context.Context, o Options) *Model {
	m := &Model{ctx: ctx, opts: o, look: look{o.Look}, keys: newKeyMap(), session: o.Session, columns: 80, rows: 24, recording: -1}
	for _, v := range []*viewport.Model{&m.text, &m.checks, &m.whole} {
		*v = viewport.New(0, 0)
		v.KeyMap = scrolling()
	}
	m.message = strings.TrimSpace(o.Said)
	if strings.Contains(m.message, "\n") {
		m.message, m.screen = "", screenSaid
	}
	return m
}

// Init starts to watch the session.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.watch(), m.beat()) }

// Messages.
type (
	watchMsg struct {
		states <-chan live.State
		err    error
	}
	stateMsg struct {
		states <-chan live.State
		state  live.State
		ok     bool
	}
	replyMsg struct {
		state live.State
		err   error
		then  func(*Model) // nil: nothing
	}
	resumedMsg struct {
		session live.Session
		err     error
	}
	whyMsg    struct{ err error }
	beatMsg   struct{}
	closedMsg struct{ err error } // a shell or an editor
)

func (m *Model) watch() tea.Cmd {
	ctx, session := m.ctx, m.session
	return func() tea.Msg {
		states, err := session.Watch(ctx)
		return watchMsg{states, err}
	}
}

func receive(states <-chan live.State) tea.Cmd {
	return func() tea.Msg {
		s, ok := <-states
		return stateMsg{states, s, ok}
	}
}

// beat moves what moves by itself: spinners, and the picture's end.
func (m *Model) beat() tea.Cmd {
	every := time.Second
	if m.state.Phase != "" || !m.ready || m.busy != "" {
		every = 100 * time.Millisecond
	}
	return tea.Tick(every, func(time.Time) tea.Msg { return beatMsg{} })
}

// Update takes a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.columns, m.rows = msg.Width, msg.Height
	case tea.KeyMsg:
		var cmds []tea.Cmd
		for _, k := range single(msg) {
			cmds = append(cmds, m.press(k))
		}
		cmd = tea.Batch(cmds...)
	case watchMsg:
		cmd = m.watching(msg)
	case stateMsg:
		cmd = m.receive(msg)
	case whyMsg:
		cmd = m.told(msg)
	case replyMsg:
		cmd = m.reply(msg)
	case resumedMsg:
		cmd = m.resumed(msg)
	case closedMsg:
		cmd = m.closed(msg)
	case filmMsg:
		cmd = m.filmed(msg)
	case pictureMsg:
		cmd = m.painted(msg)
	case beatMsg:
		m.tick++
		if m.screen == screenPicture {
			m.layout() // it goes on while nothing happens
		}
		return m, m.beat()
	}
	m.layout()
	return m, cmd
}

// single takes keys apart that came in one piece, because they were typed fast.
func single(msg tea.KeyMsg) []tea.KeyMsg {
	if msg.Type != tea.KeyRunes || msg.Alt {
		return []tea.KeyMsg{msg}
	}
	keys := make([]tea.KeyMsg, len(msg.Runes))
	for i, r := range msg.Runes {
		keys[i] = tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}
	}
	return keys
}

func (m *Model) watching(msg watchMsg) tea.Cmd {
	if msg.err != nil {
		m.end(msg.err)
		return nil
	}
	m.states = msg.states
	return receive(m.states)
}

func (m *Model) receive(msg stateMsg) tea.Cmd {
	if msg.states != m.states {
		return nil // of a session that was there before
	}
	if !msg.ok {
		return m.why()
	}
	return tea.Batch(receive(m.states), m.take(msg.state))
}

// why asks a session that says no more what has become of it.
func (m *Model) why() tea.Cmd {
	ctx, session := m.ctx, m.session
	return func() tea.Msg {
		_, err := session.State(ctx)
		return whyMsg{err}
	}
}

// told takes the answer. A session that answers was only not heard for a while.
func (m *Model) told(msg whyMsg) tea.Cmd {
	if msg.err == nil && m.ended == "" {
		return m.watch()
	}
	m.end(msg.err)
	return nil
}

// take makes a state what is shown. States may come twice, and late.
func (m *Model) take(s live.State) tea.Cmd {
	if m.ready && s.Revision < m.state.Revision && s.Process == m.state.Process {
		return nil
	}
	before := m.state
	m.state, m.ready = s, true
	if s.Phase != before.Phase {
		m.phase = m.opts.now()
	}
	if s.Current != before.Current || m.shown == "" {
		m.show(s.Current)
	}
	if s.Failure != "" {
		m.ended, m.remedy = s.Failure, s.Remedy
	}
	if n := len(s.Notices); n > 0 && s.Notices[n-1].At.After(m.noticed) {
		m.message, m.noticed = report.Line(s.Notices[n-1].Message), s.Notices[n-1].At
	}
	return tea.Batch(m.follow(s), m.repaint())
}

// show looks at a step, from its beginning.
func (m *Model) show(step string) {
	m.shown = step
	m.text.GotoTop()
	m.checks.GotoTop()
	if m.screen == screenQuestion || m.screen == screenList {
		m.screen = screenStep
	}
}

// end is when the session is not there any more.
func (m *Model) end(err error) {
	var ended *live.EndedError
	switch {
	case m.ended != "":
	case errors.As(err, &ended):
		m.ended, m.remedy = ended.Reason, ended.Remedy
	case err != nil:
		m.ended = err.Error()
	default:
		m.ended = "its background process is gone"
	}
	m.screen, m.prompt, m.busy, m.states = screenEnded, nil, "", nil
	if m.cut != nil {
		m.cut()
	}
}

// step returns the step that is looked at, and its number from 1.
func (m *Model) step() (lesson.Step, int) {
	for i, s := range m.opts.Lesson.Steps {
		if s.ID == m.shown {
			return s, i + 1
		}
	}
	return m.opts.Lesson.Steps[0], 1
}

// looksBack reports whether another step is looked at than the one that is done.
func (m *Model) looksBack() bool { return m.shown != m.state.Current }

// follow begins to follow the recording of a state, if that is another one.
func (m *Model) follow(s live.State) tea.Cmd {
	if s.Timeline == "" || s.Recording == m.recording {
		return nil
	}
	if m.cut != nil {
		m.cut()
	}
	m.film, m.cut = context.WithCancel(m.ctx)
	m.recording, m.timeline, m.picture, m.filmError = s.Recording, nil, nil, ""
	return roll(m.film, s.Recording, s.Timeline, nil)
}

func (m *Model) filmed(msg filmMsg) tea.Cmd {
	switch {
	case msg.recording != m.recording:
		if msg.follower != nil {
			msg.follower.Close()
		}
		return nil
	case msg.err != nil:
		m.filmError = msg.err.Error()
		return nil
	}
	m.timeline = msg.timeline
	return tea.Batch(roll(m.film, msg.recording, "", msg.follower), m.repaint())
}

// repaint makes the picture of what is known now.
func (m *Model) repaint() tea.Cmd {
	if m.timeline == nil {
		return nil
	}
	if m.painting {
		m.stale = true
		return nil
	}
	m.painting, m.stale = true, false
	return paint(m.timeline, m.recording, m.shown)
}

func (m *Model) painted(msg pictureMsg) tea.Cmd {
	m.painting = false
	if msg.recording == m.recording {
		m.picture = msg.picture
	}
	if m.stale {
		return m.repaint()
	}
	return nil
}

// matches is key.Matches, shorter.
func matches(msg tea.KeyMsg, b ...key.Binding) bool { return key.Matches(msg, b...) }
