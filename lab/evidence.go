package lab

import "unicode"

// Evidence is a moment and an object on which a verdict rests.
type Evidence struct {
	At     float64 `json:"at"`               // seconds since the recording began, as in a timeline file
	Object string  `json:"object,omitempty"` // as in "Pod db-1" and "Deployment web"
}

// maxEvidence is how much of it a verdict has at most: the rest is more of the same.
const maxEvidence = 8

// evidenceIn returns the moments and objects of values that a check judged or quoted.
func (t *T) evidenceIn(values ...any) []Evidence {
	var all []Evidence
	for _, v := range values {
		switch v := v.(type) {
		case Moment:
			all = append(all, t.evidenceAt(v)...)
		case Span:
			all = append(all, t.evidenceAt(v.end)...)
		case Count:
			all = append(all, t.evidenceAt(v.at)...)
		case *PodHistory:
			all = append(all, t.evidenceOf(v)...)
		case Pods:
			for _, p := range v {
				all = append(all, t.evidenceOf(p)...)
			}
		}
	}
	return all
}

func (t *T) evidenceAt(m Moment) []Evidence {
	if !m.Seen() {
		return nil
	}
	e := Evidence{At: t.recorded(m).At.Seconds()}
	if m.who != "" && unicode.IsUpper(rune(m.who[0])) { // an object, and not "the state"
		e.Object = m.who
	}
	return []Evidence{e}
}

// evidenceOf returns when a Pod came or, if it was there before, when it went.
func (t *T) evidenceOf(p *PodHistory) []Evidence {
	if m := p.Created(); m.Seen() {
		return t.evidenceAt(m)
	}
	return t.evidenceAt(p.Removed())
}

// judged notes what a claim was made about, for the case that it holds.
func (t *T) judged(values ...any) {
	if len(t.run.judged) >= maxKept {
		return
	}
	t.run.judged = append(t.run.judged, t.evidenceIn(values...)...)
}

// judging notes a value that a claim is made about, with what the claim's text quotes, and
// returns a T whose findings rest on them.
func (t *T) judging(got any, quoted []any) *T {
	values := append([]any{got}, quoted...)
	t.judged(values...)
	return t.about(values...)
}

// about returns a T whose findings rest on values.
func (t *T) about(values ...any) *T {
	c := *t
	c.evidence = t.evidenceIn(values...)
	return &c
}

// evidenceFor returns what a verdict rests on: what was found of its outcome or, when
// nothing was, what was judged.
func (r *run) evidenceFor(o Outcome) []Evidence {
	all := r.judged
	if o != Passed {
		all = nil
		for _, f := range r.findings {
			if f.outcome == o {
				all = append(all, f.evidence...)
			}
		}
	}
	var some []Evidence
	seen := map[Evidence]bool{}
	for _, e := range all {
		if !seen[e] && len(some) < maxEvidence {
			seen[e] = true
			some = append(some, e)
		}
	}
	return some
}
