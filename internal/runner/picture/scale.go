package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// span is a part of the time axis.
type span struct{ from, to Time }

func (s span) length() Time { return s.to - s.from }

// scale places moments on an axis of a length in some unit: columns or pixels. Where
// nothing happens for long, the axis is folded: that span gets a fixed length.
type scale struct {
	pieces []piece
	length float64
}

type piece struct {
	span
	x0, x1 float64
	fold   bool
}

// newScale returns a scale of a length. Folds must be in order and inside the span.
func newScale(whole span, folds []span, length, foldLength float64) *scale {
	drawn := whole.length()
	for _, f := range folds {
		drawn -= f.length()
	}
	per := 0.0
	if drawn > 0 {
		per = (length - foldLength*float64(len(folds))) / float64(drawn)
	}
	s, x, at := &scale{length: length}, 0.0, whole.from
	add := func(to Time, fold bool) {
		width := float64(to-at) * per
		if fold {
			width = foldLength
		}
		s.pieces = append(s.pieces, piece{span{at, to}, x, x + width, fold})
		x, at = x+width, to
	}
	for _, f := range folds {
		add(f.from, false)
		add(f.to, true)
	}
	add(whole.to, false)
	return s
}

// x returns where a moment is, within 0 and the length.
func (s *scale) x(t Time) float64 {
	i, _ := slices.BinarySearchFunc(s.pieces, t, func(p piece, t Time) int { return cmp.Compare(p.to, t) })
	if i == len(s.pieces) {
		return s.length
	}
	p := s.pieces[i]
	if t <= p.from || p.length() == 0 {
		return p.x0
	}
	return p.x0 + (p.x1-p.x0)*float64(t-p.from)/float64(p.length())
}

// time returns the moment that is at a place.
func (s *scale) time(x float64) Time {
	for _, p := range s.pieces {
		if x < p.x1 && p.x1 > p.x0 {
			return p.from + Time(float64(p.length())*max(0, x-p.x0)/(p.x1-p.x0))
		}
	}
	return s.pieces[len(s.pieces)-1].to
}

// folds returns the parts of the axis that are folded.
func (s *scale) folds() []piece {
	return slices.DeleteFunc(slices.Clone(s.pieces), func(p piece) bool { return !p.fold })
}

// tick is a labelled place on the axis.
type tick struct {
	x     float64
	at    Time
	label string
}

// Steps of an axis, in seconds.
var tickSteps = []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400}

// ticks returns places at round times after an origin, each at least as far from
// the one before as its label and space need.
func (s *scale) ticks(origin Time, widthOf func(label string) float64) []tick {
	step := s.tickStep(widthOf("00.0s"))
	var ticks []tick
	for _, p := range s.pieces {
		if p.fold {
			continue
		}
		first := (p.from - origin + step - 1) / step * step
		if p.from < origin {
			first = 0
		}
		for at := first; origin+at <= p.to; at += step {
			t := tick{s.x(origin + at), origin + at, axisLabel(at, step)}
			if n := len(ticks); n > 0 && t.x-ticks[n-1].x < widthOf(ticks[n-1].label) {
				continue
			}
			if t.x+widthOf(t.label) <= p.x1 {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// tickStep returns the shortest round step that leaves room for labels of a width.
func (s *scale) tickStep(width float64) Time {
	per := 0.0 // length of a nanosecond
	for _, p := range s.pieces {
		if !p.fold && p.length() > 0 {
			per = (p.x1 - p.x0) / float64(p.length())
		}
	}
	for _, seconds := range tickSteps {
		if step := Time(seconds * float64(time.Second)); float64(step)*per >= 1.6*width {
			return step
		}
	}
	return Time(tickSteps[len(tickSteps)-1] * float64(time.Second))
}

func axisLabel(at, step Time) string {
	d := time.Duration(at)
	switch {
	case step < Time(time.Second):
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	default:
		return compact(d)
	}
}

// compact is a duration without the units that are zero, as in "2m" and "1m30s".
func compact(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// What is folded: quiet times that are longer than foldLeast and than a part of all
// that is busy. A little of it stays at both ends.
const (
	foldLeast = Time(4 * time.Second)
	foldPart  = 5
	mostFolds = 5 // the longest ones
)

// quiet returns the spans in which nothing happens, to be folded: no Pod is on its way
// to something, no Job waits, and no step begins.
func quiet(p *Picture, panels []Panel, whole span) []span {
	busy := busySpans(p, panels, whole)
	total := Time(0)
	for _, b := range busy {
		total += b.length()
	}
	least := max(foldLeast, total/foldPart)
	pad := max(Time(300*time.Millisecond), total/50)
	var folds []span
	at := whole.from
	for _, b := range append(busy, span{whole.to, whole.to}) {
		if b.from-at > least+2*pad {
			f := span{at + pad, b.from - pad}
			if at == whole.from {
				f.from = at
			}
			if b.from == whole.to && b.to == whole.to {
				f.to = whole.to - pad
			}
			folds = append(folds, f)
		}
		at = max(at, b.to)
	}
	slices.SortStableFunc(folds, func(a, b span) int { return cmp.Compare(b.length(), a.length()) })
	folds = folds[:min(len(folds), mostFolds)]
	slices.SortFunc(folds, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return folds
}

// busySpans returns the spans in which something happens, in order and apart.
func busySpans(p *Picture, panels []Panel, whole span) []span {
	var busy []span
	add := func(from, to Time) {
		from, to = max(from, whole.from), min(to, whole.to)
		if from <= to {
			busy = append(busy, span{from, to})
		}
	}
	for _, panel := range panels {
		for _, row := range panel.Rows {
			for _, b := range row.Bars {
				add(b.From, b.From)
				if !b.Open {
					add(b.To, b.To)
				}
				if b.moves() {
					add(b.From, b.To)
				}
			}
		}
		for _, c := range panel.Counts {
			add(c.At, c.At)
		}
	}
	for _, m := range p.Marks {
		if m.Type == "step" {
			add(m.At, m.At)
		}
	}
	for _, e := range p.Evidence {
		add(e.At, e.At)
	}
	return merged(busy)
}

func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var all []span
	for _, s := range spans {
		if n := len(all); n > 0 && s.from <= all[n-1].to {
			all[n-1].to = max(all[n-1].to, s.to)
			continue
		}
		all = append(all, s)
	}
	return all
}

// moves reports that a bar is on the way to something. One that never came to its end
// is stuck.
func (b Bar) moves() bool {
	switch b.State {
	case Pending, Waiting, Starting, Terminating:
		return !b.Open
	case Pause:
		return true
	default:
		return false
	}
}
