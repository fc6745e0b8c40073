package picture

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SVGOptions say how an image is drawn. The zero value is 960 pixels wide.
type SVGOptions struct {
	Width int           // 960 if 0; at least 480
	Now   time.Duration // of a picture that is open: where its end is; 0: what was recorded last

	prefix string // of ids, when several images are in one page
	bare   bool   // without the list below, which the page has as a table
}

const (
	defaultPixels = 960
	leastPixels   = 480
)

// SVG writes the picture as an image that needs nothing else: it has its own styles for
// light and dark, and says in its description what can be seen.
func (p *Picture) SVG(w io.Writer, o SVGOptions) error {
	_, err := w.Write(newSheet(p, o).draw())
	return err
}

// sheet is a picture on its way to an image.
type sheet struct {
	bytes.Buffer
	picture *Picture
	options SVGOptions
	view    span
	panels  []Panel
	scale   *scale
	width   float64
	left    float64 // of the time axis
	y       float64 // where the next thing goes
	grid    float64 // where the time axis begins: its lines go through all panels
	drawn   []band  // where bars and charts are
}

// band is a part of the image's height.
type band struct{ top, bottom float64 }

// Measures of an image, in pixels.
const (
	margin      = 16.0
	rowHeight   = 17.0
	barHeight   = 12.0
	chartHeight = 84.0
	foldPixels  = 56.0 // room for what it says
	charWidth   = 6.65 // of the labels' monospaced type, with something to spare
	lineHeight  = 17.0
)

func newSheet(p *Picture, o SVGOptions) *sheet {
	if o.Width == 0 {
		o.Width = defaultPixels
	}
	s := &sheet{picture: p, options: o, width: float64(max(leastPixels, o.Width)), view: p.view(o.Now, 0)}
	for _, panel := range p.Panels {
		s.panels = append(s.panels, panel.within(s.view))
	}
	widest := 9
	for _, panel := range s.panels {
		for _, r := range panel.Rows {
			widest = max(widest, length(r.Name))
		}
	}
	s.left = margin + min(float64(widest)*charWidth, s.width/3.2) + 10
	s.scale = newScale(s.view, quiet(p, s.panels, s.view), s.width-s.left-margin, min(foldPixels, s.width/16))
	return s
}

// draw returns the image. Its height is known only at the end.
func (s *sheet) draw() []byte {
	s.y = margin
	if !s.options.bare {
		s.heading()
	}
	s.grid = s.y
	commands := s.strip()
	for i := range s.panels {
		s.panel(&s.panels[i])
	}
	s.evidence()
	if len(s.panels) == 0 {
		s.y += lineHeight
		s.text(margin, s.y, "", "No Pods in this part of the recording.")
		s.y += lineHeight
	}
	s.axis()
	s.legend()
	if !s.options.bare {
		s.list(commands)
	}
	body := s.String()
	s.Reset()
	height := s.y + margin
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" class="k8slab" role="img" viewBox="0 0 %s %s" width="%s" height="%s" aria-labelledby="%st %sd">`+"\n",
		px(s.width), px(height), px(s.width), px(height), s.options.prefix, s.options.prefix)
	fmt.Fprintf(s, "<title id=%q>%s</title>\n<desc id=%q>%s</desc>\n", s.options.prefix+"t", escape(s.picture.Heading()), s.options.prefix+"d", escape(s.picture.Describe()))
	fmt.Fprintf(s, "<style>%s</style>\n<defs>%s</defs>\n", styles, strings.ReplaceAll(patterns, "ID", s.options.prefix))
	fmt.Fprintf(s, `<rect class="back" width="%s" height="%s" rx="6"/>`+"\n", px(s.width), px(height))
	s.WriteString(strings.ReplaceAll(body, "GRIDEND", ""))
	s.WriteString("</svg>\n")
	return s.Bytes()
}

// px is a number of pixels, with one digit behind the point at most.
func px(x float64) string { return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64) }

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder has no errors
	return b.String()
}

func (s *sheet) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(s, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, class, px(x), px(y), px(max(w, 0.8)), px(h))
	if title == "" {
		s.WriteString("/>\n")
		return
	}
	fmt.Fprintf(s, "><title>%s</title></rect>\n", escape(title))
}

func (s *sheet) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(s, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, px(x1), px(y1), px(x2), px(y2))
}

func (s *sheet) text(x, y float64, class, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(s, `<text x="%s" y="%s"%s>%s</text>`+"\n", px(x), px(y), class, escape(text))
}

// x returns where a moment is in the image.
func (s *sheet) x(t Time) float64 { return s.left + s.scale.x(t) }

func (s *sheet) heading() {
	s.y += 14
	s.text(margin, s.y, "h1", s.picture.Heading())
	s.y += 16
	s.text(margin, s.y, "dim", cut(s.picture.where(), int((s.width-2*margin)/5.6), "…"))
	s.y += 8
}

// Heading names what the picture is of, as in "rolling-surge-limits, step percent".
func (p *Picture) Heading() string {
	name := p.Lesson
	if name == "" {
		name = "Lab " + p.Lab
	}
	if p.Step != "" {
		name += ", step " + p.Step
	}
	return name
}

// where says what was recorded.
func (p *Picture) where() string {
	text := fmt.Sprintf("Kubernetes %s, %s cluster, recorded %s, %s long", p.Kubernetes, p.Cluster, p.Recorded.UTC().Format("2 January 2006, 15:04 UTC"), since(p.End, p.Start))
	if p.Pace != 1 {
		text += fmt.Sprintf(", pace %g", p.Pace)
	}
	if len(p.Gaps) > 0 {
		text += fmt.Sprintf("; %s in the record", plural(len(p.Gaps), "gap"))
	}
	return text
}

// strip draws what was done above the rows: the steps of a whole recording, and the
// commands of a step, which it returns.
func (s *sheet) strip() []Mark {
	if s.picture.Step == "" && s.steps() {
		return nil
	}
	return s.badges()
}

// steps names the steps of a recording where they began, as far as there is room.
func (s *sheet) steps() bool {
	var steps []Mark
	for _, m := range s.picture.Marks {
		if m.Type == "step" && m.At >= s.view.from && m.At <= s.view.to {
			steps = append(steps, m)
		}
	}
	if len(steps) < 2 {
		return false
	}
	s.text(margin, s.y+13, "label dim", "steps")
	for i, m := range steps {
		x, end := s.x(m.At), s.width-margin
		if i+1 < len(steps) {
			end = s.x(steps[i+1].At)
		}
		fmt.Fprintf(s, `<line class="step" x1="%s" y1="%s" x2="%s" y2="GRIDEND"/>`+"\n", px(x), px(s.y+2), px(x))
		if room := int((end - x - 8) / charWidth); room > 0 {
			fmt.Fprintf(s, `<text x="%s" y="%s" class="label">%s<title>%s</title></text>`+"\n", px(x+4), px(s.y+13), escape(cut(m.Name, room, "…")), escape(since(m.At, s.picture.Start)+" step "+m.Name))
		}
	}
	s.y += 20
	return true
}

// badges draws the strip in which commands are numbered, and returns them.
func (s *sheet) badges() []Mark {
	var commands []Mark
	for _, m := range s.picture.Marks {
		if m.Type == "command" && m.At >= s.view.from && m.At <= s.view.to {
			commands = append(commands, m)
		}
	}
	if len(commands) == 0 {
		return nil
	}
	y := s.y + 9
	s.text(margin, y+4, "label dim", "commands")
	last := -100.0
	for i, m := range commands {
		x := s.x(m.At)
		fmt.Fprintf(s, `<line class="cmd" x1="%s" y1="%s" x2="%s" y2="GRIDEND"/>`+"\n", px(x), px(y+7), px(x))
		if x-last < 15 { // the one before is in the way
			x = last + 15
		}
		if x > s.width-margin {
			continue
		}
		last = x
		class := "badge"
		if m.Exit != 0 {
			class = "badge bad"
		}
		fmt.Fprintf(s, `<g class="%s"><title>%s</title><circle cx="%s" cy="%s" r="7"/><text x="%s" y="%s">%d</text></g>`+"\n",
			class, escape(since(m.At, s.picture.Start)+" "+m.Name), px(x), px(y), px(x), px(y+3.2), i+1)
	}
	s.y += 20
	return commands
}

func (s *sheet) panel(p *Panel) {
	s.y += 20
	s.title(p)
	s.y += 7
	top := s.y
	for _, r := range p.Rows {
		s.row(p, r)
	}
	s.partition(p)
	s.chart(p)
	s.drawn = append(s.drawn, band{top - 2, s.y - 4})
}

// title writes a panel's title, its facts and its revisions as text that flows: how wide
// letters are is only known to who draws it.
func (s *sheet) title(p *Panel) {
	spans := []string{`<tspan class="h2">` + escape(p.Title) + `</tspan>`}
	room := int((s.width - 2*margin) / 7.2)
	used := length(p.Title)
	add := func(span string, long int) {
		if used+long > room && len(spans) > 0 {
			s.flow(spans)
			s.y += lineHeight
			spans, used = nil, 0
		}
		spans = append(spans, span)
		used += long
	}
	for _, f := range p.facts() {
		add(`<tspan class="dim" dx="10">`+escape(f)+`</tspan>`, length(f)+2)
	}
	for i, r := range p.Revisions {
		if p.shows(i) {
			note := r.short("…")
			add(fmt.Sprintf(`<tspan class="%s" dx="12">■</tspan><tspan class="label" dx="3">%s</tspan>`, revisionClass(i), escape(note)), length(note)+4)
		}
	}
	s.flow(spans)
}

func (s *sheet) flow(spans []string) {
	fmt.Fprintf(s, `<text class="halo" x="%s" y="%s">%s</text>`+"\n", px(margin), px(s.y), strings.Join(spans, ""))
}

// revisionClasses is how many revisions have a colour of their own.
const revisionClasses = 5

func revisionClass(i int) string {
	if i < 0 {
		return "rx"
	}
	return "r" + strconv.Itoa(i%revisionClasses)
}

func (s *sheet) row(p *Panel, r Row) {
	room := int((s.left - margin - 6) / charWidth)
	s.text(margin, s.y+barHeight-1.5, "label", tail(r.Name, room, "…"))
	s.line("rule", s.left, s.y+rowHeight-2.5, s.width-margin, s.y+rowHeight-2.5)
	for i, b := range r.Bars {
		s.bar(p, r, b)
		if b.Revision >= 0 && s.leads(r.Bars, i) {
			s.text(s.x(b.From)+7, s.y+barHeight-2.5, "on "+revisionClass(b.Revision)+"t", p.Revisions[b.Revision].Letter)
		}
	}
	for _, g := range r.Signs {
		if g.At >= s.view.from {
			s.sign(s.x(g.At), signGlyphs[g.Kind], "sign", since(g.At, s.picture.Start)+" "+r.Name+" "+g.Text)
		}
	}
	for _, e := range s.picture.Evidence {
		if e.Object == "Pod "+r.Name && e.At >= s.view.from && e.At <= s.view.to {
			s.sign(s.x(e.At), outcomeGlyphs[e.Outcome], "ev "+e.Outcome, since(e.At, s.picture.Start)+" "+e.Check+": "+e.Message)
		}
	}
	s.y += rowHeight
}

var signGlyphs = map[SignKind]string{Restarted: "↻", Adopted: "+", Released: "−"}

var outcomeGlyphs = map[string]string{"passed": "✓", "waiting": "…", "failed": "✗", "error": "!"}

// evidence draws a strip with the moments on which verdicts rest.
func (s *sheet) evidence() {
	last := 0.0
	inTime := slices.Clone(s.picture.Evidence)
	slices.SortStableFunc(inTime, func(a, b Evidence) int { return cmp.Compare(a.At, b.At) })
	for _, e := range inTime {
		if e.At < s.view.from || e.At > s.view.to {
			continue
		}
		if last == 0 {
			s.y += 9
			s.text(margin, s.y+10, "label dim", "checks")
		}
		x := max(s.x(e.At), last+14) // beside the one before
		s.line("cmd", s.x(e.At), s.y-5, x, s.y+2)
		s.sign(x, outcomeGlyphs[e.Outcome], "ev "+e.Outcome, strings.TrimSpace(since(e.At, s.picture.Start)+" "+e.Object)+", "+e.Check+": "+strings.TrimSuffix(e.Outcome+", "+e.Message, ", "))
		last = x
	}
	if last > 0 {
		s.y += rowHeight
	}
}

// leads reports that a bar is where the letter of its Pod's revision goes: the first in
// which it is ready and there is room, and else the widest.
func (s *sheet) leads(bars []Bar, i int) bool {
	const room = 15
	width := func(b Bar) float64 {
		w := s.x(b.To) - s.x(b.From)
		switch {
		case w < room || b.State != Ready && b.State != Starting && b.State != NotReady:
			return 0
		case b.State == Ready:
			return w + s.width
		}
		return w
	}
	mine := width(bars[i])
	for j, b := range bars {
		if b.UID == bars[i].UID && (width(b) > mine || width(b) == mine && j < i) {
			return false
		}
	}
	return mine > 0
}

func (s *sheet) sign(x float64, glyph, class, title string) {
	fmt.Fprintf(s, `<g class="%s"><title>%s</title><circle cx="%s" cy="%s" r="6"/><text x="%s" y="%s">%s</text></g>`+"\n",
		class, escape(title), px(x), px(s.y+barHeight/2), px(x), px(s.y+barHeight/2+3.3), glyph)
}

// bar draws what a Pod was doing. States differ in height and pattern, not only in
// colour.
func (s *sheet) bar(p *Panel, r Row, b Bar) {
	x0, x1 := s.x(b.From), s.x(b.To)
	title := s.barTitle(p, r, b)
	class := revisionClass(b.Revision)
	middle := s.y + barHeight/2
	switch b.State {
	case Pending:
		s.rect(class+"s pend", x0+0.5, middle-2.5, x1-x0-1, 5, title)
	case Starting, NotReady:
		s.rect(class+" soft", x0, s.y+2, x1-x0, barHeight-4, title)
		s.rect("hatch"+s.pattern("h"), x0, s.y+2, x1-x0, barHeight-4, title)
	case Ready:
		s.rect(class+" bar", x0, s.y, x1-x0, barHeight, title)
	case Waiting:
		s.rect("wait", x0, s.y+1.5, x1-x0, barHeight-3, title)
		s.rect("hatch"+s.pattern("w"), x0, s.y+1.5, x1-x0, barHeight-3, title)
	case Terminating:
		s.rect(class+" faint", x0, s.y, x1-x0, barHeight, title)
		s.rect("hatch"+s.pattern("x"), x0, s.y, x1-x0, barHeight, title)
	case Succeeded, Failed:
		s.rect(string(b.State), x0, middle-1, x1-x0, 2, title)
		glyph := "✓"
		if b.State == Failed {
			glyph = "✗"
		}
		if b.From > s.view.from {
			s.sign(x0, glyph, "end "+string(b.State), title)
		}
	case Pause:
		s.line("pause", x0, middle, x1, middle)
		if width := float64(length(b.Reason))*charWidth + 8; b.Reason != "" && x1-x0 > width+6 {
			s.rect("back", (x0+x1-width)/2, s.y, width, barHeight, "")
			s.text((x0+x1)/2, s.y+barHeight-2, "label mid", b.Reason)
		}
	}
}

// pattern is the style of a shape that is filled with a pattern.
func (s *sheet) pattern(name string) string {
	return `" style="fill:url(#` + s.options.prefix + name + `)`
}

func (s *sheet) barTitle(p *Panel, r Row, b Bar) string {
	if r.Name == "" {
		return legendNames[b.State]
	}
	text := r.Name + ": " + string(b.State)
	if b.State == Pause {
		text = r.Name + ": the Job waited " + b.Reason + " before this attempt"
	} else if b.Reason != "" {
		text += " (" + b.Reason + ")"
	}
	text += " from " + since(b.From, s.picture.Start)
	if b.Open {
		text += " on"
	} else {
		text += " to " + since(b.To, s.picture.Start)
	}
	if b.Revision >= 0 {
		v := p.Revisions[b.Revision]
		text += ", revision " + strings.TrimSpace(v.Letter+" "+v.Note)
	}
	return text
}

// partition draws the line above which the ordinals of a StatefulSet keep their
// revision, as it moves.
func (s *sheet) partition(p *Panel) {
	if !p.partitioned() {
		return
	}
	top := s.y - rowHeight*float64(len(p.Rows))
	place := func(partition int) float64 {
		i := 0
		for i < len(p.Rows) && ordinalOf(p.Rows[i].Name) < partition {
			i++
		}
		return top + float64(i)*rowHeight - 2.5
	}
	var path strings.Builder
	for i, c := range p.Counts {
		x, y := s.x(max(c.At, s.view.from)), place(c.Partition)
		if i == 0 {
			fmt.Fprintf(&path, "M%s %s", px(x), px(y))
		} else {
			fmt.Fprintf(&path, "H%sV%s", px(x), px(y))
		}
	}
	fmt.Fprintf(s, `<path class="part" d="%sH%s"><title>partition: Pods above this line keep their revision</title></path>`+"\n", path.String(), px(s.width-margin))
}

func ordinalOf(pod string) int {
	n, _ := strconv.Atoi(pod[strings.LastIndex(pod, "-")+1:])
	return n
}

// axis draws the time, and its lines through all that is above.
func (s *sheet) axis() {
	s.y += 8
	var lines strings.Builder
	for _, t := range s.scale.ticks(s.picture.Start, func(label string) float64 { return float64(length(label))*6.6 + 10 }) {
		x := px(s.left + t.x)
		fmt.Fprintf(&lines, `<line class="grid" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", x, px(s.grid), x, px(s.y))
		s.text(s.left+t.x+3, s.y+11, "label dim", t.label)
	}
	for _, f := range s.scale.folds() {
		x, w := s.left+f.x0, f.x1-f.x0
		for _, b := range s.drawn {
			s.rect("fold", x, b.top, w, b.bottom-b.top, "nothing happened for "+compact(time.Duration(f.length())))
			s.rect("hatch"+s.pattern("f"), x, b.top, w, b.bottom-b.top, "")
		}
		s.text(x+w/2, s.y+11, "label dim mid", cutLabel(time.Duration(f.length())))
	}
	s.line("axis", s.left, s.y, s.width-margin, s.y)
	// What is behind everything comes first in the file.
	body := strings.ReplaceAll(s.String(), "GRIDEND", px(s.y))
	s.Reset()
	s.WriteString(lines.String() + body)
	s.y += 18
}

// cutLabel says how much time a fold leaves out. It must not look like a time of the axis.
func cutLabel(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.0f s cut", d.Seconds())
	}
	return compact(d) + " cut"
}

// legend says what shapes mean.
func (s *sheet) legend() {
	s.y += 8
	x := margin
	d := &drawing{panels: s.panels, view: s.view}
	row := Row{Name: ""}
	for _, state := range []State{Pending, Waiting, Starting, Ready, NotReady, Terminating, Succeeded, Failed, Pause} {
		if !d.has(state) {
			continue
		}
		if x+160 > s.width {
			x, s.y = margin, s.y+lineHeight
		}
		s.legendBar(x, state, row)
		s.text(x+29, s.y+10, "dim", legendNames[state])
		x += 29 + float64(length(legendNames[state]))*6.5 + 14
	}
	if slices.ContainsFunc(s.panels, func(p Panel) bool { return p.partitioned() }) {
		s.line("part", x, s.y+barHeight/2, x+24, s.y+barHeight/2)
		s.text(x+29, s.y+10, "dim", "partition")
		x += 29 + 9*6.5 + 14
	}
	if len(s.scale.folds()) > 0 {
		if x+160 > s.width {
			x, s.y = margin, s.y+lineHeight
		}
		s.rect("fold", x, s.y, 24, barHeight, "")
		s.rect("hatch"+s.pattern("f"), x, s.y, 24, barHeight, "")
		s.text(x+29, s.y+10, "dim", cutName)
		x += 29 + float64(length(cutName))*6.5 + 14
	}
	areas := s.areas()
	if len(areas) > 0 {
		if x+300 > s.width {
			x, s.y = margin, s.y+lineHeight
		}
		s.text(x+8, s.y+10, "dim", "number of Pods:")
		x += 8 + 15*6.5 + 6
	}
	for _, area := range areas {
		s.rect(area, x, s.y, 24, barHeight, "")
		s.text(x+29, s.y+10, "dim", areaNames[area])
		x += 29 + float64(length(areaNames[area]))*6.5 + 14
	}
	s.y += lineHeight
}

// areas returns the classes of the areas that charts have.
func (s *sheet) areas() []string {
	counted := func(is func(Count) bool) bool {
		return slices.ContainsFunc(s.panels, func(p Panel) bool { return slices.ContainsFunc(p.Counts, is) })
	}
	var areas []string
	for class, is := range map[string]func(Count) bool{
		"avail": func(c Count) bool { return c.Available > 0 },
		"pods":  func(c Count) bool { return c.Pods > c.Available },
		"all":   func(c Count) bool { return c.Terminating > 0 },
	} {
		if counted(is) {
			areas = append(areas, class)
		}
	}
	slices.SortFunc(areas, func(a, b string) int { return cmp.Compare(areaNames[a], areaNames[b]) })
	return areas
}

// cutName is what the legend calls a fold.
const cutName = "cut: nothing happened"

var areaNames = map[string]string{"avail": "available", "pods": "not available", "all": "terminating"}

var legendNames = map[State]string{
	Pending: "pending", Waiting: "waiting after a failure", Starting: "starting", Ready: "ready", NotReady: "not ready any more",
	Terminating: "terminating", Succeeded: "succeeded", Failed: "failed", Pause: "the Job waits",
}

func (s *sheet) legendBar(x float64, state State, row Row) {
	// A bar of the legend is placed by pixels, not by time.
	real := s.scale
	s.scale = newScale(span{0, 100}, nil, 24, 0)
	left, from := s.left, s.view.from
	s.left, s.view.from = x, -1
	s.bar(&Panel{}, row, Bar{From: 0, To: 100, State: state, Revision: -1})
	s.scale, s.left, s.view.from = real, left, from
}

// list tells below the image what was typed and what the checks found.
func (s *sheet) list(commands []Mark) {
	room := int((s.width - 2*margin - 90) / charWidth)
	for i, m := range commands {
		s.y += lineHeight
		class := "label"
		text := m.Name
		if m.Exit != 0 {
			class, text = "label badt", fmt.Sprintf("%s (exit code %d)", text, m.Exit)
		}
		s.text(margin+12, s.y, "label dim end", strconv.Itoa(i+1))
		s.text(margin+62, s.y, "label dim end", since(m.At, s.picture.Start))
		s.text(margin+72, s.y, class, cut(text, room, "…"))
	}
	for _, e := range byCheck(s.picture.Evidence) {
		s.y += lineHeight
		s.text(margin+12, s.y, "label end t"+e.Outcome, outcomeGlyphs[e.Outcome])
		s.text(margin+62, s.y, "label dim end", since(e.At, s.picture.Start))
		for j, line := range wrapped(e.summary(), room) {
			if j > 0 {
				s.y += lineHeight
			}
			s.text(margin+72, s.y, "label", line)
		}
	}
}

func (e Evidence) summary() string {
	if message, _, _ := strings.Cut(e.Message, "\n"); message != "" {
		return e.Check + ": " + message
	}
	return e.Check
}
