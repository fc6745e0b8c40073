// Package checks verifies the lesson: what the learner wrote, and what happened in
// the cluster between the beginning and the end of a step. docs/writing-checks.md
// is the manual of package lab.
package checks

import "github.com/k8slab/k8slab/lab"

// Two Pods are available.
//
// This comment is what the learner reads when the check has passed. A check looks
// first at what is wrong (Equal: it fails), then at what is not there yet (Await:
// it waits until the step has settled). Each finding has a hint: what to type next.
func TwoPodsAreAvailable(t *lab.T) {
	h := t.Hint("apply the file of your workspace as it is: kubectl apply -f web.yaml")
	web := h.Now().Deployment("web")
	h.Equal(web.Spec.Replicas, 2, "Pods that Deployment web wants")
	t.Hint("wait, and look with kubectl rollout status deployment/web").
		Await(web.Status.AvailableReplicas == 2, "%d of 2 Pods of Deployment web are available", web.Status.AvailableReplicas)
}

// The manifest asks for three Pods.
func ManifestAsksForThreePods(t *lab.T) {
	h := t.Hint("write replicas: 3 in web.yaml")
	web := h.Deployment("web") // what the learner wrote
	h.Equal(web.Spec.Replicas, 3, "spec.replicas in web.yaml")
}

// One Pod was added, and the two that were there stayed.
func OnePodWasAdded(t *lab.T) {
	h := t.Hint("redo this step: write replicas: 3 in web.yaml and type kubectl apply -f web.yaml; delete nothing")
	web := t.During().Deployment("web") // what happened in this step
	if web.Deleted().Seen() {
		h.Fatalf("Deployment web was deleted %s; one that is created again is another Deployment", web.Deleted())
	}
	pods := web.Pods()
	t.Hint("type kubectl apply -f web.yaml").
		Await(len(pods.Created()) > 0, "no Pod of Deployment web was created since the step began")
	// What never happened can be believed only when the step is over: Never waits for
	// that by itself.
	for _, p := range pods.Existed() {
		h.Never(p.Removed(), "Pod %s was deleted", p.Name())
	}
	h.AtMost(len(pods.Created()), 1, "Pods that were created")
}
