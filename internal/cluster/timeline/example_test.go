package timeline_test

import (
	"fmt"
	"os"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Who was replaced, and by what, in a step of a recorded lesson.
func Example() {
	file, err := os.Open("testdata/story.ndjson")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	recorded, err := timeline.Read(file)
	if err != nil {
		fmt.Println(err) // names file and line
		return
	}
	step := recorded.Step("delete")
	for _, pod := range step.Pods() {
		switch {
		case pod.Gone.Happened():
			fmt.Printf("%s was deleted at %v and gone at %v\n", pod.Name, pod.Terminating.At, pod.Gone.At)
		case !pod.Existed:
			fmt.Printf("%s was created at %v with %s\n", pod.Name, pod.Created.At, pod.Last().Spec.Containers[0].Image)
		}
	}
	fmt.Println("Pods before and after:", len(step.Before().Pods("default")), len(step.After().Pods("default")))
	_, why := timeline.Settled(step.StateAt(step.Pods()[0].Terminating))
	fmt.Println("When the first was deleted:", why)
	// Output:
	// web-a was deleted at 26s and gone at 30s
	// web-c was created at 27s with nginx:1.26
	// Pods before and after: 2 2
	// When the first was deleted: Pod web-a is terminating
}

// The most Pods at once, and which they were.
func ExampleRollout_Peak() {
	file, err := os.Open("testdata/story.ndjson")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	recorded, err := timeline.Read(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	web := recorded.Step("delete").Rollout(timeline.Ref{Kind: "ReplicaSet", Namespace: "default", Name: "web"})
	for _, count := range []timeline.Count{timeline.ActivePods, timeline.AllPods} {
		most := web.Peak(count)
		fmt.Printf("at most %d %s Pods, first at %v:", most.Value, count, most.At)
		for _, pod := range most.Pods {
			fmt.Print(" ", pod.Name)
		}
		fmt.Println()
	}
	fewest := web.Low(timeline.AvailablePods)
	fmt.Printf("at least %d available, first at %v\n", fewest.Value, fewest.At)
	// Output:
	// at most 2 active Pods, first at 25s: web-a web-b
	// at most 3 existing Pods, first at 27s: web-a web-b web-c
	// at least 1 available, first at 26s
}
