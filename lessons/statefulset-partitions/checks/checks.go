// Package checks verifies the lesson "How a StatefulSet starts, and updates part by
// part": which Pods were replaced, from which template, in which order, and what each
// of them waited for.
//
// The figures that the text states, and where they are held against a recording:
//   - one Pod is created at a time: PodsStartedInOrder
//   - partition 3 of 5 updates db-4 and then db-3: CanariesWereUpdatedInOrder
//   - a Pod below it comes back with nginx:1.25: PodBelowCameBackOld
//   - going back makes no new revision: CanariesWereTakenBack
//   - partition 1 leaves db-0 alone: UpdateWentInStages
//   - a broken update replaces one Pod of five: BrokenPodWasReplaced
//   - Parallel creates three Pods before the first is ready: ParallelPodsDidNotWait
package checks

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/k8slab/k8slab/lab"
)

const (
	first  = "nginx:1.25"
	second = "nginx:1.26"
)

// Each Pod was created when the one before it was ready.
func PodsStartedInOrder(t *lab.T) {
	h := t.Hint("redo this step: type kubectl delete -f db.yaml, then kubectl apply -f db.yaml, with the file as it was")
	db := t.Hint("type kubectl apply -f db.yaml").During().StatefulSet("db")
	h.Equal(db.Replicas(), 5, "Pods that StatefulSet db wants")
	h.Equal(db.Image(), first, "image in the template of StatefulSet db")
	for n := 1; n < 5; n++ {
		h.InOrder(db.Ordinal(n-1).Last().Ready(), db.Ordinal(n).Last().Created())
	}
	awaitReady(t, db, 4)
}

// Each Pod has a volume of its own.
func EachPodHasItsOwnVolume(t *lab.T) {
	h := t.Hint("redo this step: type kubectl delete -f db.yaml, then kubectl apply -f db.yaml, with the file as it was")
	db := t.Hint("type kubectl apply -f db.yaml").During().StatefulSet("db")
	users := map[string]string{}
	for n := 0; n < 5; n++ {
		p := db.Ordinal(n).Last()
		h.Equal(len(p.Volumes), 1, "claims of Pod %s", p.Name())
		volumes := strings.Join(p.Volumes, ", ")
		h.True(users[volumes] == "", "Pod %s has the same volume as Pod %s", p.Name(), users[volumes])
		users[volumes] = p.Name()
		claim := t.Now().PersistentVolumeClaim("data-" + p.Name())
		t.Hint("wait, and look with kubectl get pvc; kubectl describe pvc says what a claim waits for").
			Await(claim.Status.Phase == "Bound", "claim %s has no volume yet: it is %s", claim.Name, claim.Status.Phase)
	}
}

// The Pod that you deleted came back under its name, with its volume.
func DeletedPodKeptItsIdentity(t *lab.T) {
	h := t.Hint("redo this step: type kubectl delete pod db-2, and leave its claim alone")
	db := kept(h)
	removed := db.Pods().Removed()
	t.Hint("type kubectl delete pod db-2").
		Await(len(removed) > 0, "no Pod of StatefulSet db was deleted since the step began")
	for _, o := range db.Ordinals() {
		old, now := o.First(), o.Last()
		if !old.Removed().Seen() {
			continue
		}
		t.Hint("wait: the controller creates it").
			Await(now.Created().After(old.Removed()), "Pod %s was deleted %s and has not come back yet", o.Name, old.Removed())
		had, has := strings.Join(old.Volumes, ", "), strings.Join(now.Volumes, ", ")
		t.Hint("go back to the step before: type kubectl delete -f db.yaml, then kubectl apply -f db.yaml, with the file as it was").
			True(had != "", "Pod %s had no claim, so it had no volume to keep", o.Name)
		h.True(had == has, "Pod %s was created %s with the volume %s; the one before it had %s", o.Name, now.Created(), has, had)
		awaitReady(t, db, o.Number)
	}
}

// The file asks for nginx:1.26, on the Pods with an ordinal of 3 or higher.
func FileAsksForTwoCanaries(t *lab.T) {
	h := t.Hint("in db.yaml, write image: %s in the template and partition: 3 below updateStrategy, rollingUpdate", second)
	db := h.StatefulSet("db")
	image := lab.Image(db.Spec.Template.Spec)
	h.Await(image != first, "the template in db.yaml still names %s", first)
	h.Equal(image, second, "image in the template of db.yaml")
	h.Equal(db.Spec.Replicas, 5, "spec.replicas in db.yaml")
	h.Equal(partition(db), 3, "partition in db.yaml")
}

// Pod db-4 was updated, and when it was ready, db-3.
func CanariesWereUpdatedInOrder(t *lab.T) {
	h := t.Hint("write %s into db.yaml, apply it, wait until all Pods are ready, and redo this step: image and partition in one apply, and nothing by hand", first)
	r := rolled(t, h)
	h.Equal(r.Image(), second, "image in the template of StatefulSet db")
	h.Equal(partition(t.When(r.Began()).StatefulSet("db")), 3, "partition when the template changed")
	h.Equal(r.Updated(), []string{"db-4", "db-3"}, "Pods that were updated, in order")
	h.InOrder(r.Ordinal(4).Last().Ready(), before(r, 3).Removed())
	awaitReady(t, r, 3)
}

// Pods db-0, db-1 and db-2 were not touched.
func OthersWereLeftAlone(t *lab.T) {
	h := t.Hint("write %s into db.yaml, apply it, wait until all Pods are ready, and redo this step with partition: 3", first)
	r := rolled(t, h)
	for n := 0; n < 3; n++ {
		p := before(r, n)
		h.Never(p.Removed(), "Pod %s was deleted", p.Name())
		h.Equal(p.Image(), first, "image of Pod %s", p.Name())
	}
	t.Hint("wait, and look with kubectl get pods").
		Await(r.Complete().Seen(), "the update of db-4 and db-3 is not over")
}

// The Pod below the partition came back from the old template.
func PodBelowCameBackOld(t *lab.T) {
	h := t.Hint("go back to the step before, so that the file asks for %s with partition: 3 and db-4 and db-3 run it; then do this step again", second)
	db := kept(h)
	h.Equal(db.Image(), second, "image in the template of StatefulSet db")
	var below []*lab.Ordinal
	for n := 0; n < 3; n++ {
		if o := db.Ordinal(n); o.First().Removed().Seen() {
			below = append(below, o)
		}
	}
	t.Hint("type kubectl delete pod db-1").
		Await(len(below) > 0, "no Pod below the partition was deleted since the step began")
	for _, o := range below {
		old, now := o.First(), o.Last()
		t.Hint("wait: the controller creates it").
			Await(now.Created().After(old.Removed()), "Pod %s was deleted %s and has not come back yet", o.Name, old.Removed())
		h.Equal(now.Image(), first, "image of Pod %s, which was created %s", o.Name, now.Created())
		h.Equal(now.Revision, old.Revision, "revision of Pod %s, which was created %s", o.Name, now.Created())
		awaitReady(t, db, o.Number)
	}
}

// The file names nginx:1.25 again, still with partition 3.
func FileNamesTheOldImage(t *lab.T) {
	h := t.Hint("in db.yaml, write image: %s in the template again, and leave partition: 3", first)
	db := h.StatefulSet("db")
	image := lab.Image(db.Spec.Template.Spec)
	h.Await(image != second, "the template in db.yaml still names %s", second)
	h.Equal(image, first, "image in the template of db.yaml")
	h.Equal(partition(db), 3, "partition in db.yaml")
}

// Pods db-4 and db-3 went back to the revision of the others, in this order.
func CanariesWereTakenBack(t *lab.T) {
	h := t.Hint("redo the steps from \"Two Pods first\": here, write %s into db.yaml, apply it, and delete nothing", first)
	r := rolled(t, h)
	h.Equal(r.Image(), first, "image in the template of StatefulSet db")
	h.Equal(r.Updated(), []string{"db-4", "db-3"}, "Pods that were taken back, in order")
	h.InOrder(r.Ordinal(4).Last().Ready(), before(r, 3).Removed())
	for n := 1; n < 5; n++ {
		h.Equal(r.Ordinal(n).Last().Revision, r.Ordinal(0).Last().Revision, "revision of Pod %s", r.Ordinal(n).Name)
	}
	awaitReady(t, r, 3)
}

// The file asks for nginx:1.26 on all Pods.
func FileUpdatesEveryPod(t *lab.T) {
	h := t.Hint("in db.yaml, write image: %s in the template and, for the last stage, partition: 0", second)
	db := h.StatefulSet("db")
	image := lab.Image(db.Spec.Template.Spec)
	h.Await(image != first, "the template in db.yaml still names %s", first)
	h.Equal(image, second, "image in the template of db.yaml")
	h.Await(partition(db) == 0, "the partition in db.yaml is %d; the last stage has 0", partition(db))
}

// The partition went from 3 to 1 to 0, each time when the stage before was over.
func UpdateWentInStages(t *lab.T) {
	h := t.Hint("redo the steps from \"Take it back\"; here, apply %s with partition 3, 1 and 0, and wait with kubectl rollout status sts/db before you lower it", second)
	r := rolled(t, h)
	h.Equal(r.Image(), second, "image in the template of StatefulSet db")
	stages := []int{0, 1, 1, 3, 3} // the partition at which the Pod of each ordinal is updated
	for n := 4; n >= 0; n-- {
		o := r.Ordinal(n)
		removed := before(r, n).Removed()
		t.Hint("wait until the stage is over, then lower the partition: first to 1, then to 0").
			Await(removed.Seen(), "Pod %s has not been updated yet", o.Name)
		inStage(h, stages[n], removed, "the old Pod "+o.Name+" was deleted")
		awaitReady(t, r, n)
		inStage(h, stages[n], o.Last().Ready(), "the new Pod "+o.Name+" was ready")
	}
}

// inStage ends the check unless StatefulSet db had a partition at a moment.
func inStage(t *lab.T, want int, m lab.Moment, what string) {
	if got := partition(t.When(m).StatefulSet("db")); got != want {
		t.Fatalf("the partition was %d when %s %s, and should have been %d in this stage", got, what, m, want)
	}
}

// The Pods were updated one at a time, from db-4 down to db-0.
func OneAtATime(t *lab.T) {
	h := t.Hint("redo the steps from \"Take it back\"; here, change the manifest only, and let the controller replace the Pods")
	r := rolled(t, h)
	h.Equal(r.Image(), second, "image in the template of StatefulSet db")
	h.AtLeast(r.LowReady(), 4, "Pods of StatefulSet db that are ready at the same time")
	h.Equal(r.Updated(), []string{"db-4", "db-3", "db-2", "db-1", "db-0"}, "Pods that were updated, in order")
}

// The template names nginx:1.26 again, in the file and in the cluster.
func TemplateWasPutBack(t *lab.T) {
	h := t.Hint("see that db.yaml names %s, and type kubectl apply -f db.yaml", second)
	h.Equal(lab.Image(h.StatefulSet("db").Spec.Template.Spec), second, "image in the template of db.yaml")
	r := rolled(t, t.Hint("redo this step from \"A canary that never gets ready\": apply db.yaml and delete Pod db-4 only"))
	h.Await(r.Image() == second, "the template of StatefulSet db names %s", r.Image())
}

// The broken Pod was deleted, and came back from the right template.
func BrokenPodWasReplaced(t *lab.T) {
	db := kept(t.Hint("redo this step from \"A canary that never gets ready\": apply db.yaml and delete Pod db-4 only"))
	old, now := db.Ordinal(4).First(), db.Ordinal(4).Last()
	t.Hint("type kubectl apply -f db.yaml and, after that, kubectl delete pod db-4").
		Await(old.Removed().Seen(), "Pod db-4 with the image %s is still there: nobody deleted it", old.Image())
	t.Hint("type kubectl apply -f db.yaml if the template is still wrong, and delete the Pod again: kubectl delete pod db-4").
		Await(now.Image() == second, "Pod db-4 was deleted %s and came back with the image %s", old.Removed(), now.Image())
	awaitReady(t, db, 4)
}

// The four other Pods ran on.
func HealthyPodsRanOn(t *lab.T) {
	h := t.Hint("redo this step from \"A canary that never gets ready\": apply db.yaml and delete Pod db-4 only")
	db := kept(h)
	now := db.Ordinal(4).Last()
	t.Hint("type kubectl apply -f db.yaml and, after that, kubectl delete pod db-4").
		Await(now.Created().Seen() && now.Image() == second && lab.IsReady(now.Pod()), "Pod db-4 is not mended: its image is %s", now.Image())
	for n := 0; n < 4; n++ {
		p := db.Ordinal(n).First()
		h.Never(p.Removed(), "Pod %s was deleted", p.Name())
		h.Equal(p.Image(), second, "image of Pod %s", p.Name())
	}
}

// All three Pods were created before the first was ready.
func ParallelPodsDidNotWait(t *lab.T) {
	h := t.Hint("redo this step: type kubectl delete -f cache.yaml, then kubectl apply -f cache.yaml, with the file as it was")
	cache := t.Hint("type kubectl apply -f cache.yaml").During().StatefulSet("cache")
	for n := 0; n < 3; n++ {
		awaitReady(t, cache, n)
	}
	for n := 1; n < 3; n++ {
		h.InOrder(cache.Ordinal(n).First().Created(), cache.Ordinal(0).First().Ready())
	}
}

// Only the Pod that you deleted runs the new image.
func OnlyTheDeletedPodWasUpdated(t *lab.T) {
	h := t.Hint("redo this step: type kubectl delete -f cache.yaml first; then apply it, set the image, and delete cache-1 only")
	cache := t.Hint("type kubectl apply -f cache.yaml").During().StatefulSet("cache")
	r := t.Hint("type kubectl set image sts/cache nginx=%s", second).During().StatefulSet("cache").Rollout()
	h.Equal(cache.Image(), second, "image in the template of StatefulSet cache")
	h.Equal(t.Now().StatefulSet("cache").Spec.UpdateStrategy.Type, "OnDelete", "updateStrategy of StatefulSet cache")
	removed := r.Pods().Removed()
	t.Hint("type kubectl delete pod cache-1").
		Await(len(removed) > 0, "no Pod of StatefulSet cache was deleted since its image changed")
	h.AtMost(len(removed), 1, "Pods that were deleted since the image changed (%s)", removed)
	if len(removed) == 1 {
		h.Equal(r.Updated(), removed.Names(), "Pods with the new image")
	}
	for _, p := range r.Pods().Left() {
		if !p.Created().After(r.Began()) {
			h.Equal(p.Image(), first, "image of Pod %s, which nobody deleted", p.Name())
		}
	}
}

// kept returns what was seen of StatefulSet db. It ends the check if that was
// deleted, created or scaled during the step: then its Pods came and went for
// another reason.
func kept(t *lab.T) *lab.Workload {
	db := t.During().StatefulSet("db")
	if db.Deleted().Seen() {
		t.Fatalf("StatefulSet db was deleted %s; one that is created again is another StatefulSet", db.Deleted())
	}
	if !db.Existed() {
		t.Fatalf("StatefulSet db was created %s; it has to be there when the step begins", db.Created())
	}
	for _, s := range db.Scales() {
		t.Fatalf("StatefulSet db was scaled from %d to %d %s; Pods that come and go by that are not updated", s.From, s.To, s.At)
	}
	return db
}

// rolled returns what was seen of StatefulSet db since its template changed.
func rolled(t, redo *lab.T) *lab.Workload {
	kept(redo)
	return t.Hint("type kubectl apply -f db.yaml").During().StatefulSet("db").Rollout()
}

// before returns the Pod that had an ordinal when a rollout began.
func before(r *lab.Workload, ordinal int) *lab.Turn {
	turns := r.Ordinal(ordinal).Turns
	old := turns[0]
	for _, turn := range turns {
		if !turn.Created().After(r.Began()) {
			old = turn
		}
	}
	return old
}

// awaitReady waits until the last Pod with an ordinal is ready.
func awaitReady(t *lab.T, w *lab.Workload, ordinal int) {
	p := w.Ordinal(ordinal).Last()
	t.Hint("wait, and look with kubectl get pods; kubectl describe pod %s says under Events what it waits for", p.Name()).
		Await(lab.IsReady(p.Pod()), "Pod %s is not ready", p.Name())
}

// partition returns the partition of a StatefulSet, which is 0 by default.
func partition(s *appsv1.StatefulSet) int {
	if s.Spec.UpdateStrategy.RollingUpdate == nil || s.Spec.UpdateStrategy.RollingUpdate.Partition == nil {
		return 0
	}
	return int(*s.Spec.UpdateStrategy.RollingUpdate.Partition)
}
