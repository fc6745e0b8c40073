package checks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// How long one run may take unless WorkerOptions say otherwise. The checks of a step
// take a few hundredths of a second of processor time; on a busy machine it may be
// long until they get it.
const (
	DefaultCPU     = 3 * time.Second
	DefaultTimeout = 10 * time.Second
)

// startTimeout is how long a worker may take until it is ready: the program that
// it is may have a lot to initialise on a busy machine.
const startTimeout = 30 * time.Second

// WorkerOptions are how a worker is started.
type WorkerOptions struct {
	Argv    []string      // the program and arguments whose main calls Main
	CPU     time.Duration // processor time of one run, where the system can limit it; DefaultCPU when zero
	Timeout time.Duration // of one run; DefaultTimeout when zero
}

// Request is what is to be run.
type Request struct {
	Filename  string             // of the script, for messages
	Source    []byte             // the script
	Names     []string           // the checks, in order; all when empty
	Step      string             // whose window the checks see
	Namespace string             // in which they look up names; "default" when empty
	Manifests map[string][]byte  // the submitted files, by path
	Timeline  *timeline.Timeline // what was recorded so far
	Settled   bool               // the lab has settled at the end of Timeline, whether or not a mark there says so
}

// window is what the checks of a request see of the timeline.
func window(t *timeline.Timeline, step string, settled bool) timeline.Window {
	if settled {
		return t.Step(step).Settled()
	}
	return t.Step(step)
}

// Worker runs checks in a process of its own and starts it anew when a script
// has ended it. It is safe for concurrent use; runs come one after the other.
type Worker struct {
	options WorkerOptions
	lint    func(filename string, src []byte) []Problem

	mu      sync.Mutex // guards what follows
	process *process   // nil when there is none
	has     content    // what the process has
	closed  bool
}

// content is what a process keeps from the last request.
type content struct {
	hash    string // of the script
	entries []timeline.Entry
}

// Start starts a worker and returns when it is ready.
func Start(ctx context.Context, options WorkerOptions) (*Worker, error) {
	options.CPU = cmp.Or(options.CPU, DefaultCPU)
	options.Timeout = cmp.Or(options.Timeout, DefaultTimeout)
	w := &Worker{options: options, lint: Lint}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.ensure(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// Close ends the worker process. It is idempotent.
func (w *Worker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.drop()
}

var errClosed = errors.New("run checks: the worker is closed")

// Run runs checks and returns a finding for each, in order. A script that does
// not compile, crashes or does not end gives findings with the outcome Error; an
// error means that there is no worker or that ctx has ended, with the findings so
// far.
func (w *Worker) Run(ctx context.Context, r Request) ([]Finding, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errClosed
	}
	checks := wanted(r)
	if len(checks) == 0 {
		_, err := Discover(r.Filename, r.Source)
		return nil, err
	}
	if problems := w.lintOnce(r); len(problems) > 0 {
		return rejected(checks, problems), nil
	}
	findings, err := w.attempt(ctx, r, checks)
	if errors.Is(err, errIdleDeath) {
		findings, err = w.attempt(ctx, r, checks)
	}
	if errors.Is(err, errIdleDeath) {
		return unfinished(checks, "", "the worker ended as soon as it had the script"), nil
	}
	return findings, err
}

// errIdleDeath is the error of a process that ended before it began a check. The
// script need not be the cause: it may have been ended long before.
var errIdleDeath = errors.New("run checks: the worker ended before it began")

// attempt runs the checks in the process that is there or in a new one.
func (w *Worker) attempt(ctx context.Context, r Request, checks []Check) ([]Finding, error) {
	if err := w.ensure(ctx); err != nil {
		return nil, err
	}
	message, err := w.encode(r, checks)
	if err != nil {
		return nil, err
	}
	return w.exchange(ctx, checks, message)
}

// recorded returns the timeline of a request, an empty one if it has none.
func recorded(r Request) *timeline.Timeline {
	if r.Timeline != nil {
		return r.Timeline
	}
	return timeline.New(timeline.Header{Start: time.Unix(0, 0)}, nil)
}

// wanted returns the checks of a request with their titles. A script that does
// not parse has none; what is wrong with it comes out when it is run.
func wanted(r Request) []Check {
	all, _ := Discover(r.Filename, r.Source)
	if len(r.Names) == 0 {
		return all
	}
	checks := make([]Check, len(r.Names))
	for i, name := range r.Names {
		checks[i] = Check{Name: name, Title: words(name)}
		for _, c := range all {
			if c.Name == name {
				checks[i] = c
			}
		}
	}
	return checks
}

// lintOnce lints a script that the worker does not have yet.
func (w *Worker) lintOnce(r Request) []Problem {
	if w.has.hash == hash(r) {
		return nil
	}
	return w.lint(r.Filename, r.Source)
}

func rejected(checks []Check, problems []Problem) []Finding {
	var text []string
	for _, p := range problems {
		text = append(text, p.String())
	}
	findings := make([]Finding, len(checks))
	for i, c := range checks {
		findings[i] = Finding{Check: c.Name, Title: c.Title, Outcome: Error, Position: problems[0].Position,
			Message: "the check script is rejected:\n" + strings.Join(text, "\n")}
	}
	return findings
}

// ensure starts a process if there is none.
func (w *Worker) ensure(ctx context.Context) error {
	if w.process != nil && !w.process.gone() {
		return nil
	}
	w.drop()
	p, err := spawn(w.options.Argv)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.ready(ctx); err != nil {
		return err
	}
	w.process = p
	return nil
}

// drop ends the process and forgets what it had.
func (w *Worker) drop() {
	if w.process != nil {
		w.process.end()
	}
	w.process, w.has = nil, content{}
}

// encode returns the request as the worker needs it: without the script and the
// entries that it has.
func (w *Worker) encode(r Request, checks []Check) ([]byte, error) {
	line := requestLine{
		Script: scriptPart{Filename: r.Filename, Hash: hash(r)},
		Step:   r.Step, Settled: r.Settled, Namespace: r.Namespace, Manifests: r.Manifests,
		CPU: uint64(w.options.CPU / time.Second),
	}
	for _, c := range checks {
		line.Names = append(line.Names, c.Name)
	}
	if line.Script.Hash != w.has.hash {
		line.Script.Source = r.Source
	}
	tl := recorded(r)
	entries := tl.Entries()
	line.Timeline.Keep = common(w.has.entries, entries)
	body, err := encodeTimeline(tl, line.Timeline.Keep)
	if err != nil {
		return nil, fmt.Errorf("send timeline to the check worker: %w", err)
	}
	w.has = content{hash: line.Script.Hash, entries: entries}
	return encodeRequest(line, body)
}

func hash(r Request) string {
	h := sha256.New()
	_, _ = io.WriteString(h, r.Filename+"\x00") // a hash takes everything
	_, _ = h.Write(r.Source)
	return hex.EncodeToString(h.Sum(nil))
}

// exchange sends a request and collects its findings. When the process does not
// survive it, the unfinished checks are errors, and the next run gets a new one.
func (w *Worker) exchange(ctx context.Context, checks []Check, message []byte) ([]Finding, error) {
	limited, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	go func(stdin io.Writer) {
		_, _ = stdin.Write(message) // an error means that the process ended, which is seen elsewhere
	}(w.process.stdin)
	findings, begun, err := w.process.collect(limited, checks)
	if err == nil {
		return findings, nil
	}
	p := w.process
	w.drop()
	if ctx.Err() != nil {
		return findings, fmt.Errorf("run checks: %w", ctx.Err())
	}
	if limited.Err() == nil && !errors.Is(err, io.EOF) {
		return findings, fmt.Errorf("run checks: %w", err)
	}
	if errors.Is(err, io.EOF) && len(findings) == 0 && begun == "" {
		return nil, errIdleDeath
	}
	cause := fmt.Sprintf("it did not end within %s: is there an endless loop?", w.options.Timeout)
	if errors.Is(err, io.EOF) {
		cause = p.cause()
	}
	return append(findings, unfinished(checks[len(findings):], begun, cause)...), nil
}

// unfinished returns the findings of checks that the worker did not finish.
func unfinished(checks []Check, begun, cause string) []Finding {
	var findings []Finding
	for _, c := range checks {
		f := Finding{Check: c.Name, Title: c.Title, Outcome: Error, Message: "the check was ended: " + cause}
		if begun != "" && c.Name != begun {
			f.Message = fmt.Sprintf("not run, because %s ended the worker: %s", begun, cause)
		}
		findings = append(findings, f)
	}
	return findings
}
