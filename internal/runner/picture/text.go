package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// TextOptions say how a picture is drawn for a terminal. The zero value is 80 columns
// without colours.
type TextOptions struct {
	Width  int           // columns; 80 if 0
	Height int           // at most so many lines; 0: as many as it takes
	Colour bool          // with ANSI escape sequences, of the terminal's own 16 colours
	ASCII  bool          // only ASCII
	Now    time.Duration // of a picture that is open: where its end is; 0: what was recorded last
	Last   time.Duration // only this long before the end; 0: everything
	Legend bool          // says what the characters mean
	List   bool          // lists what was typed and what the checks found
	Panel  string        // ID of the only panel; empty: all
}

const (
	defaultWidth = 80
	leastWidth   = 20
)

// Text draws the picture. No line is wider than Options.Width, and none ends with a
// style that goes on in the next.
func (p *Picture) Text(o TextOptions) []string {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	d := newDrawing(p, o)
	d.draw()
	if o.Height > 0 {
		d.rows = d.rows[:min(len(d.rows), o.Height)]
	}
	return d.lines()
}

// drawing is a picture on its way to a terminal.
type drawing struct {
	canvas
	picture *Picture
	options TextOptions
	glyphs  glyphs
	view    span // what is drawn of time
	panels  []Panel
	label   int // columns before the time axis
	scale   *scale
	hidden  []string // titles of the panels for which there is no room
}

// glyphs are the characters of a drawing.
type glyphs struct {
	state                    map[State]rune
	after                    rune // of a Pod that has finished and is still there
	fold, tick, line, run    rune
	ellipsis, bullet, atMost string
	atLeast                  string
	sign                     map[SignKind]rune
	outcome                  map[string]rune
}

var unicodeGlyphs = glyphs{
	state: map[State]rune{
		Pending: '·', Waiting: '!', Starting: '░', Ready: '█', NotReady: '▒', Terminating: '╳', Succeeded: '✓', Failed: '✗', Pause: '╌',
	},
	after: '─', fold: '≈', tick: '├', line: '─', run: '─', ellipsis: "…", bullet: " · ", atMost: "≤", atLeast: "≥",
	sign:    map[SignKind]rune{Restarted: '↻', Adopted: '+', Released: '−'},
	outcome: map[string]rune{"passed": '✓', "waiting": '…', "failed": '✗', "error": '!'},
}

var asciiGlyphs = glyphs{
	state: map[State]rune{
		Pending: '.', Waiting: '!', Starting: '-', Ready: '=', NotReady: '%', Terminating: 'x', Succeeded: '+', Failed: 'X', Pause: '~',
	},
	after: '_', fold: '/', tick: '|', line: '-', run: '-', ellipsis: "..", bullet: " - ", atMost: "<=", atLeast: ">=",
	sign:    map[SignKind]rune{Restarted: '@', Adopted: '>', Released: '<'},
	outcome: map[string]rune{"passed": '+', "waiting": '.', "failed": 'X', "error": '!'},
}

// The sixteen colours of every terminal. Revisions take turns with those that say
// nothing else.
const (
	red    = 31
	green  = 32
	yellow = 33
)

var revisionColours = []uint8{36, 33, 35, 34, 32}

func revisionColour(i int) uint8 {
	if i < 0 {
		return 0
	}
	return revisionColours[i%len(revisionColours)]
}

// foldColumns is how much of the axis a folded span takes.
const foldColumns = 3

func newDrawing(p *Picture, o TextOptions) *drawing {
	d := &drawing{canvas: canvas{width: max(leastWidth, o.Width), colour: o.Colour}, picture: p, options: o, glyphs: unicodeGlyphs}
	if o.ASCII {
		d.glyphs = asciiGlyphs
	}
	d.view = p.view(o.Now, o.Last)
	for _, panel := range p.Panels {
		if o.Panel == "" || panel.ID() == o.Panel {
			d.panels = append(d.panels, panel.within(d.view))
		}
	}
	d.panels = slices.DeleteFunc(d.panels, func(panel Panel) bool { return len(panel.Rows) == 0 })
	d.label = d.labelWidth()
	columns := d.width - d.label
	d.scale = newScale(d.view, quiet(p, d.panels, d.view), float64(columns), foldColumns)
	d.fit()
	return d
}

// view returns the time that is drawn.
func (p *Picture) view(now, last time.Duration) span {
	v := span{p.Start, p.End}
	if p.Open {
		v.to = max(v.to, Time(now))
	}
	if last > 0 {
		v.from = max(v.from, v.to-Time(last))
	}
	if v.length() <= 0 {
		v.to = v.from + Time(time.Second)
	}
	return v
}

// within returns the panel as it is in a span: bars that are open reach to its end, and
// rows that have nothing in it are left out.
func (p Panel) within(s span) Panel {
	rows := p.Rows
	p.Rows = nil
	for _, r := range rows {
		bars := make([]Bar, 0, len(r.Bars))
		for _, b := range r.Bars {
			if b.Open {
				b.To = s.to
			}
			if b.To >= s.from && b.From <= s.to {
				bars = append(bars, b)
			}
		}
		if len(bars) > 0 {
			r.Bars = bars
			p.Rows = append(p.Rows, r)
		}
	}
	p.findShown()
	return p
}

func (d *drawing) labelWidth() int {
	widest := length("available")
	for _, p := range d.panels {
		for _, r := range p.Rows {
			widest = max(widest, length(r.Name))
		}
	}
	return min(widest, d.width/3) + 1
}

// Lines of a panel besides its rows, and below all panels.
const (
	titleLines     = 1
	countLines     = 2
	partitionLines = 1
	axisLines      = 1
)

// fit leaves out what says least until all fits into the height: rows, then panels in
// which nothing happened lately, then the legend, and at last the counts.
func (d *drawing) fit() {
	if d.options.Height <= 0 {
		return
	}
	room := d.options.Height - axisLines
	for _, drawn := range []bool{len(d.typed()) > 0, len(d.evidence()) > 0} {
		if drawn {
			room--
		}
	}
	order := slices.Clone(d.panels)
	slices.SortStableFunc(order, func(a, b Panel) int { return cmp.Compare(b.active(), a.active()) })
	if d.options.Legend {
		legend := len(d.legend())
		if len(order) > 0 && room-legend < d.least(order[0]) {
			d.options.Legend, legend = false, 0
		}
		room -= legend
	}
	for len(order) > 1 && sum(order, d.least)+min(len(d.hidden), 1) > room {
		last := order[len(order)-1]
		order = order[:len(order)-1]
		d.hidden = append(d.hidden, last.Title)
	}
	room -= min(len(d.hidden), 1)
	d.panels = slices.DeleteFunc(d.panels, func(p Panel) bool {
		return !slices.ContainsFunc(order, func(q Panel) bool { return q.ID() == p.ID() })
	})
	if len(d.panels) == 1 && d.least(d.panels[0]) > room {
		d.panels[0].Counts = nil
	}
	d.shareRows(room)
}

// least is how many lines a panel takes at least: with more than two rows, one of them
// says how many there are besides.
func (d *drawing) least(p Panel) int { return d.fixedLines(&p) + min(len(p.Rows), 2) }

// shareRows gives each panel some of the lines that there are for rows: those with the
// most rows give some up.
func (d *drawing) shareRows(room int) {
	rows, lines := make([]int, len(d.panels)), 0
	for i := range d.panels {
		rows[i] = len(d.panels[i].Rows)
		lines += d.fixedLines(&d.panels[i]) + rows[i]
	}
	for lines > room {
		i := largest(rows)
		if i < 0 || rows[i] <= 1 {
			break
		}
		if rows[i] == len(d.panels[i].Rows) {
			rows[i]-- // for the line that says so
		}
		rows[i] = max(1, rows[i]-1)
		lines--
	}
	for i := range d.panels {
		d.panels[i].keep(rows[i])
	}
}

func largest(numbers []int) int {
	most := -1
	for i, n := range numbers {
		if most < 0 || n > numbers[most] {
			most = i
		}
	}
	return most
}

func sum(panels []Panel, of func(Panel) int) int {
	n := 0
	for _, p := range panels {
		n += of(p)
	}
	return n
}

func (d *drawing) fixedLines(p *Panel) int {
	n := titleLines
	if _, second := d.heading(p); second != "" {
		n++
	}
	if len(p.Counts) > 0 {
		n += countLines
	}
	if p.partitioned() {
		n += partitionLines
	}
	return n
}

// keep leaves out the rows that say least until there are n: of Pods that are gone, the
// oldest first, and then the oldest of all.
func (p *Panel) keep(n int) {
	p.dropped = len(p.Rows) - n
	if p.dropped <= 0 {
		p.dropped = 0
		return
	}
	gone := 0
	for _, r := range p.Rows {
		if !r.Bars[len(r.Bars)-1].Open {
			gone++
		}
	}
	fromGone := min(gone, p.dropped)
	fromRest := p.dropped - fromGone
	var kept []Row
	for _, r := range p.Rows {
		from := &fromRest
		if !r.Bars[len(r.Bars)-1].Open {
			from = &fromGone
		}
		if *from > 0 {
			*from--
			continue
		}
		kept = append(kept, r)
	}
	p.Rows = kept
}

// active returns when a panel changed last.
func (p Panel) active() Time {
	last := Time(0)
	for _, r := range p.Rows {
		b := r.Bars[len(r.Bars)-1]
		last = max(last, b.From)
		if !b.Open {
			last = max(last, b.To)
		}
	}
	return last
}

func (d *drawing) draw() {
	if len(d.panels) == 0 {
		d.text("No Pods in this part of the recording.", style{faint: true}, d.glyphs.ellipsis)
	}
	for i := range d.panels {
		d.panel(&d.panels[i])
	}
	if len(d.hidden) > 0 {
		d.text("no room for "+strings.Join(d.hidden, ", "), style{faint: true}, d.glyphs.ellipsis)
	}
	d.axis()
	d.typedRow()
	d.evidenceRow()
	if d.options.Legend {
		for _, line := range d.legend() {
			d.text(line, style{faint: true}, d.glyphs.ellipsis)
		}
	}
	if d.options.List {
		d.list()
	}
}

func (d *drawing) panel(p *Panel) {
	d.title(p)
	if p.dropped > 0 {
		d.text(fmt.Sprintf("%s %d more", d.glyphs.ellipsis, p.dropped), style{faint: true}, "")
	}
	for _, r := range p.Rows {
		d.row(p, r)
	}
	d.counts(p)
}

func (d *drawing) title(p *Panel) {
	facts, revisions := d.heading(p)
	row := d.line()
	x := put(row, 0, cut(p.Title, d.width, d.glyphs.ellipsis), style{bold: true})
	put(row, x, facts, style{})
	if revisions != "" {
		d.text(revisions, style{}, d.glyphs.ellipsis)
	}
}

// heading returns what stands behind a panel's title and, if there is no room for them
// there, the revisions for a line of their own.
func (d *drawing) heading(p *Panel) (facts, second string) {
	room := d.width - length(p.Title)
	for _, fact := range p.facts() {
		if fact = d.glyphs.bullet + fact; length(facts)+length(fact) <= room {
			facts += fact
		}
	}
	revisions := p.revisions(d.glyphs.ellipsis)
	if line := facts + d.glyphs.bullet + revisions; revisions == "" || length(line) <= room {
		return strings.TrimSuffix(line, d.glyphs.bullet), ""
	}
	return facts, revisions
}

// facts are what is said of a panel behind its title, the most important first.
func (p *Panel) facts() []string {
	var facts []string
	if n := len(p.Counts); n > 0 {
		facts = append(facts, plural(p.Counts[n-1].Wanted, "Pod")+" wanted")
	}
	if p.End != nil {
		facts = append(facts, p.End.String())
	}
	return facts
}

// revisions names the revisions that the panel shows, as in "A nginx:1.25, B nginx:1.26".
func (p *Panel) revisions(ellipsis string) string {
	var revisions []string
	for i, r := range p.Revisions {
		if p.shows(i) {
			revisions = append(revisions, r.short(ellipsis))
		}
	}
	return strings.Join(revisions, ", ")
}

// shows reports that a revision has Pods in the panel, or became the controller's.
func (p *Panel) shows(revision int) bool { return p.shown[revision] }

// findShown works out which revisions the panel shows.
func (p *Panel) findShown() {
	p.shown = make([]bool, len(p.Revisions))
	for _, r := range p.Rollouts {
		if r.Revision >= 0 {
			p.shown[r.Revision] = true
		}
	}
	for _, r := range p.Rows {
		for _, b := range r.Bars {
			if b.Revision >= 0 {
				p.shown[b.Revision] = true
			}
		}
	}
}

// longestNote is how much is shown of a revision's images: of long ones the end says
// more.
const longestNote = 44

func (r Revision) short(ellipsis string) string {
	return strings.TrimSpace(r.Letter + " " + tail(r.Note, longestNote, ellipsis))
}

// String says how a Job ended.
func (e *End) String() string {
	if e.Complete {
		return "complete"
	}
	return "failed: " + e.Reason
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}

// row draws what the Pods of a row were doing.
func (d *drawing) row(p *Panel, r Row) {
	line := d.line()
	put(line, 0, tail(r.Name, d.label-1, d.glyphs.ellipsis), style{})
	cells := line[d.label:]
	var last *Bar
	for x := range cells {
		b := d.barAt(r.Bars, x)
		if b != nil {
			cells[x] = d.barCell(b, b != last)
		}
		last = b
	}
	d.folds(cells)
	d.signs(r, cells)
	d.letters(p, r, cells) // beside signs
	d.pauses(r, cells)
}

// barAt returns the bar that takes most of a column's time. What says that something
// is wrong, or that a Pod ended, is not hidden by what is usual.
func (d *drawing) barAt(bars []Bar, x int) *Bar {
	from, to := d.scale.time(float64(x)), d.scale.time(float64(x+1))
	var best *Bar
	most := Time(-1)
	for i := range bars {
		b := &bars[i]
		share := min(b.To, to) - max(b.From, from)
		if share < 0 || share == 0 && b.To > b.From {
			continue
		}
		if b.State == Failed || b.State == Succeeded || b.State == Waiting {
			share *= 3
		}
		if share > most {
			best, most = b, share
		}
	}
	return best
}

func (d *drawing) barCell(b *Bar, first bool) cell {
	c := cell{d.glyphs.state[b.State], style{colour: revisionColour(b.Revision)}}
	switch b.State {
	case Pending, Pause:
		c.style = style{faint: true}
	case Waiting:
		c.style = style{colour: red, bold: true}
	case Terminating:
		c.style.faint = true
	case Succeeded, Failed:
		if !first {
			return cell{d.glyphs.after, style{faint: true}}
		}
		c.style = style{colour: green, bold: true}
		if b.State == Failed {
			c.style.colour = red
		}
	}
	return c
}

func (d *drawing) folds(cells []cell) {
	for _, f := range d.scale.folds() {
		for x := int(f.x0 + 0.5); x < int(f.x1+0.5) && x < len(cells); x++ {
			if cells[x].r != ' ' {
				cells[x] = cell{d.glyphs.fold, style{faint: true}}
			}
		}
	}
}

// letters writes the revision of each Pod at the beginning of its longest part, so that
// revisions can be told apart without colours.
func (d *drawing) letters(p *Panel, r Row, cells []cell) {
	for i := 0; i < len(r.Bars); {
		j := i
		for j < len(r.Bars) && r.Bars[j].UID == r.Bars[i].UID {
			j++
		}
		for _, b := range r.Bars[i:j] {
			if b.Revision >= 0 {
				d.letter(p.Revisions[b.Revision].Letter, r.Bars[i:j], cells)
				break
			}
		}
		i = j
	}
}

func (d *drawing) letter(letter string, bars []Bar, cells []cell) {
	best, rank := -1, 0
	for _, b := range bars {
		if b.State == Pause || b.Revision < 0 {
			continue
		}
		from, to := int(d.scale.x(b.From)), min(int(d.scale.x(b.To)), len(cells)-1)
		for from <= to && cells[from].r != d.glyphs.state[b.State] {
			from++
		}
		width := to - from + 1
		switch {
		case width <= 0:
		case b.State == Ready:
			width += 2 * len(cells)
		case b.State != Succeeded && b.State != Failed:
			width += len(cells)
		default:
			from = min(from+1, len(cells)-1) // not over the sign of its end
		}
		if width > rank {
			best, rank = from, width
		}
	}
	if best >= 0 {
		put(cells, best, letter, style{colour: revisionColour(bars[len(bars)-1].Revision), bold: true})
	}
}

func (d *drawing) signs(r Row, cells []cell) {
	for _, s := range r.Signs {
		if x := d.column(s.At); s.At >= d.view.from && x < len(cells) {
			cells[x] = cell{d.glyphs.sign[s.Kind], style{colour: yellow, bold: true}}
		}
	}
	for _, e := range d.picture.Evidence {
		x := d.column(e.At)
		if e.Object == "Pod "+r.Name && e.At >= d.view.from && x < len(cells) {
			cells[x] = cell{d.glyphs.outcome[e.Outcome], d.outcomeStyle(e.Outcome)}
		}
	}
}

func (d *drawing) outcomeStyle(outcome string) style {
	switch outcome {
	case "passed":
		return style{colour: green, bold: true}
	case "waiting":
		return style{colour: yellow, bold: true}
	default:
		return style{colour: red, bold: true}
	}
}

// pauses writes how long a Job waited into the gap.
func (d *drawing) pauses(r Row, cells []cell) {
	for _, b := range r.Bars {
		if b.State != Pause {
			continue
		}
		from, to := int(d.scale.x(b.From)), int(d.scale.x(b.To))
		if x := from + (to-from-length(b.Reason))/2; x > from {
			put(cells[:min(to, len(cells))], x, b.Reason, style{})
		}
	}
}

func (d *drawing) column(t Time) int { return min(int(d.scale.x(t)), d.width-d.label-1) }

// axis draws the time.
func (d *drawing) axis() {
	line := d.line()
	put(line, 0, cut("time", d.label-1, ""), style{faint: true})
	cells := line[d.label:]
	for x := range cells {
		cells[x] = cell{d.glyphs.line, style{faint: true}}
	}
	for _, t := range d.scale.ticks(d.picture.Start, func(s string) float64 { return float64(length(s) + 2) }) {
		x := int(t.x)
		if x+1+length(t.label) > len(cells) {
			continue
		}
		put(cells, x, string(d.glyphs.tick), style{faint: true})
		put(cells, x+1, t.label, style{})
	}
	d.folds(cells)
}

// typed returns the commands that are drawn.
func (d *drawing) typed() []Mark {
	return slices.DeleteFunc(slices.Clone(d.picture.Marks), func(m Mark) bool {
		return m.Type != "command" || m.At < d.view.from || m.At > d.view.to
	})
}

const numerals = "123456789abcdefghijklmnopqrstuvwxyz"

// numeral numbers what is in a list: 1 to 9, then a to z, then stars.
func numeral(i int) string {
	if i < len(numerals) {
		return numerals[i : i+1]
	}
	return "*"
}

// typedRow marks when commands ended. Where several are in a column, the first is
// shown.
func (d *drawing) typedRow() {
	typed := d.typed()
	if len(typed) == 0 {
		return
	}
	line := d.line()
	put(line, 0, "commands", style{faint: true})
	cells := line[d.label:]
	for i, m := range typed {
		st := style{bold: true}
		if m.Exit != 0 {
			st.colour = red
		}
		if x := d.column(m.At); cells[x].r == ' ' {
			put(cells, x, numeral(i), st)
		}
	}
}

// evidenceRow marks the moments on which verdicts rest. Where several are in a column,
// the worst is shown.
func (d *drawing) evidenceRow() {
	evidence := d.evidence()
	if len(evidence) == 0 {
		return
	}
	line := d.line()
	put(line, 0, "checks", style{faint: true})
	cells := line[d.label:]
	for _, outcome := range []string{"passed", "waiting", "failed", "error"} {
		for _, e := range evidence {
			if e.Outcome == outcome {
				cells[d.column(e.At)] = cell{d.glyphs.outcome[outcome], d.outcomeStyle(outcome)}
			}
		}
	}
}

// evidence returns what is drawn of it.
func (d *drawing) evidence() []Evidence {
	return slices.DeleteFunc(slices.Clone(d.picture.Evidence), func(e Evidence) bool {
		return e.At < d.view.from || e.At > d.view.to
	})
}

// list tells what was typed and what the checks found.
func (d *drawing) list() {
	for i, m := range d.typed() {
		text := fmt.Sprintf("%s %7s  %s", numeral(i), since(m.At, d.picture.Start), plain(m.Name))
		if m.Exit != 0 {
			text += fmt.Sprintf(" (exit code %d)", m.Exit)
		}
		d.text(text, style{}, d.glyphs.ellipsis)
	}
	for _, e := range byCheck(d.picture.Evidence) {
		head := fmt.Sprintf("%c %7s  ", d.glyphs.outcome[e.Outcome], since(e.At, d.picture.Start))
		for _, line := range wrapped(plain(e.summary()), d.width-length(head)) {
			row := d.line()
			put(row, put(row, 0, head, d.outcomeStyle(e.Outcome)), line, style{})
			head = strings.Repeat(" ", length(head))
		}
	}
}

// wrapped breaks text into lines of a width, between words where that is possible.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && length(line)+1+length(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// since is a moment as people read it, counted from another.
func since(t, origin Time) string {
	d := time.Duration(t - origin).Round(100 * time.Millisecond)
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return fmt.Sprintf("%s%04.1fs", strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s"), (d % time.Minute).Seconds())
}

// plain is text without what a terminal could take for something else, or draw in more
// than one cell.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Mn, r):
			return -1
		case r >= 0x1100 && !unicode.In(r, unicode.Latin, unicode.Common) || r >= 0x1f000:
			return '?'
		}
		return r
	}, s)
}

// legend says what the characters mean, in as many lines as it takes.
func (d *drawing) legend() []string {
	var words []string
	for _, s := range []State{Pending, Waiting, Starting, Ready, NotReady, Terminating, Succeeded, Failed, Pause} {
		if d.has(s) {
			words = append(words, string(d.glyphs.state[s])+" "+string(s))
		}
	}
	for _, s := range []SignKind{Restarted, Adopted, Released} {
		if d.hasSign(s) {
			words = append(words, string(d.glyphs.sign[s])+" "+string(s))
		}
	}
	if len(d.scale.folds()) > 0 {
		words = append(words, string(d.glyphs.fold)+" nothing happened")
	}
	var lines []string
	line := ""
	for _, w := range words {
		if line != "" && length(line)+2+length(w) > d.width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += "  "
		}
		line += w
	}
	return append(lines, line)
}

func (d *drawing) has(s State) bool {
	return slices.ContainsFunc(d.panels, func(p Panel) bool {
		return slices.ContainsFunc(p.Rows, func(r Row) bool {
			return slices.ContainsFunc(r.Bars, func(b Bar) bool { return b.State == s })
		})
	})
}

func (d *drawing) hasSign(s SignKind) bool {
	return slices.ContainsFunc(d.panels, func(p Panel) bool {
		return slices.ContainsFunc(p.Rows, func(r Row) bool {
			return slices.ContainsFunc(r.Signs, func(x Sign) bool { return x.Kind == s && x.At >= d.view.from })
		})
	})
}
