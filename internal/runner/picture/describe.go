package picture

import (
	"fmt"
	"strings"
)

// Describe says in words what the picture shows, for those who do not see it.
func (p *Picture) Describe() string {
	var parts []string
	for i := range p.Panels {
		panel := p.Panels[i]
		panel.findShown()
		parts = append(parts, panel.describe(p.Start))
	}
	if len(parts) == 0 {
		return "No Pods in this part of the recording."
	}
	return strings.Join(parts, " ")
}

func (p *Panel) describe(start Time) string {
	text := p.Title + ": " + plural(len(p.Rows), p.rowNoun())
	if revisions := p.revisions("…"); revisions != "" {
		text += " of " + revisions
	}
	if n := len(p.Counts); n > 0 {
		text += "; " + p.extremes()
	}
	if p.End != nil {
		text += "; " + p.End.String() + " after " + since(p.End.At, start)
	}
	return text + "."
}

func (p *Panel) rowNoun() string {
	if p.Kind == "StatefulSet" {
		return "ordinal"
	}
	return "Pod"
}

// extremes says how many Pods there were at most and, once all were available, at
// least, and what the limits were at the end.
func (p *Panel) extremes() string {
	most, fewest, complete := 0, -1, false
	for _, c := range p.Counts {
		most = max(most, c.Pods)
		complete = complete || c.Wanted > 0 && c.Available >= c.Wanted
		if complete && (fewest < 0 || c.Available < fewest) {
			fewest = c.Available
		}
	}
	last := p.Counts[len(p.Counts)-1]
	text := fmt.Sprintf("%d wanted, at most %d at once", last.Wanted, most)
	if last.Limited {
		text += fmt.Sprintf(" (limit %d)", last.Most)
	}
	if fewest >= 0 && p.Kind != "Job" {
		text += fmt.Sprintf(", at least %d available", fewest)
		if last.Limited {
			text += fmt.Sprintf(" (limit %d)", last.Fewest)
		}
	}
	return text
}
