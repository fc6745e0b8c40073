package lesson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Question asks the learner to predict or to explain. It gives no points: a
// wrong answer is worth as much as a right one when it makes somebody look.
type Question struct {
	Line    int
	ID      string   // a DNS label, unique in the lesson
	Prompt  string   // Markdown
	Choices []string // what to choose from; empty if the answer is free text
	Answer  []string // the right choices, or one regular expression for free text
	Explain string   // Markdown; shown after any answer, says what to observe

	pattern *regexp.Regexp // of free text
}

// Right reports whether an answer is right. Case and space around it do not
// matter. A choice may be given by its text or by its letter (a, b, c …).
func (q Question) Right(answer string) bool {
	answer = strings.TrimSpace(answer)
	if q.pattern != nil {
		return q.pattern.MatchString(answer)
	}
	if i := q.choice(answer); i >= 0 {
		answer = q.Choices[i]
	}
	return slices.ContainsFunc(q.Answer, func(a string) bool { return strings.EqualFold(a, answer) })
}

// Offers reports whether an answer is one of the choices, by text or by letter.
func (q Question) Offers(answer string) bool { return q.choice(strings.TrimSpace(answer)) >= 0 }

// choice returns the index of the choice that an answer names, or -1. A text
// wins over a letter.
func (q Question) choice(answer string) int {
	if i := slices.IndexFunc(q.Choices, func(c string) bool { return strings.EqualFold(c, answer) }); i >= 0 {
		return i
	}
	return slices.IndexFunc(q.Choices, func(c string) bool {
		return strings.EqualFold(Letter(slices.Index(q.Choices, c)), answer)
	})
}

// Letter returns the letter by which the choice with index i, from 0, is named.
func Letter(i int) string { return string(rune('a' + i)) }

// maxChoices keeps the choices within the letters a to i.
const maxChoices = 9

// question reads the body of a question block, which is YAML.
func (p *parser) question(b fence) Question {
	q := Question{Line: b.line, ID: b.attrs.id}
	if q.ID == "" {
		p.errorf(b.pos(), `Write it as question {#some-id}.`, "the question has no id")
	}
	d := decoder{problems: &p.problems, file: p.lessonFile(), line: b.line}
	d.document(b.body, "the question", []field{
		{"prompt", true, func(n *yaml.Node) { q.Prompt = d.text(n, "prompt") }},
		{"choices", false, func(n *yaml.Node) { q.Choices = d.texts(n, "choices") }},
		{"answer", true, func(n *yaml.Node) { q.Answer = d.textOrTexts(n, "answer") }},
		{"explain", true, func(n *yaml.Node) { q.Explain = d.text(n, "explain") }},
	})
	p.answer(b, &q)
	return q
}

// answer checks that the question can be answered.
func (p *parser) answer(b fence, q *Question) {
	switch {
	case len(q.Answer) == 0: // already a problem
	case len(q.Choices) > maxChoices:
		p.errorf(b.pos(), "Leave some out.", "question %q has %d choices, at most %d are allowed", q.ID, len(q.Choices), maxChoices)
	case len(q.Choices) > 0:
		p.distinctChoices(b, q)
		p.answerIsChoice(b, q)
	case len(q.Answer) > 1:
		p.errorf(b.pos(), "Write one regular expression, such as 0|zero|none, or add choices.", "question %q has several answers and no choices", q.ID)
	default:
		p.answerPattern(b, q)
	}
}

func (p *parser) distinctChoices(b fence, q *Question) {
	seen := map[string]bool{}
	for _, c := range q.Choices {
		if seen[strings.ToLower(c)] {
			p.errorf(b.pos(), "Remove one.", "question %q has the choice %q twice", q.ID, c)
		}
		seen[strings.ToLower(c)] = true
	}
}

func (p *parser) answerIsChoice(b fence, q *Question) {
	for _, a := range q.Answer {
		if !slices.Contains(q.Choices, a) {
			p.errorf(b.pos(), fmt.Sprintf("Write one of: %s.", strings.Join(q.Choices, ", ")), "the answer %q of question %q is none of its choices", a, q.ID)
		}
	}
}

func (p *parser) answerPattern(b fence, q *Question) {
	re, err := regexp.Compile(`(?is)^(?:` + q.Answer[0] + `)$`)
	if err != nil {
		p.errorf(b.pos(), "Write a regular expression as Go has them (https://pkg.go.dev/regexp/syntax).", "the answer of question %q is no regular expression: %v", q.ID, err)
		return
	}
	q.pattern = re
}
