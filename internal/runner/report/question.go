package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// Question asks. It does not wait for an answer.
func (t *Text) Question(q lesson.Question) {
	t.paragraph(t.bold("Question") + "\n" + t.markdown(q.Prompt, t.opts.Width) + "\n")
	t.gap()
	for i, c := range q.Choices {
		t.print(t.item("  "+lesson.Letter(i)+") ", c))
	}
	t.gap()
}

// Explain gives the answer to a question and says what to observe.
func (t *Text) Explain(q lesson.Question) {
	heading := strings.TrimSpace("Answer " + rightChoices(q))
	t.paragraph(t.bold(strings.Join(wrap(heading, t.opts.Width), "\n")) + "\n" + t.markdown(q.Explain, t.opts.Width) + "\n")
	t.gap()
}

func rightChoices(q lesson.Question) string {
	var right []string
	for i, c := range q.Choices {
		if slices.Contains(q.Answer, c) {
			right = append(right, fmt.Sprintf("%s) %s", lesson.Letter(i), clean(c)))
		}
	}
	return strings.Join(right, ", ")
}
