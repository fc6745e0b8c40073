// Package lesson reads a lesson directory and gives it back as a value: what a
// person reads, what they type, which checks judge it, and the files that go
// with it. Parse reads everything once and validates it; a Lesson never looks at
// the file system again. docs/lesson-format.md describes the format for authors.
//
// Deliberately absent: rendering (package report renders the Markdown), running
// commands and checks (package runner), and judging whether the functions in
// checks/checks.go are good ones (package checks). A lesson may come from a
// stranger: no symlink is followed, no file outside the lesson's directory is
// read, sizes are limited, and arbitrary bytes in lesson.md never cause a panic.
package lesson

import "slices"

// Format is the lesson format that this package reads: the key format of a
// lesson's front matter.
const Format = 1

// A Lesson is one lesson directory, read and found to be valid. It is not
// changed after Parse and may be shared between goroutines.
type Lesson struct {
	Name          string   // the directory's name, a DNS label
	Title         string   // one line
	Summary       string   // one or two sentences
	Minutes       int      // how long a learner needs, about
	Objectives    []string // what a learner can do afterwards; at least one
	Prerequisites []string // what a learner should know before
	Cluster       Cluster
	Isolation     string    // what it needs for itself: IsolationNamespace or IsolationCluster
	Images        []string  // all images of start/ and solution/, with their tags
	Paces         []float64 // the paces at which verdicts are proven; 1 is always among them
	Points        int       // the sum of the points of all checks

	Intro []Block // what comes before the first step
	Steps []Step  // in the order of lesson.md; at least one
	Wrong []Case  // the directories in wrong/, by name

	Warnings []Problem // what Parse found that does not stop the lesson

	start  []File
	checks File
}

// Cluster is what a lesson needs of its cluster.
type Cluster struct {
	Nodes      int    // nodes that run Pods, 1 to 3; 1 if the lesson does not say
	Kubernetes string // minimum version, such as "1.36"; empty if any will do
	Provider   string // "embedded", "kind" or "existing" if it needs that one; else empty
}

// The values of Lesson.Isolation.
const (
	IsolationNamespace = "namespace" // it touches only objects of its namespace
	IsolationCluster   = "cluster"   // it touches nodes or other objects of the cluster
)

// A File is a file of a lesson. Paths have forward slashes, are relative to the
// learner's workspace, and never lead out of it.
type File struct {
	Path string
	Data []byte
}

// StartFiles returns what a learner's workspace begins with, sorted by path.
func (l *Lesson) StartFiles() []File { return slices.Clone(l.start) }

// FilesBefore returns what the workspace of somebody has who has done all steps before
// one as the solution does: the files that it begins with, and over them those of the steps, in
// order. A path can be there more than once, and the last one counts.
func (l *Lesson) FilesBefore(step string) []File {
	files := l.StartFiles()
	for _, s := range l.Steps {
		if s.ID == step {
			break
		}
		files = append(files, s.solution...)
	}
	return files
}

// ChecksSource returns the script with the lesson's checks: its path inside the
// lesson directory (checks/checks.go) and its source. Both are empty if no step
// of the lesson has checks.
func (l *Lesson) ChecksSource() (path string, source []byte) {
	return l.checks.Path, l.checks.Data
}

// Untouched returns the lesson as somebody leaves it who does nothing: only what
// the runner types by itself (given blocks) is left of its commands, and none of
// its solution. The checks must not be content with that.
func (l *Lesson) Untouched() *Lesson {
	untouched := *l
	untouched.Steps = slices.Clone(l.Steps)
	for i := range untouched.Steps {
		s := &untouched.Steps[i]
		s.solution, s.commands = nil, nil
		s.Blocks = slices.DeleteFunc(slices.Clone(s.Blocks), func(b Block) bool { _, run := b.(Run); return run })
	}
	return &untouched
}

// Step returns the step with that id, and whether there is one.
func (l *Lesson) Step(id string) (Step, bool) {
	i := slices.IndexFunc(l.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return l.Steps[i], true
}

// Checks returns the checks of all steps, in order.
func (l *Lesson) Checks() []CheckRef {
	var all []CheckRef
	for _, s := range l.Steps {
		all = append(all, s.Checks...)
	}
	return all
}
