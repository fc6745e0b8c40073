package checks

import (
	"strings"
	"testing"
	"time"
)

func webYAML(image, replicas string) map[string][]byte {
	return map[string][]byte{"web.yaml": []byte(`apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web
spec:
  replicas: ` + replicas + `
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
          image: ` + image + `
`)}
}

const (
	v1 = "nginx:1.25"
	v2 = "nginx:1.26"
)

var web = map[string]string{"app": "web"}

// replicaSetSteps returns the checks of each step of replicaset-updates.
func replicaSetSteps() map[string][]string {
	return map[string][]string{
		"create":  {"ThreePodsRunTheFirstVersion"},
		"change":  {"TemplateNamesTheNewVersion", "ApplyReplacedNoPod"},
		"delete":  {"OnlyTheDeletedPodWasReplaced", "ReplacementRunsTheNewVersion"},
		"adopt":   {"BarePodWasAdopted", "SurplusPodWasRemoved"},
		"release": {"RelabelledPodWasReleased", "ReleasedPodWasReplaced"},
	}
}

// TestReplicaSetUpdates plays right and wrong ways through each step. Each begins
// where the steps before it end on the reference path.
func TestReplicaSetUpdates(t *testing.T) {
	start := func(w *world) { w.apply(v1, 3) }
	changed := func(w *world) { w.apply(v1, 3); w.apply(v2, 3) }
	tests := []struct {
		step, name string
		before     func(*world)
		do         func(*world)
		open       bool // the step has not settled
		manifests  map[string][]byte
		want       []string // what each check says; part of it
	}{
		{step: "create", name: "reference", do: start,
			want: []string{"passed"}},
		{step: "create", name: "too few", do: func(w *world) { w.apply(v1, 2) },
			want: []string{"failed: Pods that ReplicaSet web wants: got 2, want 3"}},
		{step: "create", name: "another image", do: func(w *world) { w.apply("nginx:1.27", 3) },
			want: []string{`failed: image in the template of ReplicaSet web: got "nginx:1.27", want "nginx:1.25"`}},
		{step: "create", name: "another namespace", do: func(w *world) { w.applyIn("test", "web", v1, 3) },
			want: []string{"waiting: ReplicaSet web does not exist now; there is web in namespace test"}},
		{step: "create", name: "bare Pods", do: func(w *world) {
			w.add("web-1", v1, web, nil)
			w.add("web-2", v1, web, nil)
			w.add("web-3", v1, web, nil)
		},
			want: []string{"waiting: ReplicaSet web does not exist now; there is no ReplicaSet"}},
		{step: "create", name: "an image that was changed by hand", do: func(w *world) { w.apply(v1, 3); w.setPodImage(w.owned()[0], v2) },
			want: []string{`failed: image of Pod web-2: got "nginx:1.26", want "nginx:1.25"`}},

		{step: "change", name: "reference", before: start, do: func(w *world) { w.apply(v2, 3) },
			want: []string{"passed", "passed"}},
		{step: "change", name: "not settled", before: start, do: func(w *world) { w.apply(v2, 3) }, open: true,
			want: []string{"passed", "waiting: it holds so far"}},
		{step: "change", name: "not applied", before: start, do: func(*world) {},
			want: []string{"passed", "waiting: the template of ReplicaSet web has not changed since the step began: it names nginx:1.25"}},
		{step: "change", name: "not edited", before: start, do: func(*world) {}, manifests: webYAML(v1, "3"),
			want: []string{"waiting: the template in web.yaml still names nginx:1.25", "waiting"}},
		{step: "change", name: "another version", before: start, do: func(w *world) { w.apply("nginx:1.27", 3) }, manifests: webYAML("nginx:1.27", "3"),
			want: []string{`failed: image in the template of web.yaml: got "nginx:1.27", want "nginx:1.26"`, `failed: image in the template of ReplicaSet web: got "nginx:1.27"`}},
		{step: "change", name: "more Pods", before: start, do: func(w *world) { w.apply(v2, 4) }, manifests: webYAML(v2, "4"),
			want: []string{`failed: spec.replicas in web.yaml: got 4, want 3`, "failed: ReplicaSet web was scaled from 3 to 4 600ms into the step"}},
		{step: "change", name: "malformed", before: start, do: func(*world) {}, manifests: map[string][]byte{"web.yaml": []byte("kind: ReplicaSet\n\tname: web\n")},
			want: []string{"failed: web.yaml is not valid YAML: yaml: line 2: found a tab character", "waiting"}},
		{step: "change", name: "misspelt", before: start, do: func(*world) {}, manifests: map[string][]byte{
			"web.yaml": []byte(strings.Replace(string(webYAML(v2, "3")["web.yaml"]), "replicas", "replica", 1))},
			want: []string{`failed: web.yaml: ReplicaSet web: unknown field "replica"`, "waiting"}},
		{step: "change", name: "wrong apiVersion", before: start, do: func(*world) {}, manifests: map[string][]byte{
			"web.yaml": []byte(strings.Replace(string(webYAML(v2, "3")["web.yaml"]), "apps/v1", "v1", 1))},
			want: []string{`failed: web.yaml: ReplicaSet web has apiVersion "v1", and should have "apps/v1"`, "waiting"}},
		{step: "change", name: "no manifest", before: start, do: func(*world) {}, manifests: map[string][]byte{"notes.txt": []byte("x"), "stray.yaml": []byte("kind: Pod\nmetadata:\n  name: stray\n")},
			want: []string{`waiting: ReplicaSet web is in none of the submitted files; there is Pod stray (stray.yaml)`, "waiting"}},
		{step: "change", name: "deleted and created again", before: start, do: func(w *world) { w.deleteSet(false); w.apply(v2, 3) },
			want: []string{"passed", "failed: ReplicaSet web was deleted 600ms into the step; one that is created again is another ReplicaSet"}},
		{step: "change", name: "deleted without its Pods and created again", before: start, do: func(w *world) { w.deleteSet(true); w.apply(v2, 3) },
			want: []string{"passed", "failed: ReplicaSet web was deleted 600ms into the step"}},
		{step: "change", name: "scaled through zero", before: start, do: func(w *world) { w.apply(v1, 0); w.apply(v2, 0); w.apply(v2, 3) },
			want: []string{"passed", "failed: ReplicaSet web was scaled from 3 to 0 600ms into the step"}},
		{step: "change", name: "all Pods deleted after the apply", before: start, do: func(w *world) {
			w.apply(v2, 3)
			for _, p := range w.owned() {
				w.delete(p)
			}
		},
			want: []string{"passed", "failed: Pod web-2 was deleted 700ms into the step\nPod web-4 was deleted"}},
		{step: "change", name: "a Pod deleted before the apply", before: start, do: func(w *world) { w.delete(w.owned()[0]); w.apply(v2, 3) },
			want: []string{"passed", "failed: Pod web-2 was deleted 600ms into the step\nPod web-8 was created 700ms into the step"}},
		{step: "change", name: "images of the Pods changed too", before: start, do: func(w *world) {
			w.apply(v2, 3)
			for _, p := range w.owned() {
				w.setPodImage(p, v2)
			}
		},
			want: []string{"passed", `failed: image of Pod web-2: got "nginx:1.26", want "nginx:1.25"`}},
		{step: "change", name: "images of the Pods changed instead", before: start, do: func(w *world) {
			for _, p := range w.owned() {
				w.setPodImage(p, v2)
			}
		},
			want: []string{"passed", "waiting: the template of ReplicaSet web has not changed"}},
		{step: "change", name: "gap in the record of Pods", before: start, do: func(w *world) { w.gap("Pod"); w.apply(v2, 3) },
			want: []string{"passed", "error: the record of this step has a gap, so what happened to its Pods is not known: 410 Gone"}},
		{step: "change", name: "gap in the record of another kind", before: start, do: func(w *world) { w.gap("Node"); w.apply(v2, 3) },
			want: []string{"passed", "passed"}},

		{step: "delete", name: "reference", before: changed, do: func(w *world) { w.delete(w.owned()[0]) },
			want: []string{"passed", "passed"}},
		{step: "delete", name: "by force", before: changed, do: func(w *world) { w.kill(w.owned()[1]) },
			want: []string{"passed", "passed"}},
		{step: "delete", name: "nothing", before: changed, do: func(*world) {},
			want: []string{"waiting: no Pod of ReplicaSet web was deleted", "waiting: no Pod of ReplicaSet web was created"}},
		{step: "delete", name: "not settled", before: changed, do: func(w *world) { w.delete(w.owned()[0]) }, open: true,
			want: []string{"waiting: it holds so far", "passed"}},
		{step: "delete", name: "two", before: changed, do: func(w *world) { o := w.owned(); w.delete(o[0]); w.delete(o[1]) },
			want: []string{"failed: Pods that were deleted (web-2 and web-4): got 2, want at most 1", "passed"}},
		{step: "delete", name: "all", before: changed, do: func(w *world) {
			for _, p := range w.owned() {
				w.delete(p)
			}
		},
			want: []string{"failed: Pods that were deleted (web-2, web-4 and web-6): got 3, want at most 1", "passed"}},
		{step: "delete", name: "template not changed", before: start, do: func(w *world) { w.delete(w.owned()[0]) },
			want: []string{"passed", `failed: image with which Pod web-8 was created 700ms into the step: got "nginx:1.25", want "nginx:1.26"`}},
		{step: "delete", name: "replacement changed by hand", before: start, do: func(w *world) { w.delete(w.owned()[0]); w.setPodImage("web-8", v2) },
			want: []string{"passed", `failed: image with which Pod web-8 was created 700ms into the step: got "nginx:1.25", want "nginx:1.26"`}},
		{step: "delete", name: "scaled down and up", before: changed, do: func(w *world) { w.apply(v2, 2); w.apply(v2, 3) },
			want: []string{"failed: ReplicaSet web was scaled from 3 to 2 600ms into the step", "passed"}},
		{step: "delete", name: "scaled up and down", before: changed, do: func(w *world) { w.apply(v2, 4); w.delete(w.owned()[0]); w.apply(v2, 3) },
			want: []string{"failed: ReplicaSet web was scaled from 3 to 4 600ms into the step", "passed"}},
		{step: "delete", name: "ReplicaSet deleted", before: changed, do: func(w *world) { w.deleteSet(false) },
			want: []string{"failed: ReplicaSet web was deleted", "waiting: no Pod of ReplicaSet web was created"}},
		{step: "delete", name: "released instead", before: changed, do: func(w *world) { w.label(w.owned()[0], "debug") },
			want: []string{"failed: Pod web-2 was released 700ms into the step, not deleted", "passed"}},
		{step: "delete", name: "another Pod changed", before: changed, do: func(w *world) { w.delete(w.owned()[0]); w.setPodImage(w.owned()[0], v2) },
			want: []string{`failed: image of Pod web-4, which nobody deleted: got "nginx:1.26", want "nginx:1.25"`, "passed"}},

		{step: "adopt", name: "reference", before: changed, do: func(w *world) { w.add("stray", v1, web, nil) },
			want: []string{"passed", "passed"}},
		{step: "adopt", name: "labelled when ready, so an older Pod goes", before: changed, do: func(w *world) { w.add("stray", v1, nil, nil); w.label("stray", "web") },
			want: []string{"passed", "passed"}},
		{step: "adopt", name: "nothing", before: changed, do: func(*world) {},
			want: []string{"waiting: no Pod with the name stray was created", "waiting: ReplicaSet web has adopted no Pod"}},
		{step: "adopt", name: "no label", before: changed, do: func(w *world) { w.add("stray", v1, nil, nil) },
			want: []string{"waiting: Pod stray has no labels, and the selector of ReplicaSet web asks for app=web", "waiting: ReplicaSet web has adopted no Pod"}},
		{step: "adopt", name: "another label", before: changed, do: func(w *world) { w.add("stray", v1, map[string]string{"app": "stray"}, nil) },
			want: []string{"waiting: Pod stray has app=stray, and the selector", "waiting"}},
		{step: "adopt", name: "no label, and deleted", before: changed, do: func(w *world) { w.add("stray", v1, nil, nil); w.delete("stray") },
			want: []string{"waiting: Pod stray was deleted 800ms into the step and had not been adopted; it had no labels", "waiting"}},
		{step: "adopt", name: "created with an owner", before: changed, do: func(w *world) { w.add("stray", v1, web, w.rs["web"]) },
			want: []string{"failed: Pod stray was created 600ms into the step with ReplicaSet web as its controller", "waiting: ReplicaSet web has adopted no Pod"}},
		{step: "adopt", name: "second attempt", before: changed, do: func(w *world) {
			w.add("stray", v1, nil, nil)
			w.delete("stray")
			w.add("stray", v1, web, nil)
		},
			want: []string{"passed", "passed"}},
		{step: "adopt", name: "scaled to make room", before: changed, do: func(w *world) { w.apply(v2, 4); w.add("stray", v1, web, nil) },
			want: []string{"passed", "failed: ReplicaSet web was scaled from 3 to 4"}},
		{step: "adopt", name: "a Pod deleted to make room", before: changed, do: func(w *world) { w.delete(w.owned()[0]); w.add("stray", v1, web, nil) },
			want: []string{"passed", "failed: ReplicaSet web had too few Pods and created Pod web-8 700ms into the step\nPod web-2 was deleted 600ms into the step, before Pod stray was adopted"}},
		{step: "adopt", name: "another Pod deleted afterwards", before: changed, do: func(w *world) { w.add("stray", v1, web, nil); w.delete(w.owned()[0]) },
			want: []string{"passed", "failed: ReplicaSet web had too few Pods and created Pod web-9"}},

		{step: "release", name: "reference", before: changed, do: func(w *world) { w.label(w.owned()[0], "debug") },
			want: []string{"passed", "passed"}},
		{step: "release", name: "two", before: changed, do: func(w *world) { o := w.owned(); w.label(o[0], "debug"); w.label(o[1], "debug") },
			want: []string{"passed", "passed"}},
		{step: "release", name: "nothing", before: changed, do: func(*world) {},
			want: []string{"waiting: ReplicaSet web has released no Pod", "waiting: ReplicaSet web has released no Pod"}},
		{step: "release", name: "not settled", before: changed, do: func(w *world) { w.label(w.owned()[0], "debug") }, open: true,
			want: []string{"waiting: it holds so far", "waiting: it holds so far"}},
		{step: "release", name: "deleted instead", before: changed, do: func(w *world) { w.delete(w.owned()[0]) },
			want: []string{"waiting: Pod web-2 was deleted 600ms into the step; no Pod was released", "waiting: ReplicaSet web has released no Pod"}},
		{step: "release", name: "deleted afterwards", before: changed, do: func(w *world) { o := w.owned(); w.label(o[0], "debug"); w.delete(o[0]) },
			want: []string{"failed: Pod web-2 was released 700ms into the step, and deleted 1s into the step", "failed: Pod web-2 was deleted 1s into the step"}},
		{step: "release", name: "labelled back", before: changed, do: func(w *world) { o := w.owned(); w.label(o[0], "debug"); w.label(o[0], "web") },
			want: []string{"failed: Pod web-2 was released 700ms into the step, and", "failed: Pod web-2 was deleted"}},
		{step: "release", name: "owner removed by hand", before: changed, do: func(w *world) { w.disown(w.owned()[0]) },
			want: []string{"failed: Pod web-2 was released 600ms into the step, and adopted again 700ms into the step", "waiting: Pod web-2 was released 600ms into the step and has no replacement yet"}},
		{step: "release", name: "ReplicaSet deleted without its Pods", before: changed, do: func(w *world) { w.deleteSet(true) },
			want: []string{"failed: ReplicaSet web was deleted", "failed: ReplicaSet web was deleted"}},
		{step: "release", name: "scaled down", before: changed, do: func(w *world) { w.apply(v2, 2); w.label(w.owned()[0], "debug") },
			want: []string{"failed: ReplicaSet web was scaled from 3 to 2", "failed: ReplicaSet web was scaled from 3 to 2"}},
		{step: "release", name: "another Pod deleted too", before: changed, do: func(w *world) { o := w.owned(); w.label(o[0], "debug"); w.delete(o[1]) },
			want: []string{"passed", "failed: Pod web-4 was deleted"}},
	}
	worker := startWorker(t)
	for _, test := range tests {
		t.Run(test.step+"/"+test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.before != nil {
				w.step("before")
				test.before(w)
				w.settle("before")
			}
			w.step(test.step)
			w.clock += 500 * time.Millisecond
			test.do(w)
			if !test.open {
				w.settle(test.step)
			}
			if test.manifests == nil {
				test.manifests = webYAML(v2, "3")
			}
			got := scriptedLesson("replicaset-updates").judge(t, worker, Request{
				Names: replicaSetSteps()[test.step], Step: test.step, Manifests: test.manifests, Timeline: w.timeline(),
			})
			for i, f := range got {
				if says := strings.TrimPrefix(told(f), f.Check+" "); !strings.HasPrefix(says, test.want[i]) {
					t.Errorf("%s says\n\t%s\nwant\n\t%s", f.Check, says, test.want[i])
				}
				if f.Outcome != Passed && f.Hint == "" {
					t.Errorf("%s says no remedy", f.Check)
				}
				if f.Outcome == Passed != (f.Message == "" && f.Position == "") {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}
