package live

import (
	"slices"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/lab"
)

// State is all that can be seen of a session at a moment. It is a value: a new one
// replaces it whenever something changes.
type State struct {
	Revision int64 `json:"revision"` // grows with each State of a session

	Lab        string `json:"lab"`        // name; that of the lesson
	Lesson     string `json:"lesson"`     // name
	Lessons    string `json:"lessons"`    // the directory that the lesson is from; empty for the built-in ones
	Provider   string `json:"provider"`   // "embedded" or "kind"
	Kubernetes string `json:"kubernetes"` // version of the server; empty until there is one
	Process    int    `json:"process"`    // ID of the background process

	// Phase is what is being waited for, a few words, while no work can be done:
	// the cluster starts, or a step is prepared. Empty means that the learner can work.
	Phase string `json:"phase,omitempty"`
	// Failure is why the session has ended by itself, as its last State says; with
	// the next step in Remedy.
	Failure string `json:"failure,omitempty"`
	Remedy  string `json:"remedy,omitempty"`

	Steps    []Step `json:"steps"`    // all of the lesson, in order
	Current  string `json:"current"`  // id of the step that is being done
	Finished bool   `json:"finished"` // every step is done
	Points   int    `json:"points"`   // earned in all steps, and what can be earned
	Possible int    `json:"possible"`

	// What follows is about the current step.

	Entered   time.Time  `json:"entered"` // when the step began; zero before it has
	Checks    []Check    `json:"checks,omitempty"`
	Questions []Question `json:"questions,omitempty"`
	Hints     []Hint     `json:"hints,omitempty"`    // that were asked for, in order
	MoreHints int        `json:"moreHints"`          // how many Hint can still give
	Solution  *Solution  `json:"solution,omitempty"` // set when it was asked for

	// Settled says that nothing moves any more, so that "never" can be believed.
	// While it does not hold, Moving says what moves, as in "Pod web-x7k2p is
	// terminating".
	Settled bool   `json:"settled"`
	Moving  string `json:"moving,omitempty"`
	// Manual says that checks are run only when Check asks for it.
	Manual bool `json:"manual,omitempty"`

	// Unsaved is why what was done is not on the disk. It is tried again as long as the
	// session goes on.
	Unsaved string `json:"unsaved,omitempty"`

	Problems []Problem `json:"problems,omitempty"` // of the files in the workspace
	Notices  []Notice  `json:"notices,omitempty"`  // newest last

	Workspace  string `json:"workspace"`  // directory of the learner's files
	Kubeconfig string `json:"kubeconfig"` // file; valid while Phase is empty
	Bin        string `json:"bin"`        // directory with a kubectl for this lab
	Prompt     string `json:"prompt"`     // file with a line for a shell's prompt: lesson and step
	Timeline   string `json:"timeline"`   // file that grows; see docs/timeline.md
	Recording  int    `json:"recording"`  // number of the recording: the file is another one when it changes
}

// Step returns the step that is being done, or the zero Step.
func (s State) Step() Step {
	for _, step := range s.Steps {
		if step.ID == s.Current {
			return step
		}
	}
	return Step{}
}

// Step is a step of the lesson and what came of it. The best that ever came of it
// counts.
type Step struct {
	ID       string `json:"id"`
	Title    string `json:"title"`    // Markdown
	Done     bool   `json:"done"`     // all checks passed at once; without checks: it was left
	Points   int    `json:"points"`   // earned
	Possible int    `json:"possible"` // 0 if nothing is judged in it
	Hints    int    `json:"hints"`    // how many were asked for
	Solution bool   `json:"solution"` // the solution was looked at before it was done
}

// StandingHints returns the Hints without those about a situation that is over.
func (s State) StandingHints() []Hint {
	return slices.DeleteFunc(slices.Clone(s.Hints), func(h Hint) bool {
		return h.Tier == 0 && !slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Outcome == checks.Waiting && c.hint().Markdown == h.Markdown })
	})
}

// Check is a check of the current step and what it says now.
type Check struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Points int    `json:"points"`

	// Outcome is passed, waiting ("not yet"), failed (contradicted by what happened)
	// or error (our side broke). It is empty before the first judgement.
	Outcome checks.Outcome `json:"outcome,omitempty"`
	Message string         `json:"message,omitempty"` // the headline is its first line
	Remedy  string         `json:"remedy,omitempty"`  // what to do next
	Changed time.Time      `json:"changed"`           // when the outcome became what it is

	Position string `json:"position,omitempty"` // file:line of the script, for errors

	// Evidence is the moments and objects on which the outcome rests, where they are known.
	Evidence []lab.Evidence `json:"evidence,omitempty"`
}

// Shown is the remedy that belongs to the verdict. What to do about a check that waits is a
// Hint, for who asks.
func (c Check) Shown() string {
	if c.Outcome == checks.Waiting || c.Outcome == checks.Passed {
		return ""
	}
	return c.Remedy
}

// hint is the remedy as a hint about the situation.
func (c Check) hint() Hint { return Hint{Check: c.Name, Markdown: upper(c.Remedy)} }

// Question is a question of the current step.
type Question struct {
	ID      string   `json:"id"`
	Prompt  string   `json:"prompt"` // Markdown
	Choices []string `json:"choices,omitempty"`

	Answer  string `json:"answer,omitempty"`  // the last one given; empty if there is none
	Right   bool   `json:"right,omitempty"`   // it is right
	Explain string `json:"explain,omitempty"` // Markdown, once an answer was given: what to observe
}

// Hint is help that was asked for.
type Hint struct {
	Tier     int    `json:"tier"`            // from 1; 0 for one that is about the situation
	Check    string `json:"check,omitempty"` // that a situational hint is about
	Markdown string `json:"markdown"`
}

// Solution is the reference for the current step.
type Solution struct {
	Files    []File   `json:"files,omitempty"`    // for the workspace
	Commands []string `json:"commands,omitempty"` // to type afterwards
}

// File is a file of the workspace.
type File struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

// Problem is something that is wrong with a file of the workspace.
type Problem struct {
	File    string `json:"file"`             // path in the workspace
	Line    int    `json:"line,omitempty"`   // from 1; 0 if it is about the whole file
	Column  int    `json:"column,omitempty"` // from 1; 0 if it is about the whole line
	Message string `json:"message"`          // without a final stop
	Remedy  string `json:"remedy,omitempty"` // a sentence
}

// Notice is something that happened in the session and is worth knowing.
type Notice struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"` // a sentence
}
