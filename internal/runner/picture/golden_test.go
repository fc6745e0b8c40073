package picture

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

var update = flag.Bool("update", false, "write what the tests get as what they want")

// recording reads a recording that was made by playing a lesson, without what pictures
// do not look at.
func recording(t testing.TB, name string) *timeline.Timeline {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tl, err := timeline.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

// golden compares what was drawn with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is different; look at it and run the test with -update:\n%s", path, got)
	}
}

// steps are what is drawn of each recording.
var steps = []struct{ recording, step string }{
	{"rolling", "percent"}, {"rolling", "broken"}, {"rolling", ""},
	{"partitions", "start"}, {"partitions", "canary"}, {"partitions", "stages"},
	{"jobs", "never"}, {"jobs", "onfailure"}, {"jobs", "pairs"}, {"jobs", ""},
	{"replicas", "adopt"}, {"replicas", "release"}, {"replicas", "why"},
}

func draw(t testing.TB, name, step string, s Select) *Picture {
	t.Helper()
	tl := recording(t, name)
	if step == "" {
		return Of(tl.Whole(), s)
	}
	return Of(tl.Step(step), s)
}

// withEvidence adds what checks of the step percent could have said.
func withEvidence(p *Picture) *Picture {
	at := func(s float64) Time { return p.Start + Time(s*float64(time.Second)) }
	p.Evidence = []Evidence{
		{At: at(0.14), Object: "Deployment web", Check: "Never more than 10 Pods were asked for", Outcome: "passed"},
		{At: at(0.16), Object: "Deployment web", Check: "At least 7 Pods were available", Outcome: "failed", Message: "available Pods: got 6 (web-1 and 5 more) 0.2s into the step, want at least 7\nand more"},
		{At: at(0.74), Object: "Pod web-7b46c4b544-v2vd2", Check: "At least 7 Pods were available", Outcome: "failed", Message: "available Pods: got 6 (web-1 and 5 more) 0.2s into the step, want at least 7\nand more"},
	}
	return p
}

func TestTextGolden(t *testing.T) {
	for _, c := range steps {
		name := c.recording + "-" + c.step
		t.Run(name, func(t *testing.T) {
			p := draw(t, c.recording, c.step, Select{})
			if c.step == "percent" {
				withEvidence(p)
			}
			golden(t, strings.Trim(name, "-")+".txt", text(p, TextOptions{Width: 80, Legend: true, List: true}))
		})
	}
	for name, o := range map[string]TextOptions{
		"narrow": {Width: 40, Legend: true, List: true}, "ascii": {Width: 80, ASCII: true, Legend: true},
		"colour": {Width: 80, Colour: true, Legend: true}, "low": {Width: 80, Height: 12, Legend: true},
		"wide": {Width: 160, Height: 48, Legend: true}, "last": {Width: 80, Last: 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "percent-"+name+".txt", text(withEvidence(draw(t, "rolling", "percent", Select{})), o))
		})
	}
}

func text(p *Picture, o TextOptions) []byte {
	return []byte(strings.Join(p.Text(o), "\n") + "\n")
}

func TestSVGGolden(t *testing.T) {
	for _, c := range []struct{ recording, step string }{{"rolling", "percent"}, {"partitions", "stages"}, {"jobs", ""}} {
		p := draw(t, c.recording, c.step, Select{})
		if c.step == "percent" {
			withEvidence(p)
		}
		var out bytes.Buffer
		if err := p.SVG(&out, SVGOptions{}); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, out.Bytes())
		golden(t, strings.Trim(c.recording+"-"+c.step, "-")+".svg", out.Bytes())
	}
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("no XML: %v", err)
		}
	}
}

func TestHTMLGolden(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, Steps(recording(t, "replicas"), Select{}), HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "replicas.html", out.Bytes())
}

// What a check has found is said to its last word, in the image and in the page: the
// decisive ones are often at the end.
func TestEvidenceIsWhole(t *testing.T) {
	p := draw(t, "rolling", "percent", Select{})
	message := "available Pods: got " + strings.Repeat("web-7b46c4b544-v2vd2, ", 12) + "want at least 7"
	p.Evidence = []Evidence{{At: p.Start, Object: "Deployment web", Check: "At least 7 Pods were available", Outcome: "failed", Message: message}}
	var image, page bytes.Buffer
	if err := p.SVG(&image, SVGOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := HTML(&page, []*Picture{p}, HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`<text[^>]*class="label">([^<]*)</text>`)
	var words []string
	for _, m := range shown.FindAllStringSubmatch(image.String(), -1) {
		if utf8.RuneCountInString(m[1]) > 130 {
			t.Errorf("too long for the image: %q", m[1])
		}
		words = append(words, m[1])
	}
	if !strings.Contains(strings.Join(words, " "), message) {
		t.Errorf("the message is not in %q", words)
	}
	if !strings.Contains(image.String(), "failed, "+message+"</title>") {
		t.Error("what the pointer shows is cut")
	}
	if !strings.Contains(page.String(), message+"</td>") {
		t.Error("the page has it cut")
	}
}

// Time that is left out is called so, and is in the legend.
func TestCutIsCalledSo(t *testing.T) {
	var image bytes.Buffer
	if err := draw(t, "jobs", "", Select{}).SVG(&image, SVGOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">29 s cut</text>", ">cut: nothing happened</text>"} {
		if !strings.Contains(image.String(), want) {
			t.Errorf("%s is not there", want)
		}
	}
}

// A page is one file: it names nothing that a browser would load.
func TestHTMLLoadsNothing(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, Steps(recording(t, "rolling"), Select{}), HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(out.String(), `xmlns="http://www.w3.org/2000/svg"`, "")
	for _, sign := range []string{"http:", "https:", "src=", "@import", "url(//", "<link", "<img"} {
		if strings.Contains(page, sign) {
			t.Errorf("the page has %q", sign)
		}
	}
}

// What somebody typed or named is text in a page and an image, never markup.
func TestNothingIsMarkup(t *testing.T) {
	p := draw(t, "rolling", "percent", Select{})
	const bad = `</text><script>alert("x")</script>&'`
	p.Lesson, p.Cluster = bad, bad
	p.Marks[1].Name = bad
	p.Panels[0].Title, p.Panels[0].Rows[0].Name, p.Panels[0].Revisions[0].Note = bad, bad, bad
	p.Evidence = []Evidence{{At: p.Start, Check: bad, Outcome: "failed", Message: bad, Object: bad}}
	var image, page bytes.Buffer
	if err := p.SVG(&image, SVGOptions{}); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, image.Bytes())
	if err := HTML(&page, []*Picture{p}, HTMLOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(image.String(), "<script"); n != 0 {
		t.Errorf("the image has %d scripts", n)
	}
	if n := strings.Count(page.String(), "<script"); n != 1 {
		t.Errorf("the page has %d scripts", n)
	}
}

// A terminal gets no more columns and lines than it has, and no control characters but
// those of our colours.
func TestTextFits(t *testing.T) {
	for _, c := range steps {
		p := withEvidence(draw(t, c.recording, c.step, Select{}))
		p.Marks = append(p.Marks, Mark{At: p.Start, Type: "command", Name: "echo '\x1b]0;x\x07' 世界 e\u0301"})
		for _, width := range []int{20, 39, 40, 80, 133, 300} {
			for _, height := range []int{0, 3, 10, 24} {
				for _, ascii := range []bool{false, true} {
					o := TextOptions{Width: width, Height: height, ASCII: ascii, Legend: height%2 == 0, List: height == 0}
					fits(t, c.recording+" "+c.step, p.Text(o), o)
				}
			}
		}
	}
}

func fits(t *testing.T, name string, lines []string, o TextOptions) {
	t.Helper()
	if o.Height > 0 && len(lines) > o.Height {
		t.Errorf("%s: %d lines in %+v", name, len(lines), o)
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > o.Width {
			t.Errorf("%s: %d columns in %+v: %q", name, utf8.RuneCountInString(line), o, line)
		}
		for _, r := range line {
			if r < ' ' || o.ASCII && r > '~' {
				t.Errorf("%s: character %q in %+v: %q", name, r, o, line)
			}
		}
	}
}

// A picture can be sent as JSON and drawn elsewhere.
func TestJSON(t *testing.T) {
	p := withEvidence(draw(t, "partitions", "stages", Select{}))
	content, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var q Picture
	if err := json.Unmarshal(content, &q); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, &q) {
		t.Errorf("got\n%+v\nwant\n%+v", q, *p)
	}
}

func TestSelect(t *testing.T) {
	for object, want := range map[string]int{"web": 1, "deployment/web": 1, "deploy/web": 1, "Deployment/web": 1, "rs/web": 0, "nothing": 0} {
		if got := len(draw(t, "rolling", "", Select{Objects: []string{object}}).Panels); got != want {
			t.Errorf("%s: got %d panels, want %d", object, got, want)
		}
	}
}

// A recording that has just begun, and one in which no Pods were, are pictures too.
func TestEmpty(t *testing.T) {
	for name, entries := range map[string][]timeline.Entry{
		"nothing": nil,
		"a step":  {{At: time.Second, Mark: &timeline.Mark{Type: timeline.MarkStep, Name: "a", ResourceVersion: 1}}},
	} {
		tl := timeline.New(timeline.Header{Lab: "x", Start: time.Unix(1, 0)}, entries)
		for _, w := range []timeline.Window{tl.Whole(), tl.Step("a"), tl.Step("unknown")} {
			p := Of(w, Select{})
			if lines := p.Text(TextOptions{Legend: true, List: true}); !strings.HasPrefix(lines[0], "No Pods") {
				t.Errorf("%s: got %q", name, lines)
			}
			var out bytes.Buffer
			if err := p.SVG(&out, SVGOptions{}); err != nil || !strings.Contains(out.String(), "No Pods") {
				t.Errorf("%s: got %v %s", name, err, out.String())
			}
		}
		if err := HTML(io.Discard, nil, HTMLOptions{}); err != nil {
			t.Error(err)
		}
	}
}
