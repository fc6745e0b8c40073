package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Event is something that happened, as a line of a table has it.
type Event struct {
	At     Time
	Object string // as in "Pod web-x7k2p"; empty for what somebody did
	Text   string
	Class  string // what it is about: a State, "command", "step", "change", "gap", or an outcome
}

// Events returns all that happened in the picture, in order.
func (p *Picture) Events() []Event {
	var events []Event
	for i := range p.Panels {
		events = append(events, p.Panels[i].events(p.Start)...)
	}
	for _, m := range p.Marks {
		events = append(events, m.event())
	}
	for _, g := range p.Gaps {
		events = append(events, Event{g.At, "", "the record has a gap: changes of " + g.Kind + "s may be missing (" + g.Reason + ")", "gap"})
	}
	for _, e := range p.Evidence {
		text := e.Check
		if e.Message != "" {
			text += ": " + e.Message
		}
		events = append(events, Event{e.At, e.Object, text, e.Outcome})
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return events
}

func (m Mark) event() Event {
	switch m.Type {
	case "command":
		if m.Exit != 0 {
			return Event{m.At, "", fmt.Sprintf("%s (exit code %d)", m.Name, m.Exit), "command bad"}
		}
		return Event{m.At, "", m.Name, "command"}
	case "step":
		return Event{m.At, "", "step " + m.Name, "step"}
	case "settled":
		return Event{m.At, "", "nothing moves any more", "step"}
	default:
		return Event{m.At, "", "the recording ended", "step"}
	}
}

func (p *Panel) events(start Time) []Event {
	var events []Event
	add := func(at Time, object, class, format string, args ...any) {
		if at > start {
			events = append(events, Event{at, object, fmt.Sprintf(format, args...), class})
		}
	}
	for _, r := range p.Rows {
		for i, b := range r.Bars {
			switch {
			case b.State == Pause:
			case b.State == Pending && i > 0 && r.Bars[i-1].State == Pause:
				add(b.From, "Pod "+r.Name, string(b.State), "created%s, after the Job had waited %s", p.of(b), r.Bars[i-1].Reason)
			case b.State == Pending:
				add(b.From, "Pod "+r.Name, string(b.State), "created%s", p.of(b))
			case b.Reason != "":
				add(b.From, "Pod "+r.Name, string(b.State), "%s: %s", b.State, b.Reason)
			case i > 0 && r.Bars[i-1].UID == b.UID && r.Bars[i-1].State == b.State: // owned by another; a sign says so
			default:
				add(b.From, "Pod "+r.Name, string(b.State), "%s", b.State)
			}
			if last := i+1 == len(r.Bars) || r.Bars[i+1].UID != b.UID; last && !b.Open && b.State != Pause {
				add(b.To, "Pod "+r.Name, "gone", "gone")
			}
		}
		for _, s := range r.Signs {
			add(s.At, "Pod "+r.Name, string(s.Kind), "%s", s.Text)
		}
	}
	for _, c := range p.Rollouts {
		if c.Revision >= 0 {
			v := p.Revisions[c.Revision]
			add(c.At, p.Title, "change", "the template is now %s", strings.TrimSpace(v.Letter+" "+v.Note))
		}
	}
	for i, c := range p.Counts {
		if i == 0 {
			continue
		}
		if before := p.Counts[i-1]; before.Wanted != c.Wanted {
			add(c.At, p.Title, "change", "%s wanted, was %d", plural(c.Wanted, "Pod"), before.Wanted)
		} else if before.Partition != c.Partition {
			add(c.At, p.Title, "change", "the partition is %d, was %d", c.Partition, before.Partition)
		} else if before.Limited && c.Limited && (before.Most != c.Most || before.Fewest != c.Fewest) {
			add(c.At, p.Title, "change", "an update may have %d Pods at most and %d available at least", c.Most, c.Fewest)
		}
	}
	if p.End != nil {
		add(p.End.At, p.Title, "change", "%s", strings.TrimSuffix(p.End.String()+", "+p.End.Reason, ", "+p.End.Reason))
	}
	return events
}

// of names the revision of a bar, as in " from A nginx:1.25".
func (p *Panel) of(b Bar) string {
	if b.Revision < 0 {
		return ""
	}
	v := p.Revisions[b.Revision]
	return " from " + strings.TrimSpace(v.Letter+" "+v.Note)
}
