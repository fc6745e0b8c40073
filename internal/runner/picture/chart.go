package picture

import (
	"fmt"
	"strconv"
	"strings"
)

// chart draws how many Pods there were over time, with the limits of an update.
func (s *sheet) chart(p *Panel) {
	if len(p.Counts) == 0 {
		s.y += 4
		return
	}
	top := s.y + 6
	highest := 1
	for _, c := range p.Counts {
		highest = max(highest, c.Pods+c.Terminating, c.Most, c.Wanted)
	}
	height := min(chartHeight, max(34, 9*float64(highest)))
	c := chart{s, p, top, height, highest}
	c.labels()
	c.area("all", func(n Count) int { return n.Pods + n.Terminating })
	c.area("pods", func(n Count) int { return n.Pods })
	c.area("avail", func(n Count) int { return n.Available })
	c.limit("most", func(n Count) int { return n.Most }, "at most replicas+maxSurge")
	c.limit("fewest", func(n Count) int { return n.Fewest }, "at least replicas-maxUnavailable")
	s.line("axis", s.left, top+height, s.width-margin, top+height)
	s.y = top + height + 6
}

type chart struct {
	*sheet
	panel   *Panel
	top     float64
	height  float64
	highest int
}

func (c *chart) place(n int) float64 {
	return c.top + c.height*(1-float64(n)/float64(c.highest))
}

// area draws a count as a filled staircase.
func (c *chart) area(class string, of func(Count) int) {
	var path strings.Builder
	fmt.Fprintf(&path, "M%s %s", px(c.x(max(c.panel.Counts[0].At, c.view.from))), px(c.place(0)))
	for _, n := range c.panel.Counts {
		fmt.Fprintf(&path, "H%sV%s", px(c.x(max(n.At, c.view.from))), px(c.place(of(n))))
	}
	fmt.Fprintf(&path, "H%sV%sZ", px(c.width-margin), px(c.place(0)))
	fmt.Fprintf(c, `<path class="%s" d="%s"><title>%s</title></path>`+"\n", class, path.String(), escape(chartTitles[class]))
}

var chartTitles = map[string]string{
	"all": "Pods, with those that are terminating", "pods": "Pods that are not terminating", "avail": "available Pods",
}

// limit draws a limit where there is one.
func (c *chart) limit(class string, of func(Count) int, title string) {
	var path strings.Builder
	drawing := false
	for _, n := range c.panel.Counts {
		x := px(c.x(max(n.At, c.view.from)))
		switch {
		case n.Limited && drawing:
			fmt.Fprintf(&path, "H%sV%s", x, px(c.place(of(n))))
		case n.Limited:
			fmt.Fprintf(&path, "M%s %s", x, px(c.place(of(n))))
		case drawing:
			fmt.Fprintf(&path, "H%s", x)
		}
		drawing = n.Limited
	}
	if path.Len() == 0 {
		return
	}
	if drawing {
		fmt.Fprintf(&path, "H%s", px(c.width-margin))
	}
	fmt.Fprintf(c, `<path class="limit %s" d="%s"><title>%s</title></path>`+"\n", class, path.String(), escape(title))
}

// labels names the lines of the chart, and what the areas are.
func (c *chart) labels() {
	last := c.panel.Counts[len(c.panel.Counts)-1]
	type label struct {
		n    int
		text string
	}
	labels := []label{{last.Wanted, "wanted " + strconv.Itoa(last.Wanted)}}
	if last.Limited {
		labels = []label{{last.Most, "at most " + strconv.Itoa(last.Most)}, {last.Fewest, "at least " + strconv.Itoa(last.Fewest)}}
	}
	low := c.top - 4
	for _, l := range labels {
		y := max(c.place(l.n)+4, low+11)
		c.text(c.left-6, min(y, c.top+c.height), "label dim end", l.text)
		low = y
	}
}
