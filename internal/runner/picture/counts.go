package picture

import (
	"slices"
	"sort"
	"strconv"
)

// counts draws how many Pods there were and how many of them were available, as
// numbers that stand where they begin.
func (d *drawing) counts(p *Panel) {
	if len(p.Counts) == 0 {
		return
	}
	last := p.Counts[len(p.Counts)-1]
	most, fewest := "Pods", "available"
	if last.Limited {
		most += " " + d.glyphs.atMost + strconv.Itoa(last.Most)
		fewest += " " + d.glyphs.atLeast + strconv.Itoa(last.Fewest)
	}
	d.numbers(p, most, func(c Count) int { return c.Pods }, func(c Count) bool { return c.Limited && c.Asked > c.Most })
	d.numbers(p, fewest, func(c Count) int { return c.Available }, func(c Count) bool { return c.Limited && c.Available < c.Fewest })
	if p.partitioned() {
		d.numbers(p, "partition", func(c Count) int { return c.Partition }, func(Count) bool { return false })
	}
}

// partitioned reports that a StatefulSet had a partition at some moment.
func (p *Panel) partitioned() bool {
	return slices.ContainsFunc(p.Counts, func(c Count) bool { return c.Partition > 0 })
}

func (d *drawing) numbers(p *Panel, label string, of func(Count) int, wrong func(Count) bool) {
	line := d.line()
	put(line, 0, cut(label, d.label-1, d.glyphs.ellipsis), style{faint: true})
	cells := line[d.label:]
	shown, free := -1, 0
	for x := range cells {
		c, ok := p.countAt(min(d.scale.time(float64(x+1)), d.view.to))
		if !ok {
			continue
		}
		text := strconv.Itoa(of(c))
		switch {
		case of(c) != shown && x >= free && x+length(text) <= len(cells):
			st := style{}
			if wrong(c) {
				st = style{colour: red, bold: true}
			}
			free = put(cells, x, text, st) + 1
			shown = of(c)
		case x >= free-1 && cells[x].r == ' ':
			cells[x] = cell{d.glyphs.run, style{faint: true}}
		}
	}
	d.folds(cells)
}

// countAt returns the count that stands at a moment.
func (p *Panel) countAt(t Time) (Count, bool) {
	i := sort.Search(len(p.Counts), func(i int) bool { return p.Counts[i].At > t })
	if i == 0 {
		return Count{}, false
	}
	return p.Counts[i-1], true
}
