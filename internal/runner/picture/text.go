package picture

import "time"

// TextOptions say how a picture is drawn for a terminal. The zero value is 80 columns
// without colours.
type TextOptions struct {
	Width  int           // columns; 80 if 0
	Height int           // at most so many lines; 0: as many as it takes
	Colour bool          // with ANSI escape sequences, of the terminal's own 16 colours
	ASCII  bool          // only ASCII
	Now    time.Duration // of a picture that is open: where its end is; 0: what was recorded last
	Last   time.Duration // only this long before the end; 0: everything
	Legend bool
	Panel  string // ID of the only panel; empty: all
}

// Text draws the picture. No line is wider than Options.Width, and none ends with a
// style that goes on in the next.
func (p *Picture) Text(o TextOptions) []string {
	var lines []string
	for i := range p.Panels {
		lines = append(lines, p.Panels[i].Title())
	}
	return lines
}
