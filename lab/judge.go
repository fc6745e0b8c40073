package lab

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Outcome is how a check ended.
type Outcome string

// The outcomes, from best to worst.
const (
	Passed  Outcome = "passed"
	Waiting Outcome = "waiting" // nothing contradicts it yet, evidence is missing
	Failed  Outcome = "failed"  // contradicted by evidence
	Error   Outcome = "error"   // the script or the record is at fault, not the learner
)

// Case is what a check is a function of.
type Case struct {
	Manifests map[string][]byte // the submitted files, by path
	Window    timeline.Window   // of the step
	Namespace string            // in which names are looked up; empty means "default"

	// Where says where the check is, as file:line, for findings that were not given
	// a position with [T.At]. When nil it is the caller outside of this package.
	Where func() string

	Held *Held // keeps what the check looks at; may be nil
}

// Held keeps the objects that checks have looked at. A timeline decodes an object
// again once nobody has it any more, so who runs checks one after the other keeps
// the Held of the run before until the next has ended. The zero value is ready.
type Held struct{ pods [][]*corev1.Pod }

// Verdict is what one check said.
type Verdict struct {
	Outcome  Outcome
	Message  string     // empty when passed; the headline is its first line
	Hint     string     // what to do next; may be empty
	Position string     // file:line in the script; empty when passed
	Log      string     // what the check wrote for its author
	Panic    any        // what the check panicked with; nil if it did not
	OfFiles  bool       // the check has looked at nothing but the submitted files
	Evidence []Evidence // what it rests on, if that is known; of a check that passed, what was judged
}

// Judge runs a check. It returns when the check has ended, which is when it
// likes: limits are the caller's.
func Judge(c Case, check func(*T)) Verdict {
	if c.Namespace == "" {
		c.Namespace = "default"
	}
	if c.Held == nil {
		c.Held = &Held{}
	}
	r := &run{input: c, where: c.Where, selectors: map[string]labels.Selector{}}
	if r.where == nil {
		r.where = caller
	}
	done := make(chan struct{})
	// A goroutine of its own lets a verb end the check with Goexit, which a script
	// cannot recover from.
	go func() {
		defer close(done)
		defer func() { r.panic = recover() }()
		check(&T{run: r})
	}()
	<-done
	return r.verdict()
}

// run is one run of one check.
type run struct {
	input     Case
	where     func() string
	manifests *manifests
	selectors map[string]labels.Selector // those that were parsed
	findings  []finding
	observed  bool // it has looked at what happened
	asserted  bool // something was asserted
	evidence  bool // something was seen to have happened
	judged    []Evidence
	written   strings.Builder
	panic     any
}

type finding struct {
	outcome                 Outcome
	message, hint, position string
	evidence                []Evidence
}

// Limits of what one check can say, so that a script that errs in a loop does
// not drown what came first.
const (
	maxFindings = 5
	maxKept     = 100
	maxMessage  = 4 << 10 // bytes
	maxLog      = 16 << 10
)

func (r *run) add(f finding) {
	for _, g := range r.findings {
		if g.outcome == f.outcome && g.message == f.message {
			return
		}
	}
	if len(r.findings) < maxKept || rank(f.outcome) > rank(r.worst()) {
		r.findings = append(r.findings, f)
	}
}

func (r *run) worst() Outcome {
	o := Passed
	for _, f := range r.findings {
		if rank(f.outcome) > rank(o) {
			o = f.outcome
		}
	}
	return o
}

func (r *run) log(s string) {
	if room := maxLog - r.written.Len(); len(s) > room {
		s = s[:room]
	}
	r.written.WriteString(s)
}

// verdict combines what was found: the worst outcome decides, and what was said
// of that outcome is the message.
func (r *run) verdict() Verdict {
	v := Verdict{Outcome: Passed, Log: r.written.String(), Panic: r.panic, OfFiles: r.manifests != nil && !r.observed}
	for _, f := range r.findings {
		if rank(f.outcome) > rank(v.Outcome) {
			v.Outcome, v.Hint, v.Position = f.outcome, f.hint, f.position
		}
	}
	if r.panic != nil {
		v.Outcome = Error
		return v
	}
	if v.Outcome == Passed && !r.asserted {
		v.Outcome = Error
		v.Message = "the check looked at nothing that could have failed it: assert something with Equal, True, Await or Never"
		return v
	}
	v.Message, v.Evidence = r.message(v.Outcome), r.evidenceFor(v.Outcome)
	return v
}

func (r *run) message(o Outcome) string {
	var lines []string
	for _, f := range r.findings {
		if f.outcome == o {
			lines = append(lines, f.message)
		}
	}
	if n := len(lines) - maxFindings; n > 0 {
		lines = append(lines[:maxFindings], "and "+strconv.Itoa(n)+" more")
	}
	m := strings.Join(lines, "\n")
	if len(m) > maxMessage {
		m = strings.ToValidUTF8(m[:maxMessage], "") + "…"
	}
	return m
}

func rank(o Outcome) int {
	switch o {
	case Passed:
		return 0
	case Waiting:
		return 1
	case Failed:
		return 2
	default:
		return 3
	}
}

// caller returns the file and line of a compiled check that called a verb: the
// first caller outside this package. Of an interpreted one the position is known
// from At.
func caller() string {
	pc := make([]uintptr, 16)
	frames := runtime.CallersFrames(pc[:runtime.Callers(3, pc)])
	for {
		f, more := frames.Next()
		if !more || strings.HasPrefix(f.Function, "runtime.") {
			return ""
		}
		if !strings.HasPrefix(f.Function, "github.com/k8slab/k8slab/lab.") {
			return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
		}
	}
}
