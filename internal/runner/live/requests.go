package live

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/progress"
)

var _ Session = (*Engine)(nil)

// Watch implements Session.
func (e *Engine) Watch(ctx context.Context) (<-chan State, error) {
	states, leave := e.hub.join()
	context.AfterFunc(ctx, leave)
	return states, nil
}

// State implements Session.
func (e *Engine) State(context.Context) (State, error) { return e.hub.state(), nil }

// Touch implements Session.
func (e *Engine) Touch(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.used = time.Now()
	return nil
}

// request changes what is known of the current step, and shows the State that this leads to.
func (e *Engine) request(do func(s lesson.Step) error) (State, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.used = time.Now()
	if e.state.Failure != "" {
		return e.state, &EndedError{Lab: e.state.Lab, Reason: e.state.Failure, Remedy: e.state.Remedy}
	}
	s := e.current()
	if err := do(s); err != nil {
		return e.hub.state(), err
	}
	e.save()
	e.refresh(e.current())
	return e.publish(), nil
}

// busy refuses what cannot be done before the step has begun. The caller holds the lock.
func (e *Engine) busy() error {
	if e.state.Phase == "" {
		return nil
	}
	return &RequestError{"the lab is not ready yet: " + e.state.Phase, "Wait a moment, and try again."}
}

// Next implements Session.
func (e *Engine) Next(_ context.Context, skip bool) (State, error) {
	return e.request(func(s lesson.Step) error {
		k := e.record.Step(s.ID)
		switch err := e.busy(); {
		case err != nil:
			return err
		case k.Done.IsZero() && len(s.Checks) > 0 && !skip:
			return e.unfinished()
		case k.Done.IsZero() && len(s.Checks) == 0:
			k.Done = time.Now().UTC().Truncate(time.Second)
		}
		i := e.index() + 1
		if i == len(e.Lesson.Steps) {
			return e.last()
		}
		if !e.missing() {
			return e.moveTo(move{step: i})
		}
		return e.makeUp(s, i)
	})
}

// missing reports that what the current step does is not in the cluster, for all that is known. That the
// step was done once, in another cluster, does not matter.
func (e *Engine) missing() bool {
	return slices.ContainsFunc(e.state.Checks, func(c Check) bool { return c.Outcome != checks.Passed })
}

// makeUp enters a step as Reset does, since steps build on each other and the one before was
// skipped. The caller holds the lock.
func (e *Engine) makeUp(skipped lesson.Step, i int) error {
	id := e.Lesson.Steps[i].ID
	if err := e.Dir.Begin(id, e.Lesson); err != nil {
		return err
	}
	if err := e.moveTo(move{step: i, again: true, fresh: true}); err != nil {
		return err
	}
	e.note("Step %q is done for you, on a new cluster. Your files are as you left them; `k8slab reset --files` gives you those that this step begins with.", skipped.Title)
	return nil
}

// unfinished is the refusal to leave a step.
func (e *Engine) unfinished() error {
	for _, c := range e.state.Checks {
		if c.Outcome != checks.Passed {
			what := "it has not been judged"
			if c.Message != "" {
				what, _, _ = strings.Cut(c.Message, "\n")
			}
			return &RequestError{fmt.Sprintf("the step is not done yet: %s: %s", strings.TrimSuffix(c.Title, "."), what), "`k8slab hint` helps; `k8slab next --skip` goes on without it."}
		}
	}
	return &RequestError{"all checks pass, and the cluster has not come to rest yet", "Wait a moment, and try again."}
}

// last is what comes after the last step.
func (e *Engine) last() error {
	for _, s := range e.Lesson.Steps {
		if k := e.record.Known(s.ID); k.Done.IsZero() {
			return &RequestError{fmt.Sprintf("this is the last step, and step %q is not done", s.ID), fmt.Sprintf("`k8slab reset %s` goes back to it.", s.ID)}
		}
	}
	return nil
}

// moveTo has another step entered, or this one again. The caller holds the lock.
func (e *Engine) moveTo(to move) error {
	select {
	case e.moves <- to:
	default:
		return &RequestError{"another step is being entered", "Wait a moment, and try again."}
	}
	s := e.Lesson.Steps[to.step]
	e.enter(s)
	e.state.Phase = "entering step " + s.ID
	return nil
}

// Reset implements Session.
func (e *Engine) Reset(_ context.Context, step string, files bool) (State, error) {
	return e.request(func(s lesson.Step) error {
		if step == "" {
			step = s.ID
		}
		i := slices.IndexFunc(e.Lesson.Steps, func(s lesson.Step) bool { return s.ID == step })
		switch err := e.busy(); {
		case i < 0:
			return &RequestError{fmt.Sprintf("there is no step %q", step), "The steps are " + e.steps() + "."}
		case i > e.index() && e.record.Steps[step] == nil:
			return &RequestError{fmt.Sprintf("step %q comes later", step), "`k8slab next` goes on step by step."}
		case err != nil:
			return err
		}
		if files {
			if err := e.Dir.Restore(step, e.Lesson); err != nil {
				return err
			}
		}
		e.record.Step(step).Resets++
		return e.moveTo(move{step: i, again: true, fresh: true})
	})
}

func (e *Engine) steps() string {
	var ids []string
	for _, s := range e.Lesson.Steps {
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, ", ")
}

// Check implements Session.
func (e *Engine) Check(ctx context.Context) (State, error) {
	if s, err := e.request(func(lesson.Step) error { return e.busy() }); err != nil {
		return s, err
	}
	e.lint()
	e.mu.Lock()
	left := e.left
	e.mu.Unlock()
	judged := make(chan struct{})
	select {
	case e.asked <- judged:
	case <-left:
		return e.hub.state(), nil
	case <-ctx.Done():
		return e.hub.state(), ctx.Err()
	}
	select {
	case <-judged:
	case <-left:
	case <-ctx.Done():
		return e.hub.state(), ctx.Err()
	}
	return e.hub.state(), nil
}

// Hint implements Session.
func (e *Engine) Hint(context.Context) (State, error) {
	return e.request(func(s lesson.Step) error {
		k := e.record.Step(s.ID)
		if situational := e.situational(); len(situational) > 0 {
			k.Asked++
			e.state.Hints = append(slices.Clone(e.state.Hints), situational[0])
			return nil
		}
		if k.Hints >= len(s.Hints) {
			return &RequestError{"there are no more hints for this step", "`k8slab solution` shows the solution."}
		}
		e.state.Hints = append(slices.Clone(e.state.Hints), tier(s, k.Hints))
		k.Hints++
		k.Asked++
		return nil
	})
}

func tier(s lesson.Step, i int) Hint { return Hint{Tier: i + 1, Markdown: s.Hints[i].Markdown} }

// situational returns the hints that come from what checks wait for now, and were not given.
// What to do about a check that has failed is no hint: it is said with the verdict.
func (e *Engine) situational() []Hint {
	var all []Hint
	for _, c := range e.state.Checks {
		h := c.hint()
		said := func(other Hint) bool { return other.Tier == 0 && other.Markdown == h.Markdown }
		if c.Outcome != checks.Waiting || c.Remedy == "" || slices.ContainsFunc(e.state.Hints, said) || slices.ContainsFunc(all, said) {
			continue
		}
		all = append(all, h)
	}
	return all
}

// Answer implements Session.
func (e *Engine) Answer(_ context.Context, id, answer string) (State, error) {
	return e.request(func(s lesson.Step) error {
		k := e.record.Step(s.ID)
		q, err := question(s, *k, id)
		if err != nil {
			return err
		}
		if len(q.Choices) > 0 && !q.Offers(answer) {
			return &RequestError{fmt.Sprintf("%q is none of the choices", answer), "Answer with a letter, a to " + lesson.Letter(len(q.Choices)-1) + ", or with the text of a choice."}
		}
		a := k.Answers[q.ID]
		a.Tries++
		a.Given, a.Right, a.At = answer, q.Right(answer), time.Now().UTC().Truncate(time.Second)
		a.First = a.First || a.Tries == 1 && a.Right
		if k.Answers == nil {
			k.Answers = map[string]progress.Answer{}
		}
		k.Answers[q.ID] = a
		return nil
	})
}

// question returns the question that is meant.
func question(s lesson.Step, k progress.Step, id string) (lesson.Question, error) {
	var ids []string
	for _, b := range s.Blocks {
		q, ok := b.(lesson.Question)
		if !ok {
			continue
		}
		if q.ID == id || id == "" && !k.Answers[q.ID].Right {
			return q, nil
		}
		ids = append(ids, q.ID)
	}
	switch {
	case len(ids) == 0:
		return lesson.Question{}, &RequestError{"this step has no question", "`k8slab show` shows the step."}
	case id == "":
		return lesson.Question{}, &RequestError{"the questions of this step are answered", "`k8slab show` shows the step."}
	default:
		return lesson.Question{}, &RequestError{fmt.Sprintf("this step has no question %q", id), "Its questions are " + strings.Join(ids, ", ") + "."}
	}
}

// questionsOf returns the questions of a step with what was answered.
func questionsOf(s lesson.Step, k progress.Step) []Question {
	var all []Question
	for _, b := range s.Blocks {
		q, ok := b.(lesson.Question)
		if !ok {
			continue
		}
		shown := Question{ID: q.ID, Prompt: q.Prompt, Choices: q.Choices}
		if a, answered := k.Answers[q.ID]; answered {
			shown.Answer, shown.Right, shown.Explain = a.Given, a.Right, q.Explain
		}
		all = append(all, shown)
	}
	return all
}

// Solution implements Session.
func (e *Engine) Solution(context.Context) (State, error) {
	return e.request(func(s lesson.Step) error {
		solution := solutionOf(s)
		if solution == nil {
			return &RequestError{"there is nothing to do in this step", "`k8slab next` goes on."}
		}
		if k := e.record.Step(s.ID); k.Done.IsZero() && k.Solution.IsZero() {
			k.Solution = time.Now().UTC().Truncate(time.Second)
		}
		e.state.Solution = solution
		return nil
	})
}

// solutionOf returns nil for a step in which nothing is to be done.
func solutionOf(s lesson.Step) *Solution {
	var solution Solution
	for _, f := range s.SolutionFiles() {
		solution.Files = append(solution.Files, File{Path: f.Path, Text: string(f.Data)})
	}
	for _, c := range s.Commands() {
		solution.Commands = append(solution.Commands, c.Text)
	}
	if solution.Files == nil && solution.Commands == nil {
		return nil
	}
	return &solution
}

// Stop implements Session.
func (e *Engine) Stop(ctx context.Context) error {
	e.mu.Lock()
	stop := e.stop
	e.mu.Unlock()
	stop(errStopped)
	select {
	case <-e.gone:
		return e.lost()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lost is the error of a session that has ended before what was done could be saved.
func (e *Engine) lost() error {
	if s := e.hub.state(); s.Unsaved != "" {
		return &UnsavedError{s.Unsaved, afterLoss}
	}
	return nil
}
