package tui

import (
	"fmt"
	"strings"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/report"
)

// A page is the text of a step as lines, and where in it things are.
type page struct {
	lines []string
	at    map[string]int // first line of "question:ID", "hints" and "solution"
}

// place keeps the line that comes next under a name.
func (p *page) place(name string) { p.at[name] = len(p.lines) }

// add appends lines after an empty one.
func (p *page) add(lines ...string) {
	if len(p.lines) > 0 && len(lines) > 0 {
		p.lines = append(p.lines, "")
	}
	p.lines = append(p.lines, lines...)
}

// writer makes pages.
type writer struct {
	look
	columns int
}

func (w writer) markdown(md string) []string {
	o := w.Options
	o.Width = w.columns
	return strings.Split(report.Markdown(md, o), "\n")
}

// step writes what a step says, and what has come of it if it is the current one:
// answers, hints and the solution.
func (w writer) step(l *lesson.Lesson, s lesson.Step, st live.State) page {
	p := page{at: map[string]int{}}
	if len(l.Steps) > 0 && s.ID == l.Steps[0].ID {
		w.blocks(&p, l.Intro, st)
		p.add(w.rule(report.Line(s.Title), "", w.columns))
	}
	w.blocks(&p, s.Blocks, st)
	if st.Current != s.ID {
		return p
	}
	w.hints(&p, st)
	w.solution(&p, st.Solution)
	return p
}

func (w writer) blocks(p *page, blocks []lesson.Block, st live.State) {
	for _, b := range blocks {
		switch b := b.(type) {
		case lesson.Text:
			p.add(w.markdown(b.Markdown)...)
		case lesson.Run:
			p.add(w.commands(b.Commands)...)
		case lesson.Given:
			p.add(w.faint("Done for you:"))
			p.lines = append(p.lines, w.commands(b.Commands)...)
		case lesson.Question:
			w.question(p, b, st)
		}
	}
}

// commands writes what is to be typed.
func (w writer) commands(commands []lesson.Command) []string {
	var lines []string
	for _, c := range commands {
		lines = append(lines, w.command(c.Text)...)
	}
	return lines
}

func (w writer) command(command string) []string {
	prompt := "  " + w.colour(green, "$") + " "
	margin := strings.Repeat(" ", width(prompt))
	var lines []string
	for i, l := range commandLines(report.Printable(command), w.columns, len(margin)) {
		before := margin
		switch {
		case i == 0:
			before = prompt
		case l.flush:
			before = ""
		}
		lines = append(lines, before+w.bold(l.text))
	}
	return lines
}

// question writes a question, and what came of it.
func (w writer) question(p *page, q lesson.Question, st live.State) {
	p.add()
	if len(p.lines) > 0 {
		p.lines = append(p.lines, "")
	}
	p.place("question:" + q.ID)
	given, _ := answered(st, q.ID)
	p.lines = append(p.lines, w.heading("Question", w.standing(given)))
	p.lines = append(p.lines, w.markdown(q.Prompt)...)
	p.lines = append(p.lines, w.choices(q.Choices, chosen(q.Choices, given.Answer))...)
	if given.Answer != "" {
		p.add(w.verdict(given)...)
	}
}

func (w writer) heading(what, note string) string {
	if note != "" {
		note = "  " + w.faint(note)
	}
	return w.bold(what) + note
}

// standing says what is to be done with a question.
func (w writer) standing(q live.Question) string {
	switch {
	case q.ID == "" || q.Right:
		return ""
	case q.Answer == "":
		return "a: answer it"
	default:
		return "a: answer again"
	}
}

func (w writer) choices(choices []string, chosen int) []string {
	var lines []string
	for i, c := range choices {
		mark := "  "
		if i == chosen {
			mark = w.either("› ", "> ")
		}
		lines = append(lines, w.paragraph(mark+lesson.Letter(i)+") ", report.Line(c), w.columns)...)
	}
	return lines
}

// verdict says whether an answer is right, and what to observe.
func (w writer) verdict(q live.Question) []string {
	given := report.Line(q.Answer)
	if len(q.Choices) > 0 {
		if i := chosen(q.Choices, q.Answer); i >= 0 {
			given = lesson.Letter(i) + ")"
		}
	}
	head := w.colour(green, w.either("✓", "+")) + " " + given + " is right."
	if !q.Right {
		head = w.colour(red, w.either("✗", "x")) + " " + given + " is not what happens."
	}
	return append(report.Wrap(head, w.columns), w.markdown(q.Explain)...)
}

func (w writer) hints(p *page, st live.State) {
	hints := st.StandingHints()
	for i, h := range hints {
		p.add()
		p.lines = append(p.lines, "")
		if i == len(hints)-1 {
			p.place("hints")
		}
		what := fmt.Sprintf("Hint %d", h.Tier)
		if h.Tier == 0 {
			what = "Hint: where you are now"
		}
		p.lines = append(p.lines, w.rule(what, "", w.columns))
		p.lines = append(p.lines, w.markdown(h.Markdown)...)
	}
}

func (w writer) solution(p *page, s *live.Solution) {
	if s == nil {
		return
	}
	p.lines = append(p.lines, "")
	p.place("solution")
	p.lines = append(p.lines, w.rule("Solution", "", w.columns))
	for _, f := range s.Files {
		p.lines = append(p.lines, w.bold(report.Line(f.Path)))
		for _, line := range strings.Split(strings.TrimRight(report.Printable(f.Text), "\n"), "\n") {
			p.lines = append(p.lines, "  "+line)
		}
	}
	if len(s.Commands) > 0 {
		p.lines = append(p.lines, w.bold("Then type:"))
	}
	for _, c := range s.Commands {
		p.lines = append(p.lines, w.command(c)...)
	}
}

// answered returns the question with that id as the session has it.
func answered(st live.State, id string) (live.Question, bool) {
	for _, q := range st.Questions {
		if q.ID == id {
			return q, true
		}
	}
	return live.Question{}, false
}

// chosen returns the index of the choice that an answer names, or -1.
func chosen(choices []string, answer string) int {
	answer = strings.TrimSpace(answer)
	for i, c := range choices {
		if answer != "" && strings.EqualFold(c, answer) {
			return i
		}
	}
	for i := range choices {
		if strings.EqualFold(lesson.Letter(i), answer) {
			return i
		}
	}
	return -1
}
