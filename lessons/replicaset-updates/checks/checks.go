// Package checks verifies the lesson "What a ReplicaSet does when its template
// changes": not how the cluster looks in the end, but what happened to each Pod
// between the beginning and the end of a step.
package checks

import "github.com/k8slab/k8slab/lab"

const (
	first  = "nginx:1.25"
	second = "nginx:1.26"
)

// Three Pods of the ReplicaSet run nginx:1.25.
func ThreePodsRunTheFirstVersion(t *lab.T) {
	h := t.Hint("see that web.yaml says replicas: 3 and image: %s, and type kubectl apply -f web.yaml", first)
	web := h.Now().ReplicaSet("web")
	h.Equal(web.Spec.Replicas, 3, "Pods that ReplicaSet web wants")
	h.Equal(lab.Image(web.Spec.Template.Spec), first, "image in the template of ReplicaSet web")
	ready := 0
	for _, p := range t.Now().PodsOf(web) {
		if !lab.IsReady(p) {
			continue
		}
		ready++
		t.Hint("a Pod keeps its image: type kubectl delete -f web.yaml, and then kubectl apply -f web.yaml with the file as it was").
			Equal(lab.Image(p.Spec), first, "image of Pod %s", p.Name)
	}
	t.Hint("wait, and look with kubectl get pods; kubectl describe pods says under Events what a Pod waits for").
		Await(ready >= 3, "%d of 3 Pods of ReplicaSet web are ready", ready)
	h.Equal(ready, 3, "Pods of ReplicaSet web that are ready")
}

// The template in web.yaml names nginx:1.26, and nothing else has changed.
func TemplateNamesTheNewVersion(t *lab.T) {
	h := t.Hint("in web.yaml, write image: %s in the template, below containers, and change nothing else", second)
	web := h.ReplicaSet("web")
	image := lab.Image(web.Spec.Template.Spec)
	h.Await(image != first, "the template in web.yaml still names %s", first)
	h.Equal(image, second, "image in the template of web.yaml")
	h.Equal(web.Spec.Replicas, 3, "spec.replicas in web.yaml")
	h.Equal(web.Spec.Template.Labels["app"], "web", "label app in the template of web.yaml")
}

// The apply replaced no Pod.
func ApplyReplacedNoPod(t *lab.T) {
	h := t.Hint("redo this step: change only the image in web.yaml and type kubectl apply -f web.yaml; delete and scale nothing")
	web := kept(h)
	t.Hint("type kubectl apply -f web.yaml").
		Await(len(web.Templates()) > 0, "the template of ReplicaSet web has not changed since the step began: it names %s", web.Image())
	pods := web.Pods()
	h.Equal(len(pods.Existed()), 3, "Pods of ReplicaSet web when the step began")
	for _, p := range pods {
		h.Never(p.Removed(), "Pod %s was deleted", p.Name())
		h.Never(p.Created(), "Pod %s was created", p.Name())
		h.Never(p.Released(), "Pod %s was released", p.Name())
		h.Equal(p.Image(), p.ImageBefore(), "image of Pod %s", p.Name())
	}
	t.Hint("write image: %s in web.yaml and type kubectl apply -f web.yaml again", second).
		Equal(web.Image(), second, "image in the template of ReplicaSet web")
}

// Only the Pod that you deleted was replaced.
func OnlyTheDeletedPodWasReplaced(t *lab.T) {
	h := t.Hint("redo this step: delete one Pod of ReplicaSet web with kubectl delete pod NAME, and nothing else")
	web := kept(h)
	pods := web.Pods()
	removed, created := pods.Removed(), pods.Created()
	for _, p := range pods.Released() {
		h.Errorf("Pod %s was released %s, not deleted", p.Name(), p.Released())
	}
	t.Hint("type kubectl delete pod and the name of one Pod").
		Await(len(removed) > 0, "no Pod of ReplicaSet web was deleted since the step began")
	h.AtMost(len(removed), 1, "Pods that were deleted (%s)", removed)
	t.Hint("wait: the ReplicaSet creates it").
		Await(len(created) > 0, "Pod %s was deleted %s and has no replacement yet", removed[0].Name(), removed[0].Removed())
	h.AtMost(len(created), 1, "Pods that were created (%s)", created)
	for _, p := range created {
		if p.Created().Before(removed[0].Removed()) {
			h.Errorf("Pod %s was created %s, before Pod %s was deleted %s: it replaces nothing",
				p.Name(), p.Created(), removed[0].Name(), removed[0].Removed())
		}
		createdBy(h, p)
	}
	for _, p := range pods.Existed().Left() {
		h.Equal(p.Image(), p.ImageBefore(), "image of Pod %s, which nobody deleted", p.Name())
	}
}

// The replacement runs nginx:1.26.
func ReplacementRunsTheNewVersion(t *lab.T) {
	h := t.Hint("see with kubectl get rs web -o wide that the template names %s, apply web.yaml if it does not, and delete another Pod", second)
	created := t.During().ReplicaSet("web").Pods().Created()
	t.Hint("delete one Pod with kubectl delete pod NAME").
		Await(len(created) > 0, "no Pod of ReplicaSet web was created since the step began")
	left := created.Left()
	h.Await(len(left) > 0, "Pod %s was created %s and deleted %s", created[0].Name(), created[0].Created(), created[0].Removed())
	p := left[len(left)-1]
	h.Equal(p.ImageBefore(), second, "image with which Pod %s was created %s", p.Name(), p.Created())
	h.Equal(p.Image(), second, "image of Pod %s", p.Name())
	createdBy(h, p)
	t.Hint("wait: it is starting").Await(lab.IsReady(p.Pod()), "Pod %s, which was created %s, is not ready", p.Name(), p.Created())
}

// The two Pods that were added came from the template, and the others stayed as they were.
func NewPodsCameFromTheTemplate(t *lab.T) {
	h := t.Hint("redo this step: type kubectl scale rs web --replicas=5, wait, and then kubectl scale rs web --replicas=3; delete nothing")
	web := scaled(h)
	five := scaledTo(t, web, 5)
	created := web.Pods().Created()
	h.Equal(len(created), 2, "Pods that ReplicaSet web created (%s)", created)
	for _, p := range created {
		createdBy(h, p)
		h.True(p.Created().After(five), "Pod %s was created %s, before ReplicaSet web was scaled to 5", p.Name(), p.Created())
		h.Equal(p.ImageBefore(), web.Image(), "image with which Pod %s was created %s", p.Name(), p.Created())
	}
	for _, p := range web.Pods().Existed() {
		h.Equal(p.Image(), p.ImageBefore(), "image of Pod %s, which was there before", p.Name())
	}
}

// Scaling down removed two Pods, and no others went.
func ScalingDownRemovedTwo(t *lab.T) {
	h := t.Hint("redo this step: type kubectl scale rs web --replicas=5, wait, and then kubectl scale rs web --replicas=3; delete nothing")
	web := scaled(h)
	scaledTo(t, web, 5)
	three := scaledTo(t, web, 3)
	removed := web.Pods().Removed()
	for _, p := range removed {
		h.True(p.Removed().After(three), "Pod %s was deleted %s, before ReplicaSet web was scaled to 3", p.Name(), p.Removed())
	}
	h.AtMost(len(removed), 2, "Pods that were deleted (%s)", removed)
	t.Hint("wait, and look with kubectl get pods").
		Await(len(removed) == 2, "%d of 2 Pods were deleted", len(removed))
	threeReady(t, web)
}

// The ReplicaSet adopted the Pod that it had not created.
func BarePodWasAdopted(t *lab.T) {
	h := t.Hint("delete Pod stray and apply it again as it is in your workspace: kubectl apply -f stray.yaml")
	t.Hint("create it again: kubectl apply -f web.yaml").During().ReplicaSet("web")
	strays := t.During().Pods("").Named("stray").Created()
	t.Hint("type kubectl apply -f stray.yaml").
		Await(len(strays) > 0, "no Pod with the name stray was created since the step began")
	stray := strays[len(strays)-1]
	if stray.OwnerBefore() != "" {
		h.Fatalf("Pod stray was created %s with ReplicaSet %s as its controller, so nothing adopted it", stray.Created(), stray.OwnerBefore())
	}
	if stray.Removed().Seen() && !stray.Adopted().Seen() {
		h.NotYet("Pod stray was deleted %s and had not been adopted; it had %s", stray.Removed(), stray.Labels())
	}
	t.Hint("give it the label that the selector asks for: kubectl label pod stray app=web --overwrite").
		Await(stray.Adopted().Seen() || stray.Matches("app=web"), "Pod stray has %s, and the selector of ReplicaSet web asks for app=web", stray.Labels())
	t.Hint("wait: the controller is about to see it").
		Await(stray.Adopted().Seen(), "Pod stray has the label app=web and is not adopted yet")
	h.Equal(stray.Owner(), "web", "controller of Pod stray after it was adopted %s", stray.Adopted())
}

// The ReplicaSet then removed one Pod, because it had one too many.
func SurplusPodWasRemoved(t *lab.T) {
	h := t.Hint("redo this step: type kubectl apply -f stray.yaml, and delete and scale nothing")
	web := kept(h)
	pods := web.Pods()
	adopted, removed := pods.Adopted(), pods.Removed()
	t.Hint("type kubectl apply -f stray.yaml").
		Await(len(adopted) > 0, "ReplicaSet web has adopted no Pod since the step began, so it had none too many")
	for _, p := range pods.Created() {
		if p.OwnerBefore() != "" {
			h.Never(p.Created(), "ReplicaSet web had too few Pods and created Pod %s", p.Name())
		}
	}
	for _, p := range removed {
		if p.Removed().Before(adopted[0].Adopted()) {
			h.Errorf("Pod %s was deleted %s, before Pod %s was adopted %s: it was not one too many",
				p.Name(), p.Removed(), adopted[0].Name(), adopted[0].Adopted())
		}
	}
	h.AtMost(len(removed), len(adopted), "Pods that were deleted after %s was adopted (%s)", adopted, removed)
	t.Hint("wait: the controller counts its Pods").
		Await(len(removed) >= len(adopted), "Pod %s was adopted %s, and ReplicaSet web has not deleted one too many yet", adopted[0].Name(), adopted[0].Adopted())
	threeReady(t, web)
}

// The Pod with another label was released, and it runs on.
func RelabelledPodWasReleased(t *lab.T) {
	h := t.Hint("redo this step: type kubectl label pod NAME app=debug --overwrite for one Pod of ReplicaSet web, and delete nothing")
	pods := kept(h).Pods()
	released := pods.Released()
	if removed := pods.Removed(); len(released) == 0 && len(removed) > 0 {
		h.NotYet("Pod %s was deleted %s; no Pod was released", removed[0].Name(), removed[0].Removed())
	}
	t.Hint("type kubectl label pod NAME app=debug --overwrite, with the name of one Pod of ReplicaSet web").
		Await(len(released) > 0, "ReplicaSet web has released no Pod since the step began")
	for _, p := range released {
		h.Never(p.Removed(), "Pod %s was released %s, and deleted", p.Name(), p.Released())
		if p.Owner() != "" {
			h.Errorf("Pod %s was released %s, and adopted again %s", p.Name(), p.Released(), p.Adopted())
		}
		h.True(!p.Matches("app=web"), "Pod %s was released %s, and still has the label app=web", p.Name(), p.Released())
		t.Hint("wait until it is ready").Await(p.Removed().Seen() || lab.IsReady(p.Pod()), "Pod %s, which was released, is not ready", p.Name())
	}
}

// The ReplicaSet created a Pod in place of the one that it released.
func ReleasedPodWasReplaced(t *lab.T) {
	h := t.Hint("redo this step: type kubectl label pod NAME app=debug --overwrite for one Pod of ReplicaSet web; delete and create nothing")
	web := kept(h)
	pods := web.Pods()
	released, created := pods.Released(), pods.Created()
	t.Hint("type kubectl label pod NAME app=debug --overwrite, with the name of one Pod of ReplicaSet web").
		Await(len(released) > 0, "ReplicaSet web has released no Pod since the step began")
	for _, p := range pods {
		h.Never(p.Removed(), "Pod %s was deleted", p.Name())
	}
	for _, p := range created {
		createdBy(h, p)
		if p.Created().Before(released[0].Released()) {
			h.Errorf("Pod %s was created %s, before Pod %s was released %s: it replaces nothing",
				p.Name(), p.Created(), released[0].Name(), released[0].Released())
		}
	}
	h.AtMost(len(created), len(released), "Pods that were created after %s was released (%s)", released, created)
	t.Hint("wait: the ReplicaSet creates it").
		Await(len(created) >= len(released), "Pod %s was released %s and has no replacement yet", released[0].Name(), released[0].Released())
	threeReady(t, web)
}

// kept returns what was seen of ReplicaSet web. It ends the check if the
// ReplicaSet was deleted, created or scaled during the step: then what became of
// its Pods shows something else.
func kept(t *lab.T) *lab.Workload {
	web := t.During().ReplicaSet("web")
	if web.Deleted().Seen() {
		t.Fatalf("ReplicaSet web was deleted %s; one that is created again is another ReplicaSet", web.Deleted())
	}
	if !web.Existed() {
		t.Fatalf("ReplicaSet web was created %s; it has to be there when the step begins", web.Created())
	}
	for _, s := range web.Scales() {
		t.Fatalf("ReplicaSet web was scaled from %d to %d %s; Pods that come and go by that show nothing", s.From, s.To, s.At)
	}
	return web
}

// scaled returns what was seen of ReplicaSet web, which may have been scaled but to
// 5 and 3 only.
func scaled(t *lab.T) *lab.Workload {
	web := t.During().ReplicaSet("web")
	if web.Deleted().Seen() {
		t.Fatalf("ReplicaSet web was deleted %s; one that is created again is another ReplicaSet", web.Deleted())
	}
	for _, s := range web.Scales() {
		if s.To != 5 && s.To != 3 {
			t.Fatalf("ReplicaSet web was scaled from %d to %d %s", s.From, s.To, s.At)
		}
	}
	return web
}

// scaledTo returns when ReplicaSet web was asked for a number of Pods.
func scaledTo(t *lab.T, web *lab.Workload, replicas int) lab.Moment {
	var at lab.Moment
	for _, s := range web.Scales() {
		if s.To == replicas {
			at = s.At
		}
	}
	t.Hint("type kubectl scale rs web --replicas=%d", replicas).
		Await(at.Seen(), "ReplicaSet web was not scaled to %d since the step began", replicas)
	return at
}

// createdBy fails unless ReplicaSet web created the Pod.
func createdBy(t *lab.T, p *lab.PodHistory) {
	if p.OwnerBefore() != "web" {
		t.Errorf("Pod %s was not created by ReplicaSet web but came without a controller %s", p.Name(), p.Created())
	}
}

// threeReady waits until the ReplicaSet is whole again.
func threeReady(t *lab.T, web *lab.Workload) {
	ready := 0
	for _, p := range web.Pods().Left() {
		if p.Owner() == "web" && lab.IsReady(p.Pod()) {
			ready++
		}
	}
	t.Hint("wait, and look with kubectl get pods").Await(ready == 3, "%d Pods of ReplicaSet web are ready; it wants 3", ready)
}
