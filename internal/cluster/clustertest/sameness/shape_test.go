package sameness

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

// tale is a timeline that is made up: a version of an object for each second.
type tale struct {
	entries []timeline.Entry
	known   map[types.UID]bool
}

// tell adds a version of an object.
func (a *tale) tell(kind string, object metav1.Object) {
	if a.known == nil {
		a.known = map[types.UID]bool{}
	}
	event := watch.Modified
	if object.SetUID(types.UID("uid-of-" + kind + object.GetName())); !a.known[object.GetUID()] {
		event = watch.Added
	}
	a.known[object.GetUID()] = true
	a.add(event, kind, object)
}

func (a *tale) add(event watch.EventType, kind string, object metav1.Object) {
	version := uint64(len(a.entries) + 1)
	object.SetNamespace("sameness-x7k2p")
	object.SetResourceVersion(fmt.Sprint(version))
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	a.entries = append(a.entries, timeline.Entry{
		At:    time.Duration(version) * time.Second,
		Event: &timeline.Event{Type: event, Kind: kind, ResourceVersion: version, Object: raw},
	})
}

// shape is without the Events if there are none.
func (a *tale) shape() []string {
	t := timeline.New(timeline.Header{Start: start}, a.entries)
	lines := Shape(t, "sameness-x7k2p")
	if last := len(lines) - 1; lines[last] == "Events" {
		return lines[:last]
	}
	return lines
}

func (a *tale) want(t *testing.T, want string) {
	t.Helper()
	var lines []string
	for line := range strings.SplitSeq(strings.Trim(want, "\n"), "\n") {
		lines = append(lines, strings.TrimPrefix(line, "\t\t"))
	}
	if diff := difference(lines, a.shape()); diff != "" {
		t.Error(diff)
	}
}

// happening is what a version of a Pod has that the one before had not.
type happening func(*corev1.Pod)

func conditionOf(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) happening {
	return func(p *corev1.Pod) {
		p.Status.Conditions = slices.DeleteFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{Type: kind, Status: status, Reason: reason})
	}
}

func isScheduled(p *corev1.Pod) {
	p.Spec.NodeName = "worker-1"
	conditionOf(corev1.PodScheduled, corev1.ConditionTrue, "")(p)
}

func statusIs(restarts int32, state corev1.ContainerState) happening {
	return func(p *corev1.Pod) {
		s := corev1.ContainerStatus{Name: "main", RestartCount: restarts, State: state}
		if old := p.Status.ContainerStatuses; len(old) == 1 {
			s.LastTerminationState = old[0].LastTerminationState
			if t := old[0].State.Terminated; t != nil {
				s.LastTerminationState.Terminated = t
			}
		}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{s}
	}
}

func isCreating(p *corev1.Pod) {
	statusIs(0, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}})(p)
	conditionOf(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady")(p)
}

func runs(run int32) happening {
	began := metav1.NewTime(start.Add(time.Duration(run) * time.Minute))
	return statusIs(run, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}})
}

// fails ends a run after so many seconds.
func fails(run int32, seconds int) happening {
	began := start.Add(time.Duration(run) * time.Minute)
	return statusIs(run, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 1, Reason: "Error", StartedAt: metav1.NewTime(began), FinishedAt: metav1.NewTime(began.Add(time.Duration(seconds) * time.Second)),
	}})
}

func waitsFor(run int32, reason, message string) happening {
	return statusIs(run, corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}})
}

func isRunning(p *corev1.Pod) { p.Status.Phase = corev1.PodRunning }

var (
	isReady    = conditionOf(corev1.PodReady, corev1.ConditionTrue, "")
	isNotReady = conditionOf(corev1.PodReady, corev1.ConditionFalse, "ContainersNotReady")
)

func podNamed(name string) *corev1.Pod {
	p := &corev1.Pod{}
	p.Name, p.Status.Phase = name, corev1.PodPending
	p.Spec.Containers = []corev1.Container{{Name: "main"}}
	return p
}

// live tells of a Pod, a version for each list of happenings.
func (a *tale) live(p *corev1.Pod, versions ...[]happening) {
	a.tell("Pod", p)
	for _, happened := range versions {
		for _, h := range happened {
			h(p)
		}
		a.tell("Pod", p)
	}
}

func TestItDoesNotMatterHowManyUpdatesTellIt(t *testing.T) {
	const want = `
		1 x Pod app
		  created
		  scheduled
		  main runs
		  main exits with 1 Error
		  main runs again (1)
		  main exits with 1 Error
		  main waits CrashLoopBackOff: back-off 10s
		  at the end: Running; PodScheduled=True, Ready=False ContainersNotReady`
	backoff := waitsFor(1, "CrashLoopBackOff", "back-off 10s")
	for name, versions := range map[string][][]happening{
		"each by itself": {{isScheduled}, {isCreating}, {runs(0), isRunning}, {isReady}, {fails(0, 1)}, {isNotReady}, {runs(1)}, {isReady}, {fails(1, 1)},
			{isNotReady}, {backoff}},
		"some together":       {{isScheduled}, {isCreating}, {fails(0, 1), isRunning}, {runs(1), isReady}, {fails(1, 1), isNotReady}, {backoff}},
		"what was is missing": {{isScheduled}, {fails(0, 1), runs(1), isRunning}, {fails(1, 1), backoff, isNotReady}},
		"and was said again":  {{isScheduled}, {fails(0, 1)}, {runs(1), isRunning}, {fails(1, 1)}, {backoff, isNotReady}, {backoff}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			var a tale
			a.live(podNamed("app"), versions...)
			a.want(t, want)
		})
	}
}

func TestReadinessOfOneRun(t *testing.T) {
	var a tale
	a.live(podNamed("app"), []happening{isScheduled}, []happening{runs(0), isRunning}, []happening{isReady}, []happening{isNotReady}, []happening{isReady})
	a.want(t, `
		1 x Pod app
		  created
		  scheduled
		  main runs
		  Ready
		  not Ready ContainersNotReady
		  Ready
		  at the end: Running; PodScheduled=True, Ready=True`)
}

func TestPodsThatWentTheSameWayAreCounted(t *testing.T) {
	var a tale
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}}
	a.tell("Deployment", d)
	for i, hash := range []string{"5d4f8", "7c9b6"} {
		rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "web-" + hash, OwnerReferences: controlledBy("Deployment", d)}}
		rs.Spec.Replicas = ptr.To(int32(i + 1))
		a.tell("ReplicaSet", rs)
		for _, suffix := range []string{"aaaaa", "bbbbb"} {
			p := podNamed(rs.Name + "-" + suffix)
			p.GenerateName, p.OwnerReferences = rs.Name+"-", controlledBy("ReplicaSet", rs)
			a.live(p, []happening{isScheduled})
		}
	}
	gone := podNamed("web-7c9b6-bbbbb")
	gone.GenerateName, gone.UID = "web-7c9b6-", "uid-of-Podweb-7c9b6-bbbbb"
	gone.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web-7c9b6", UID: "uid-of-ReplicaSetweb-7c9b6", Controller: ptr.To(true)}}
	isScheduled(gone)
	a.add(watch.Deleted, "Pod", gone)
	a.want(t, `
		Deployment web
		  at the end: no Pods
		  ReplicaSets: web-<1> 1, web-<2> 2
		ReplicaSet web-<1>
		  wants 1
		  at the end: no Pods
		ReplicaSet web-<2>
		  wants 2
		  at the end: no Pods
		2 x Pod web-<1>-*
		  created
		  scheduled
		  at the end: Pending; PodScheduled=True
		1 x Pod web-<2>-*
		  created
		  scheduled
		  at the end: Pending; PodScheduled=True
		1 x Pod web-<2>-*
		  created
		  scheduled
		  gone`)
}

func controlledBy(kind string, owner metav1.Object) []metav1.OwnerReference {
	return []metav1.OwnerReference{{Kind: kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: ptr.To(true)}}
}

func TestEventsAreThereOnce(t *testing.T) {
	var a tale
	a.live(podNamed("app"))
	for i, said := range []struct{ kind, reason, message string }{
		{"Normal", "Pulling", `Pulling image "nginx:1.25"`},
		{"Normal", "Pulled", `Successfully pulled image "nginx:1.25" in 80ms (80ms including waiting). Image size: 72000000 bytes.`},
		{"Normal", "Pulled", `Container image "nginx:1.25" already present on machine`},
		{"Warning", "Unhealthy", "Readiness probe failed: no"},
		{"Warning", "Unhealthy", "Readiness probe failed: no"},
		{"Warning", "Unhealthy", "Readiness probe errored and resulted in unknown state: rpc error: code = Canceled desc = context canceled"},
		{"Warning", "FailedScheduling", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."},
	} {
		e := &corev1.Event{Type: said.kind, Reason: said.reason, Message: said.message, ReportingController: "kubelet"}
		e.Name, e.InvolvedObject = fmt.Sprintf("app.%d", i), corev1.ObjectReference{Kind: "Pod", Name: "app"}
		a.tell("Event", e)
	}
	a.want(t, `
		1 x Pod app
		  created
		  at the end: Pending; `+`
		Events
		  Pod app: Normal Pulled from kubelet: image "nginx:1.25" was wanted
		  Pod app: Warning Unhealthy from kubelet: Readiness probe failed: no`)
}

func TestNames(t *testing.T) {
	n := &names{known: map[string]string{"sameness-x7k2p": "<namespace>", "web-5d4f8": "web-<1>", "web-5d4f8-aaaaa": "web-<1>-*"}}
	n.replacer = n.newReplacer()
	for text, want := range map[string]string{
		"Created pod: web-5d4f8-aaaaa":                                                                        "Created pod: web-<1>-*",
		"(combined from similar events): Deleted pod: web-5d4f8-zzzzz":                                        "Deleted pod: web-<1>-*",
		"back-off 10s restarting pod=a_sameness-x7k2p(00000000-1111-2222-3333-4444abcd5555)":                  "back-off 10s restarting pod=a_<namespace>(<uid>)",
		"dial tcp 10.244.1.7:80: refused":                                                                     "dial tcp <ip>: refused",
		`exec: "x": executable file not found in $PATH: unknown`:                                              `exec: "x": executable file not found in $PATH`,
		`rpc error: code = NotFound desc = failed to pull: failed to resolve reference "a:1": a:1: not found`: `failed to pull: failed to resolve reference "a:1": <answer of the registry>`,
		"two\nlines\n": `two\nlines`,
	} {
		if got := n.text(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestPause(t *testing.T) {
	for seconds, want := range map[int]string{0: ", at once", 5: ", at once", 9: ", 10s later", 10: ", 10s later", 14: ", 10s later", 21: ", 20s later"} {
		if got := pause(timeline.Pause{From: start, To: start.Add(time.Duration(seconds) * time.Second)}); got != want {
			t.Errorf("%d s: %q, want %q", seconds, got, want)
		}
	}
	if got := pause(timeline.Pause{}); got != "" {
		t.Errorf("none: %q", got)
	}
}
