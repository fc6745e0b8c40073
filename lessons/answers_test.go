package lessons

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/checks/fixture"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// observed has, for each question about what a cluster does, what the recording of the
// reference solution says. The other questions ask for knowledge or arithmetic, and
// say so here, so that nobody adds a question and forgets it.
var observed = map[string]map[string]func(recorded) string{
	"replicaset-updates": {
		"names-of-pods": func(r recorded) string {
			for _, p := range r.rollout("create", "ReplicaSet", "web").Created {
				if !madeUp.MatchString(p.Name) {
					return p.Name
				}
			}
			return "web- and some letters and digits, others for each"
		},
		"how-many-change": func(r recorded) string {
			return fmt.Sprint(len(r.rollout("change", "ReplicaSet", "web").Removed))
		},
		"image-of-the-replacement": func(r recorded) string {
			return image(r.rollout("delete", "ReplicaSet", "web").Created[0])
		},
		"images-of-five": func(r recorded) string {
			scaled := r.rollout("scale", "ReplicaSet", "web")
			five := scaled.Peak(timeline.ActivePods)
			images := map[string]int{}
			for _, p := range five.Pods {
				images[image(p)]++
			}
			return fmt.Sprintf("%s run nginx:1.25 and %s run nginx:1.26", word(images["nginx:1.25"]), word(images["nginx:1.26"]))
		},
		"a-fourth-pod": func(r recorded) string {
			web := r.rollout("adopt", "ReplicaSet", "web")
			stray := slices.IndexFunc(web.Pods, func(p *timeline.PodHistory) bool { return p.Name == "stray" })
			if stray < 0 || !slices.ContainsFunc(web.Pods[stray].Owners, timeline.OwnerChange.Adopted) {
				return "it was not adopted"
			}
			if web.Peak(timeline.ActivePods).Value != 4 || len(web.Removed) != 1 {
				return "there was no fourth, or it stayed"
			}
			return "The ReplicaSet takes it as its own, and then deletes one of the four"
		},
		"pods-after-relabelling": func(r recorded) string {
			alive := 0
			for _, p := range r.Timeline.Step("release").Pods() {
				if p.Namespace == r.Namespace && !p.Terminating.Happened() && !p.Gone.Happened() {
					alive++
				}
			}
			return fmt.Sprint(alive)
		},
		"what-a-deployment-does": nil, // knowledge: the next lesson shows it
	},
	"rolling-surge-limits": {
		"percent-of-eight": func(r recorded) string {
			web := r.rollout("percent", "Deployment", "web")
			return fmt.Sprintf("at most %d, at least %d", web.Peak(timeline.AskedPods).Value, web.Low(timeline.AvailablePods).Value)
		},
		"what-begins-a-rollout": nil, // knowledge: two of the changes are not made
		"percent-of-three": func(r recorded) string {
			small := r.update("rounding", "Deployment", "small")
			return fmt.Sprintf("maxSurge %d, maxUnavailable %d",
				small.Peak(timeline.AskedPods).Value-3, 3-small.Low(timeline.AvailablePods).Value)
		},
		"five-at-25": nil, // arithmetic: the solution has another strategy
		"five-seconds": func(r recorded) string {
			small := r.update("available", "Deployment", "small")
			last := small.Templates[0].Moment
			for _, p := range small.Removed {
				if p.Removed().At-last.At < 4*time.Second { // whole seconds: one less
					return fmt.Sprintf("only %s before %s was removed", p.Removed().At-last.At, p.Name)
				}
				last = p.Removed()
			}
			return fmt.Sprintf("%d seconds", 5*len(small.Removed))
		},
		"how-many-broken": func(r recorded) string {
			return fmt.Sprint(r.rollout("broken", "Deployment", "web").Low(timeline.AvailablePods).Value)
		},
		"how-many-in-all": func(r recorded) string {
			return fmt.Sprint(r.update("terminating", "Deployment", "drain").Peak(timeline.AllPods).Value)
		},
	},
	"statefulset-partitions": {
		"how-many-at-once": func(r recorded) string {
			return fmt.Sprint(createdBeforeReady(r.rollout("start", "StatefulSet", "db")))
		},
		"what-stays": func(r recorded) string {
			turns := r.rollout("identity", "StatefulSet", "db").Ordinals()[2].Turns
			if len(turns) != 2 || turns[0].Pod.Name != turns[1].Pod.Name || turns[0].Claims[0].UID != turns[1].Claims[0].UID {
				return "another name or another volume"
			}
			return "Its name and its volume"
		},
		"canary-order": func(r recorded) string { return order(r.rollout("canary", "StatefulSet", "db").Removed) },
		"image-below":  func(r recorded) string { return image(r.rollout("below", "StatefulSet", "db").Created[0]) },
		"back-order":   func(r recorded) string { return order(r.rollout("back", "StatefulSet", "db").Removed) },
		"after-the-second-stage": func(r recorded) string {
			removed := r.rollout("stages", "StatefulSet", "db").Removed
			return removed[len(removed)-1].Name // the last that is left, and the only one of the third stage
		},
		"how-far": func(r recorded) string {
			return fmt.Sprint(len(r.rollout("broken", "StatefulSet", "db").Created))
		},
		"is-it-enough": nil, // a near miss in wrong/ shows that nothing happens: the solution does more
		"parallel": func(r recorded) string {
			return fmt.Sprint(createdBeforeReady(r.rollout("contrast", "StatefulSet", "cache")))
		},
		"on-delete": func(r recorded) string {
			if removed := r.rollout("contrast", "StatefulSet", "cache").Removed; len(removed) != 1 || removed[0].Name != "cache-1" {
				return order(removed)
			}
			return "None, until somebody deletes one"
		},
	},
	"job-backoff": {
		"how-many-pods": func(r recorded) string { return fmt.Sprint(len(r.job("never", "report").Created)) },
		"which-gaps": func(r recorded) string {
			attempts := r.job("never", "report").Attempts
			return fmt.Sprintf("%s, and then %s", gap(attempts[1]), gap(attempts[2]))
		},
		"default-limit":         nil, // arithmetic: nobody waits for it
		"pods-on-failure":       func(r recorded) string { return fmt.Sprint(len(r.job("onfailure", "retry").Created)) },
		"pod-afterwards":        func(r recorded) string { return afterwards(r.job("onfailure", "retry").Created[0]) },
		"limit-and-parallelism": func(r recorded) string { return fmt.Sprint(len(r.job("burst", "burst").Created)) },
		"attempts-before-the-deadline": func(r recorded) string {
			return fmt.Sprint(len(r.job("deadline", "poll").Attempts))
		},
		"which-reason": func(r recorded) string { return r.job("deadline", "poll").Reason },
		"three-left": func(r recorded) string {
			if most := r.job("pairs", "resize").Peak(timeline.ActivePods).Value; most != 2 {
				return fmt.Sprint(most, " at once")
			}
			return "None"
		},
		"pods-with-policy": func(r recorded) string {
			j := r.job("policy", "import")
			if len(j.Created) != 1 {
				return fmt.Sprint(len(j.Created), " Pods")
			}
			return "One Pod, " + j.Reason
		},
	},
}

// TestAnswers holds the right answer of every question against the recording of the
// reference solution.
func TestAnswers(t *testing.T) {
	names, err := lesson.List(FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			l, err := lesson.Parse(FS(), name)
			if err != nil {
				t.Fatal(err)
			}
			c, err := fixture.Read(filepath.Join("..", "internal", "checks", "testdata", name, "solution"))
			if err != nil {
				t.Fatal(err)
			}
			if h := c.Timeline.Header(); h.Pace != 1 || !strings.HasPrefix(h.Kubernetes, "v1.36.") {
				t.Fatalf("recorded at pace %v on Kubernetes %s; the text says what 1.36 does", h.Pace, h.Kubernetes)
			}
			questions := 0
			for q := range questionsOf(l) {
				questions++
				answer, known := observed[name][q.ID]
				if !known {
					t.Errorf("question %s: nobody has said what a recording shows", q.ID)
				} else if answer != nil && !q.Right(answer(recorded{c})) {
					t.Errorf("question %s: the recording shows %q, the lesson says %q", q.ID, answer(recorded{c}), q.Answer)
				}
			}
			if questions != len(observed[name]) {
				t.Errorf("%d questions, and %d answers were looked for", questions, len(observed[name]))
			}
		})
	}
}

func questionsOf(l *lesson.Lesson) func(yield func(lesson.Question) bool) {
	return func(yield func(lesson.Question) bool) {
		for _, s := range l.Steps {
			for _, b := range s.Blocks {
				if q, ok := b.(lesson.Question); ok && !yield(q) {
					return
				}
			}
		}
	}
}

// recorded is a run of a lesson.
type recorded struct{ *fixture.Case }

// rollout is what became of a controller in a step.
func (r recorded) rollout(step, kind, name string) *timeline.Rollout {
	return r.Timeline.Step(step).Rollout(timeline.Ref{Kind: kind, Namespace: r.Namespace, Name: name})
}

// update is the same from the step's first change of the template on.
func (r recorded) update(step, kind, name string) *timeline.Rollout {
	whole := r.rollout(step, kind, name)
	return whole.Since(whole.Templates[0].Moment)
}

func (r recorded) job(step, name string) *timeline.JobHistory {
	return r.Timeline.Step(step).Job(r.Namespace, name)
}

func image(p *timeline.PodHistory) string {
	pod := p.Last()
	return container(pod).Image
}

func container(pod *corev1.Pod) corev1.Container { return pod.Spec.Containers[0] }

// order says in which order Pods went.
func order(pods []*timeline.PodHistory) string {
	var names []string
	for _, p := range pods {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", and then ")
}

// createdBeforeReady is how many Pods were there when the first got ready.
func createdBeforeReady(r *timeline.Rollout) int {
	first := r.Created[0].Ready
	for _, p := range r.Created {
		if p.Ready.Before(first) {
			first = p.Ready
		}
	}
	n := 0
	for _, p := range r.Created {
		if p.Created.Before(first) {
			n++
		}
	}
	return n
}

// gap is the back-off before an attempt, as it is documented.
func gap(a timeline.Attempt) string {
	for _, s := range []int{10, 20, 40} {
		if a.Pause.Near(time.Duration(s) * time.Second) {
			return fmt.Sprintf("%d s", s)
		}
	}
	return a.Pause.Length().String()
}

func afterwards(p *timeline.PodHistory) string {
	if p.Gone.Happened() {
		return "It has been deleted"
	}
	return "It is there"
}

// madeUp is a name that a ReplicaSet gives a Pod (k8s.io/apiserver's names.SimpleNameGenerator).
var madeUp = regexp.MustCompile(`^web-[a-z0-9]{5}$`)

func word(n int) string { return [...]string{"none", "one", "two", "three", "four", "five"}[n] }
