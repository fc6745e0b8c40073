package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/progress"
	"github.com/k8slab/k8slab/lessons"
)

// noProvider is for sessions whose cluster is not started.
type noProvider struct{ cluster.Provider }

func (noProvider) Name() string { return "none" }

// newEngine returns a session in its first step, without a cluster.
func newEngine(t *testing.T, store progress.Store) *Engine {
	t.Helper()
	l, err := lesson.Parse(lessons.FS(), "replicaset-updates")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := runner.ResumeLab(t.TempDir(), "replicaset-updates")
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Params{Lesson: l, Dir: dir, Provider: noProvider{}, Progress: store})
	if err != nil {
		t.Fatal(err)
	}
	e.change(func(s *State) { s.Phase = "" })
	return e
}

// A workspace that is gone is made as somebody has it who did all steps before.
func TestWorkspaceIsMade(t *testing.T) {
	store := progress.Store{Dir: t.TempDir()}
	for step, want := range map[string]string{"create": "nginx:1.25", "delete": "nginx:1.26"} {
		if err := store.Save(progress.Lesson{Lesson: "replicaset-updates", Current: step}); err != nil {
			t.Fatal(err)
		}
		e := newEngine(t, store)
		if content, err := os.ReadFile(filepath.Join(e.Dir.Workspace(), "web.yaml")); err != nil || !strings.Contains(string(content), want) {
			t.Errorf("at %s: %q, %v", step, content, err)
		}
	}
}

// say sets what the checks of the current step have found.
func (e *Engine) say(outcomes ...checks.Outcome) {
	e.change(func(s *State) {
		s.Checks = slices.Clone(s.Checks)
		for i := range s.Checks {
			s.Checks[i].Outcome = outcomes[min(i, len(outcomes)-1)]
			s.Checks[i].Message, s.Checks[i].Remedy = "message", "do something"
		}
	})
}

// refused wants a RequestError with a next step.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var refusal *RequestError
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Message, want) || refusal.Remedy == "" {
		t.Errorf("got %+v, want a refusal with %q", err, want)
	}
}

func TestNext(t *testing.T) {
	ctx := t.Context()
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	_, err := e.Next(ctx, false)
	refused(t, err, "has not been judged")
	e.say(checks.Waiting)
	_, err = e.Next(ctx, false)
	refused(t, err, "Three Pods of the ReplicaSet run nginx:1.25: message")
	e.say(checks.Passed)
	_, err = e.Next(ctx, false)
	refused(t, err, "has not come to rest yet")
	s, err := e.Next(ctx, true)
	if err != nil || s.Current != "change" || s.Phase == "" || s.Steps[0].Done {
		t.Errorf("skipped: %+v, %v", s, err)
	}
	_, err = e.Next(ctx, true)
	refused(t, err, "not ready yet")
	if to := <-e.moves; to.step != 1 || to.fresh || to.again {
		t.Errorf("got %+v", to)
	}
	if known, err := e.Progress.Load("replicaset-updates"); err != nil || known.Current != "change" {
		t.Errorf("on disk: %+v, %v", known, err)
	}
}

// What was skipped is done by the solution: on a new cluster, and in the files that the next step
// begins with, which the learner gets on request.
func TestSkip(t *testing.T) {
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	for i, outcome := range []checks.Outcome{checks.Passed, checks.Waiting, checks.Passed} {
		e.change(func(s *State) { s.Phase = "" })
		e.say(outcome)
		_, err := e.Next(t.Context(), true)
		skipped := outcome != checks.Passed
		if to := <-e.moves; err != nil || to != (move{step: i + 1, again: skipped, fresh: skipped}) {
			t.Errorf("%s: got %+v, %v", outcome, to, err)
		}
	}
	if n := e.state.Notices; len(n) != 1 || !strings.Contains(n[0].Message, "is done for you") {
		t.Errorf("got %+v", n)
	}
	e.change(func(s *State) { s.Phase = "" })
	if _, err := e.Reset(t.Context(), "delete", true); err != nil {
		t.Fatal(err)
	}
	if web, err := os.ReadFile(filepath.Join(e.Dir.Workspace(), "web.yaml")); err != nil || !strings.Contains(string(web), "nginx:1.26") {
		t.Errorf("the files do not have the change of the step before: %s, %v", web, err)
	}
}

// A step without checks is done when it is left, and after the last one the lesson is.
func TestLastStep(t *testing.T) {
	store := progress.Store{Dir: t.TempDir()}
	known := progress.Lesson{Lesson: "replicaset-updates", Current: "why"}
	for _, id := range []string{"create", "change", "delete", "scale", "selector", "adopt"} {
		*known.Step(id) = progress.Step{Done: time.Now()}
	}
	if err := store.Save(known); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, store)
	_, err := e.Next(t.Context(), false)
	refused(t, err, `step "release" is not done`)
	e.record.Step("release").Done = time.Now()
	s, err := e.Next(t.Context(), false)
	if err != nil || !s.Finished || s.Current != "why" || s.Phase != "" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestReset(t *testing.T) {
	ctx := t.Context()
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	_, err := e.Reset(ctx, "nowhere", false)
	refused(t, err, `no step "nowhere"`)
	_, err = e.Reset(ctx, "why", false)
	refused(t, err, "comes later")
	web := filepath.Join(e.Dir.Workspace(), "web.yaml")
	if err := os.WriteFile(web, []byte("kind: Pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, files := range []bool{false, true} {
		s, err := e.Reset(ctx, "", files)
		if err != nil || s.Phase == "" || s.Current != "create" {
			t.Errorf("got %+v, %v", s, err)
		}
		if to := <-e.moves; to != (move{step: 0, again: true, fresh: true}) {
			t.Errorf("got %+v", to)
		}
		if content, _ := os.ReadFile(web); (string(content) == "kind: Pod\n") == files {
			t.Errorf("files %t: the workspace has %q", files, content)
		}
		e.change(func(s *State) { s.Phase = "" })
	}
}

// First what is known of the situation, then the lesson's hints; what was given comes
// back with the next session.
func TestHints(t *testing.T) {
	ctx := t.Context()
	store := progress.Store{Dir: t.TempDir()}
	e := newEngine(t, store)
	e.say(checks.Waiting)
	var tiers []int
	for range 3 {
		s, err := e.Hint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		tiers = append(tiers, s.Hints[len(s.Hints)-1].Tier)
	}
	if !slices.Equal(tiers, []int{0, 1, 2}) || e.state.Hints[0].Markdown != "Do something" {
		t.Errorf("got tiers %v: %+v", tiers, e.state.Hints)
	}
	_, err := e.Hint(ctx)
	refused(t, err, "no more hints")
	if s := newEngine(t, store).hub.state(); len(s.Hints) != 2 || s.MoreHints != 0 || s.Steps[0].Hints != 3 {
		t.Errorf("the next session: %+v", s)
	}
}

// What to do about a failed check is said with its verdict, and a hint about a situation
// goes with it.
func TestHintsStand(t *testing.T) {
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	e.say(checks.Failed)
	s, err := e.Hint(t.Context())
	if err != nil || len(s.Hints) != 1 || s.Hints[0].Tier != 1 {
		t.Errorf("of a failed check: %+v, %v", s.Hints, err)
	}
	e.say(checks.Waiting)
	if s, err = e.Hint(t.Context()); err != nil || len(s.StandingHints()) != 2 {
		t.Errorf("of one that waits: %+v, %v", s.Hints, err)
	}
	e.say(checks.Passed)
	if s := e.hub.state(); len(s.Hints) != 2 || len(s.StandingHints()) != 1 {
		t.Errorf("when it has passed: %+v", s.StandingHints())
	}
}

func TestAnswers(t *testing.T) {
	ctx := t.Context()
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	_, err := e.Answer(ctx, "other", "b")
	refused(t, err, `no question "other"`)
	_, err = e.Answer(ctx, "", "nonsense")
	refused(t, err, "none of the choices")
	for _, c := range []struct {
		answer string
		right  bool
	}{{"a", false}, {"WEB-0, web-1 and web-2", false}, {"b", true}} {
		s, err := e.Answer(ctx, "", c.answer)
		if err != nil || s.Questions[0].Answer != c.answer || s.Questions[0].Right != c.right || s.Questions[0].Explain == "" {
			t.Errorf("%s: %+v, %v", c.answer, s.Questions, err)
		}
	}
	_, err = e.Answer(ctx, "", "b")
	refused(t, err, "are answered")
	if got := e.record.Known("create").Answers["names-of-pods"]; got.Tries != 3 || got.First || !got.Right {
		t.Errorf("on record: %+v", got)
	}
}

func TestSolutionIsNoted(t *testing.T) {
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	s, err := e.Solution(t.Context())
	if err != nil || len(s.Solution.Commands) == 0 || !s.Steps[0].Solution {
		t.Errorf("got %+v, %v", s, err)
	}
	e = newEngine(t, progress.Store{Dir: t.TempDir()})
	e.record.Step("create").Done = time.Now()
	if s, err := e.Solution(t.Context()); err != nil || s.Steps[0].Solution {
		t.Errorf("noted for a step that is done: %+v, %v", s.Steps[0], err)
	}
}

// A disk that takes nothing is told, and what it did not take is written later.
func TestUnsavedIsSavedLater(t *testing.T) {
	place := filepath.Join(t.TempDir(), "progress")
	if err := os.WriteFile(place, nil, 0o600); err != nil { // no directory can be made there
		t.Fatal(err)
	}
	store := progress.Store{Dir: place}
	e := &Engine{Params: Params{Progress: store}}
	e.record.Lesson = "a"
	e.record.Current = "b"
	e.save()
	e.save()
	if len(e.state.Notices) != 1 || !strings.Contains(e.state.Notices[0].Message, "could not be saved") {
		t.Fatalf("got %+v", e.state.Notices)
	}
	if err := os.Remove(place); err != nil {
		t.Fatal(err)
	}
	e.save()
	if known, err := store.Load("a"); err != nil || known.Current != "b" || len(e.state.Notices) != 2 {
		t.Errorf("got %+v, %v, %+v", known, err, e.state.Notices)
	}
}

// idleProvider makes no cluster until nobody wants one any more.
type idleProvider struct{ noProvider }

func (idleProvider) Create(ctx context.Context, _ cluster.Spec, _ func(string)) (cluster.Cluster, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A session that ends saves what it could not save before, and who ends it learns of it if
// that is not possible either.
func TestEndSaves(t *testing.T) {
	for _, there := range []bool{true, false} {
		t.Run(fmt.Sprint(there), func(t *testing.T) {
			place := filepath.Join(t.TempDir(), "progress")
			e := newEngine(t, progress.Store{Dir: place})
			e.Provider = idleProvider{}
			if err := errors.Join(os.RemoveAll(place), os.WriteFile(place, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			if s, err := e.Answer(t.Context(), "", "b"); err != nil || s.Saved() == nil {
				t.Errorf("got %v, %v", s.Saved(), err)
			}
			if there {
				if err := os.Remove(place); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(errStopped)
			end := e.Run(ctx)
			err := e.Stop(t.Context())
			known, _ := e.Progress.Load(e.Lesson.Name)
			var unsaved *UnsavedError
			switch kept := known.Known("create").Answers["names-of-pods"].Right; {
			case kept != there:
				t.Errorf("kept: %t", kept)
			case there && (err != nil || end.Remedy != ""):
				t.Errorf("got %v, %+v", err, end)
			case !there && (!errors.As(err, &unsaved) || unsaved.Remedy != end.Remedy || !strings.Contains(end.Reason, "could not be saved") || !strings.Contains(end.Remedy, "lost")):
				t.Errorf("got %v, %+v", err, end)
			}
			if err != nil && !refusalOf(err).Unsaved {
				t.Errorf("on its way: %+v", refusalOf(err))
			}
		})
	}
}

func TestProblemsOfTheWorkspace(t *testing.T) {
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	e.lint()
	if got := e.hub.state().Problems; len(got) > 0 {
		t.Errorf("of the lesson's own files: %+v", got)
	}
	web := filepath.Join(e.Dir.Workspace(), "web.yaml")
	content, err := os.ReadFile(web)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(web, []byte(strings.Replace(string(content), "replicas:", "replica:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	e.lint()
	if got := e.hub.state().Problems; len(got) != 1 || got[0].File != "web.yaml" || got[0].Line != 6 || !strings.Contains(got[0].Remedy, "replicas") {
		t.Errorf("got %+v", got)
	}
}

// A client and a server between them change nothing.
func TestClient(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	e := newEngine(t, progress.Store{Dir: t.TempDir()})
	e.say(checks.Waiting)
	l, err := Listen(e.Dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := (Record{Socket: l.Addr().String(), Boot: BootID()}).Save(e.Dir.Path); err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(serving, l, e) }()
	c, err := Connect(t.Context(), e.Dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	states, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := <-states
	s, err := c.Answer(t.Context(), "names-of-pods", "b")
	if err != nil || !s.Questions[0].Right || s.Revision <= first.Revision {
		t.Errorf("got %+v, %v", s, err)
	}
	if later := <-states; later.Revision != s.Revision {
		t.Errorf("watched revision %d, want %d", later.Revision, s.Revision)
	}
	_, err = c.Next(t.Context(), false)
	refused(t, err, "not done yet")
	if err := c.Touch(t.Context()); err != nil {
		t.Error(err)
	}
	e.hub.close()
	if _, open := <-states; open {
		t.Error("the watch goes on after the end")
	}
	stop()
	if err := <-served; err != nil && !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	var ended *EndedError
	if _, err := c.State(t.Context()); !errors.As(err, &ended) {
		t.Errorf("after the end: %v", err)
	}
}
