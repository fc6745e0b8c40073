package lab_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/lab"
)

// A check judges manifests and what was seen while a step was done. Here the step
// asked for one Pod to be deleted.
func Example() {
	// Only the Pod that you deleted was replaced.
	OnlyTheDeletedPodWasReplaced := func(t *lab.T) {
		pods := t.During().ReplicaSet("web").Pods()
		removed, created := pods.Removed(), pods.Created()
		t.Hint("type kubectl delete pod and the name of one Pod").
			Await(len(removed) > 0, "no Pod of ReplicaSet web was deleted so far")
		redo := t.Hint("redo this step and delete one Pod only")
		redo.AtMost(len(removed), 1, "Pods that were deleted (%s)", removed)
		redo.AtMost(len(created), 1, "Pods that were created (%s)", created)
	}
	judge("create", OnlyTheDeletedPodWasReplaced)
	judge("delete", OnlyTheDeletedPodWasReplaced)
	// Output:
	// waiting: no Pod of ReplicaSet web was deleted so far
	//   next: type kubectl delete pod and the name of one Pod
	// passed
}

// A manifest is what the learner wrote. If there is none, the check waits, and
// what follows is not reached, so there is no nil to look out for.
func ExampleT_ReplicaSet() {
	judge("change", func(t *lab.T) {
		web := t.ReplicaSet("web")
		t.Equal(web.Spec.Replicas, 3, "spec.replicas")
		t.Equal(lab.Image(web.Spec.Template.Spec), "nginx:1.26", "image in the template")
	})
	judge("change", func(t *lab.T) {
		db := t.ReplicaSet("db")
		t.Equal(db.Spec.Replicas, 1, "spec.replicas")
	})
	// Output:
	// passed
	// waiting: ReplicaSet db is in none of the submitted files; there is Pod stray (stray.yaml), ReplicaSet web (web.yaml)
	//   next: write a manifest with kind: ReplicaSet and metadata.name: db
}

func ExampleT_Pod() {
	judge("adopt", func(t *lab.T) {
		stray := t.Pod("stray")
		t.Equal(stray.Labels["app"], "web", "label app of Pod stray")
	})
	// Output: passed
}

// Now is the state at the end of the step, or the latest while it goes on.
func ExampleT_Now() {
	judge("create", func(t *lab.T) {
		ready := 0
		for _, p := range t.Now().PodsOf(t.Now().ReplicaSet("web")) {
			if lab.IsReady(p) {
				ready++
			}
		}
		t.Await(ready == 3, "%d of 3 Pods of ReplicaSet web are ready", ready)
	})
	// Output: passed
}

// Before is the state in which the step began.
func ExampleT_Before() {
	judge("delete", func(t *lab.T) {
		before, now := t.Before().Pods("app=web"), t.Now().Pods("app=web")
		t.Equal(len(now), len(before), "Pods with the label app=web")
	})
	// Output: passed
}

// During has the histories of the objects: who came and went, and when.
func ExampleT_During() {
	judge("delete", func(t *lab.T) {
		for _, p := range t.During().Pods("app=web") {
			switch {
			case p.Removed().Seen():
				t.Logf("%s was deleted %s and gone %s", p.Name(), p.Removed(), p.Gone())
			case p.Created().Seen():
				t.Logf("%s was created %s by %s", p.Name(), p.Created(), p.OwnerBefore())
			}
		}
		t.Equal(len(t.During().Pods("app=web").Existed().Left()), 2, "Pods that stayed")
	})
	// Output:
	// web-2 was deleted 100ms into the step and gone 400ms into the step
	// web-8 was created 200ms into the step by web
	// passed
}

// Changes of a ReplicaSet have a moment too.
func ExampleHistory_ReplicaSet() {
	judge("change", func(t *lab.T) {
		web := t.During().ReplicaSet("web")
		for _, s := range web.Scales() {
			t.Errorf("ReplicaSet web was scaled from %d to %d %s", s.From, s.To, s.At)
		}
		for _, c := range web.Templates() {
			t.Logf("the image changed from %s to %s %s", c.From, c.To, c.At)
		}
		t.Await(len(web.Templates()) > 0, "the template has not changed so far")
	})
	// Output:
	// the image changed from nginx:1.25 to nginx:1.26 100ms into the step
	// passed
}

// Pods can be narrowed down, and name themselves in messages.
func ExamplePods() {
	judge("adopt", func(t *lab.T) {
		pods := t.During().ReplicaSet("web").Pods()
		t.Logf("there: %s; adopted: %s; removed: %s", pods.Existed(), pods.Adopted(), pods.Removed())
		t.Equal(len(pods.Adopted().Named("stray")), 1, "Pods with the name stray that were adopted")
	})
	// Output:
	// there: web-4, web-6 and web-8; adopted: stray; removed: stray
	// passed
}

// Moments are ordered as the server took the changes, even if they have the same
// time.
func ExampleMoment() {
	judge("release", func(t *lab.T) {
		pods := t.During().ReplicaSet("web").Pods()
		released, created := pods.Released()[0].Released(), pods.Created()[0].Created()
		t.True(created.After(released), "the new Pod was created %s, before the old one was released %s", created, released)
	})
	// Output: passed
}

// Equal compares by value: Replicas is a pointer to an int32.
func ExampleT_Equal() {
	judge("create", func(t *lab.T) {
		t.Equal(t.Now().ReplicaSet("web").Spec.Replicas, 5, "Pods that ReplicaSet web wants")
	})
	// Output: failed: Pods that ReplicaSet web wants: got 3, want 5
}

// NotYet ends the check, so what could contradict it stands before it.
func ExampleT_NotYet() {
	judge("change", func(t *lab.T) {
		pods := t.During().ReplicaSet("web").Pods()
		for _, p := range pods.Removed() {
			t.Errorf("Pod %s was deleted %s", p.Name(), p.Removed())
		}
		if len(pods.Released()) == 0 {
			t.NotYet("ReplicaSet web has released no Pod so far")
		}
	})
	// Output: waiting: ReplicaSet web has released no Pod so far
}

// Await says what must have happened. It is the evidence without which Never
// would hold for a learner who has done nothing.
func ExampleT_Await() {
	ApplyReplacedNoPod := func(t *lab.T) {
		web := t.During().ReplicaSet("web")
		t.Hint("type kubectl apply -f web.yaml").
			Await(len(web.Templates()) > 0, "the template of ReplicaSet web has not changed so far")
		for _, p := range web.Pods() {
			t.Never(p.Removed(), "Pod %s was deleted", p.Name())
		}
	}
	judge("delete", ApplyReplacedNoPod)
	judge("change", ApplyReplacedNoPod)
	// Output:
	// waiting: the template of ReplicaSet web has not changed so far
	//   next: type kubectl apply -f web.yaml
	// passed
}

// The moment of what should not have happened is added to the message.
func ExampleT_Never() {
	judge("delete", func(t *lab.T) {
		pods := t.During().ReplicaSet("web").Pods()
		t.Await(len(pods.Created()) > 0, "no Pod was created so far")
		for _, p := range pods {
			t.Never(p.Removed(), "Pod %s was deleted", p.Name())
		}
	})
	// Output: failed: Pod web-2 was deleted 100ms into the step
}

// Always asks for the state after every change of the step.
func ExampleT_Always() {
	judge("delete", func(t *lab.T) {
		t.Await(len(t.During().Pods("app=web").Removed()) > 0, "no Pod was deleted so far")
		t.Always(func(s *lab.State) bool {
			ready := 0
			for _, p := range s.PodsOf(s.ReplicaSet("web")) {
				if lab.IsReady(p) {
					ready++
				}
			}
			return ready >= 3
		}, "fewer than 3 Pods were ready")
	})
	// Output: failed: fewer than 3 Pods were ready 100ms into the step
}

func ExampleT_AtMost() {
	judge("delete", func(t *lab.T) {
		removed := t.During().Pods("app=web").Removed()
		t.Await(len(removed) > 0, "no Pod was deleted so far")
		t.AtMost(len(removed), 1, "Pods that were deleted (%s)", removed)
	})
	// Output: passed
}

func ExampleT_Eventually() {
	judge("adopt", func(t *lab.T) {
		t.Eventually(func(s *lab.State) bool { return len(s.PodsOf(s.ReplicaSet("web"))) == 4 }, "ReplicaSet web has never had 4 Pods so far")
	})
	// Output: passed
}

// judge runs a check on a recorded step and prints what it says.
func judge(step string, check func(*lab.T)) {
	w, err := recorded(step)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := lab.Judge(lab.Case{
		Manifests: map[string][]byte{"web.yaml": []byte(web), "stray.yaml": []byte(stray)}, Window: w,
	}, check)
	fmt.Print(v.Log)
	if fmt.Print(v.Outcome); v.Message != "" {
		fmt.Print(": " + v.Message)
	}
	if fmt.Println(); v.Hint != "" {
		fmt.Println("  next: " + v.Hint)
	}
}

// recorded returns a step of one of the recordings that there are.
func recorded(step string) (timeline.Window, error) {
	all, err := recordings()
	for _, t := range all {
		if w := t.Step(step); w.Opened() {
			return w, nil
		}
	}
	return timeline.Window{}, errors.Join(err, errors.New("no recording has a step "+step))
}

var recordings = sync.OnceValues(func() ([]*timeline.Timeline, error) {
	var all []*timeline.Timeline
	for _, path := range []string{"testdata/replicasets.ndjson.gz", "testdata/workloads.ndjson.gz"} {
		t, err := readRecording(path)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
})

func readRecording(path string) (*timeline.Timeline, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	return timeline.Read(z)
}

const web = `apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: nginx
          image: nginx:1.26
`

const stray = `apiVersion: v1
kind: Pod
metadata:
  name: stray
  labels:
    app: web
`
