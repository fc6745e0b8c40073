package lesson

import (
	"slices"
	"time"
)

// DefaultDeadline is how long a step's checks are waited for, after its last
// command, when the step does not say.
const DefaultDeadline = time.Minute

// CommandsFile is the name of the file in solution/<step>/ that holds the
// commands of an exercise.
const CommandsFile = "commands.sh"

// A Step is one section of lesson.md: a heading of the second level and all
// that follows it.
type Step struct {
	ID       string        // a DNS label, unique in the lesson
	Title    string        // the heading, as Markdown
	Line     int           // of the heading in lesson.md
	Deadline time.Duration // after it, a check that still waits has failed
	Blocks   []Block       // in the order of lesson.md
	Checks   []CheckRef    // of all its checks blocks, in order
	Hints    []Hint        // in tiers: the first says least

	// Exercise says that the text asks and solution/<id>/ answers. A step that is
	// no exercise is guided: its run blocks say what to type.
	Exercise bool

	solution []File
	commands []Command
}

// A CheckRef says that a step is judged by a check.
type CheckRef struct {
	Name   string // an exported function of checks/checks.go
	Points int    // at least 1
	Line   int    // in lesson.md
}

// Points returns the sum of the points of the step's checks.
func (s Step) Points() int {
	sum := 0
	for _, c := range s.Checks {
		sum += c.Points
	}
	return sum
}

// SolutionFiles returns the files that are laid over the workspace when an
// exercise is done, sorted by path, without commands.sh. A guided step has some
// only in a lesson made by With: they are laid when the step begins.
func (s Step) SolutionFiles() []File { return slices.Clone(s.solution) }

// Commands returns what the learner types in this step: the run blocks of a
// guided step, in order, or solution/<step>/commands.sh. What the runner types
// by itself (given blocks) is not among them.
func (s Step) Commands() []Command { return slices.Clone(s.commands) }

// runCommands collects the commands of the step's run blocks.
func (s Step) runCommands() []Command {
	var all []Command
	for _, b := range s.Blocks {
		if run, ok := b.(Run); ok {
			all = append(all, run.Commands...)
		}
	}
	return all
}

// Given returns what the runner types by itself in this step: its given blocks, in order.
func (s Step) Given() []Command {
	var all []Command
	for _, b := range s.Blocks {
		if given, ok := b.(Given); ok {
			all = append(all, given.Commands...)
		}
	}
	return all
}
