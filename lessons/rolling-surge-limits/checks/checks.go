// Package checks verifies the lesson "How far a rolling update may go". It looks
// at every moment of a rollout: a limit that was passed for a second was passed.
package checks

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/k8slab/k8slab/lab"
)

const (
	first  = "nginx:1.25"
	second = "nginx:1.26"
)

// All eight Pods are available.
func EightPodsAreAvailable(t *lab.T) {
	h := t.Hint("see that web.yaml says replicas: 8 and image: %s, and type kubectl apply -f web.yaml", first)
	web := h.Now().Deployment("web")
	h.Equal(web.Spec.Replicas, 8, "Pods that Deployment web wants")
	h.Equal(lab.Image(web.Spec.Template.Spec), first, "image in the template of Deployment web")
	t.Hint("wait, and look with kubectl rollout status deployment/web").
		Await(web.Status.AvailableReplicas == 8, "%d of 8 Pods of Deployment web are available", web.Status.AvailableReplicas)
}

// All eight Pods were replaced by a rollout.
func AllEightWereReplaced(t *lab.T) {
	h := t.Hint("redo this step: type kubectl set image deployment/web nginx=%s, and delete and scale nothing", second)
	web := changed(h, "web")
	h.Equal(web.Image(), second, "image in the template of Deployment web")
	complete(t, web)
	h.Equal(len(web.Updated()), 8, "Pods that were created from the new template")
	h.Equal(len(web.Pods().Removed()), 8, "Pods that were removed")
}

// Six or more were available all the time, and there were never more than ten.
func RolloutStayedBetweenSixAndTen(t *lab.T) {
	h := t.Hint("redo this step: type kubectl set image deployment/web nginx=%s, and delete and scale nothing", second)
	web := changed(h, "web")
	h.AtLeast(web.LowAvailable(), 6, "available Pods of Deployment web")
	h.AtMost(web.PeakAsked(), 10, "Pods that Deployment web asked for at once")
	complete(t, web)
}

// Three Pods were available all the time, and there were never more than four.
func SmallRolloutKeptThreeAvailable(t *lab.T) {
	h := t.Hint("delete Deployment small, and do this step again with the default strategy")
	small := t.During().Deployment("small")
	if small.Deleted().Seen() {
		h.Fatalf("Deployment small was deleted %s", small.Deleted())
	}
	t.Hint("type kubectl set image deployment/small nginx=%s", second).
		Await(small.Image() == second, "the template of Deployment small still names %s", small.Image())
	r := small.Rollout()
	h.Equal(t.When(r.Began()).Deployment("small").Spec.Replicas, 3, "Pods that Deployment small wanted when the rollout began")
	h.AtLeast(r.LowAvailable(), 3, "available Pods of Deployment small")
	h.AtMost(r.PeakAsked(), 4, "Pods that Deployment small asked for at once")
	complete(t, r)
}

// The strategy in api.yaml keeps the budget for every rollout.
func StrategyFitsTheBudget(t *lab.T) {
	h := t.Hint("in api.yaml, keep replicas: 5, and below strategy, rollingUpdate, write maxSurge: 1 and maxUnavailable: 1")
	fits(h, h.Deployment("api"))
}

// That strategy was in place when the rollout began.
func StrategyWasThereWhenTheRolloutBegan(t *lab.T) {
	h := t.Hint("redo this step: write the strategy and the image into api.yaml, and then type kubectl apply -f api.yaml once")
	api := changed(h, "api")
	h.Equal(api.Image(), second, "image in the template of Deployment api")
	fits(h, t.When(api.Began()).Deployment("api"))
}

// The rollout kept the budget at every moment.
func RolloutKeptTheBudget(t *lab.T) {
	h := t.Hint("redo this step: write the strategy and the image into api.yaml, and then type kubectl apply -f api.yaml once")
	api := changed(h, "api")
	h.AtLeast(api.LowAvailable(), 4, "available Pods of Deployment api")
	h.AtMost(api.PeakAsked(), 6, "Pods that Deployment api asked for at once")
	complete(t, api)
}

// Each new Pod was ready for five seconds before the next one was created.
func EachPodWasReadyForFiveSeconds(t *lab.T) {
	h := t.Hint("redo this step: set minReadySeconds first, and then change the image of Deployment small")
	small := changed(h, "small")
	before := t.When(small.Began()).Deployment("small")
	h.Equal(before.Spec.MinReadySeconds, 5, "minReadySeconds of Deployment small when the rollout began")
	complete(t, small)
	updated := small.Updated()
	h.Equal(len(updated), 3, "Pods that were created from the new template")
	for i := 1; i < len(updated); i++ {
		ready, next := readySince(updated[i-1]), updated[i].Pod().CreationTimestamp
		// Both times have whole seconds.
		h.True(!ready.IsZero() && next.Sub(ready.Time) >= 4*time.Second, "Pod %s was created %s after Pod %s was ready, want at least 5s",
			updated[i].Name(), next.Sub(ready.Time), updated[i-1].Name())
	}
	h.Lasted(small.Took(), 15*time.Second, "the rollout of Deployment small")
}

// The rollout with the broken image stopped at the limits.
func BrokenRolloutStopped(t *lab.T) {
	h := t.Hint("redo this step: type kubectl set image deployment/web nginx=nginx:1.261, wait, and type kubectl rollout undo deployment/web")
	web := broken(h)
	h.AtMost(web.PeakAsked(), 10, "Pods that Deployment web asked for at once")
	for _, p := range web.Pods().Created() {
		if p.Image() != first && p.Image() != second {
			h.Never(p.Ready(), "Pod %s was ready with the image %s", p.Name(), p.Image())
		}
	}
	t.Hint("type kubectl rollout undo deployment/web").
		Await(web.Image() == first || web.Image() == second, "the template of Deployment web names %s", web.Image())
	now := t.Now().Deployment("web")
	t.Hint("wait, and look with kubectl rollout status deployment/web").
		Await(now.Status.AvailableReplicas == 8, "%d of 8 Pods of Deployment web are available", now.Status.AvailableReplicas)
}

// Six old Pods kept serving, and were not replaced.
func OldPodsKeptServing(t *lab.T) {
	h := t.Hint("redo this step: go back with kubectl rollout undo deployment/web, and delete and scale nothing")
	web := broken(h)
	h.AtLeast(web.LowAvailable(), 6, "available Pods of Deployment web")
	removed := web.Pods().Existed().Removed()
	h.AtMost(len(removed), 2, "Pods that had been there before and were removed (%s)", removed)
}

// While Deployment drain was updated, six Pods existed at once.
func SixPodsExistedAtOnce(t *lab.T) {
	h := t.Hint("delete Deployment drain, apply drain.yaml as it is, and type kubectl set image deployment/drain nginx=%s", second)
	drain := t.During().Deployment("drain")
	t.Hint("type kubectl set image deployment/drain nginx=%s", second).
		Await(drain.Image() == second, "the template of Deployment drain still names %s", drain.Image())
	r := drain.Rollout()
	complete(t, r)
	h.Equal(r.PeakWithTerminating(), 6, "Pods of Deployment drain at once, those that are shutting down included")
	h.AtMost(r.PeakAsked(), 4, "Pods that Deployment drain asked for at once")
}

// changed returns the rollout of a Deployment that was there when the step began
// and was not scaled: Pods that come and go by that show nothing.
func changed(h *lab.T, name string) *lab.Workload {
	d := h.During().Deployment(name)
	kept(h, d)
	return d.Rollout()
}

// readySince is when the cluster says that a Pod was ready: on a busy machine the
// recording sees that later, and what followed from it at the same time.
func readySince(p *lab.PodHistory) metav1.Time {
	for _, c := range p.Pod().Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime
		}
	}
	return metav1.Time{}
}

// broken returns what happened to Deployment web, whose template has to have
// named an image that does not exist.
func broken(h *lab.T) *lab.Workload {
	web := h.During().Deployment("web")
	kept(h, web)
	seen := false
	for _, c := range web.Templates() {
		seen = seen || c.To != first && c.To != second
	}
	h.Await(seen, "the template of Deployment web has named no image that does not exist")
	return web
}

func kept(h *lab.T, d *lab.Workload) {
	if d.Deleted().Seen() {
		h.Fatalf("%s was deleted %s; one that is created again replaces nothing", d, d.Deleted())
	}
	for _, s := range d.Scales() {
		h.Fatalf("%s was scaled from %d to %d %s", d, s.From, s.To, s.At)
	}
}

func complete(t *lab.T, r *lab.Workload) {
	t.Hint("wait, and look with kubectl rollout status deployment/%s", r.Name()).
		Await(r.Complete().Seen(), "the rollout of %s is not complete", r)
}

// fits checks the strategy against the budget: with 5 Pods, at most 6 and at
// least 4. What is not set is 25%, as the API server has it.
func fits(h *lab.T, d *appsv1.Deployment) {
	h.Equal(d.Spec.Replicas, 5, "replicas of the Deployment")
	strategy := d.Spec.Strategy
	if strategy.Type != "" {
		h.Equal(strategy.Type, "RollingUpdate", "type of the strategy")
	}
	quarter := intstr.FromString("25%")
	surge, missing := &quarter, &quarter
	if r := strategy.RollingUpdate; r != nil {
		if r.MaxSurge != nil {
			surge = r.MaxSurge
		}
		if r.MaxUnavailable != nil {
			missing = r.MaxUnavailable
		}
	}
	above, err := intstr.GetScaledValueFromIntOrPercent(surge, 5, true)
	h.True(err == nil, "maxSurge is %s, which is neither a number nor a percentage", surge.String())
	below, err := intstr.GetScaledValueFromIntOrPercent(missing, 5, false)
	h.True(err == nil, "maxUnavailable is %s, which is neither a number nor a percentage", missing.String())
	h.True(5+above <= 6, "%d Pods that maxSurge %s allows, the budget allows 6", 5+above, surge.String())
	h.True(5-below >= 4, "%d available Pods that maxUnavailable %s leaves, the budget needs 4", 5-below, missing.String())
}
