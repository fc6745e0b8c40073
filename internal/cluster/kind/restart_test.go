package kind

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// TestRecordsThroughARestart has an API server start again under the recorder, while a
// Deployment is changed all the time. Every change that the server has acknowledged is
// in the recording, or inside a gap that it states; after the restart none is missing.
func TestRecordsThroughARestart(t *testing.T) {
	p := testProvider(t)
	c, err := p.Create(t.Context(), testSpec(t, "restarts"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	r, err := recorder.Start(t.Context(), recorder.Options{Config: config, Out: &file})
	if err != nil {
		t.Fatal(err)
	}
	changed := newChanges(t, client)
	changed.make(t, 20)
	docker(t, "exec", "k8slab-restarts-control-plane", "sh", "-c", killServer)
	before := len(changed.versions)
	changed.make(t, 40)
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	recorded, err := timeline.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	missing, stated := changed.missing(recorded)
	for _, i := range missing {
		t.Errorf("change %d is neither in the recording nor in a gap", i)
	}
	for _, i := range stated {
		if i > before { // the first of these may be what ended the old server's watch
			t.Errorf("change %d is in a gap, and was made when the server had started again", i)
		}
	}
	t.Logf("%d changes, %d before the restart; %d of them in gaps", len(changed.versions), before, len(stated))
}

// killServer kills the API server of a node with nothing but a shell. The kubelet starts
// it again.
const killServer = `for p in /proc/[0-9]*; do [ "$(cat $p/comm 2>/dev/null)" = kube-apiserver ] && kill -9 ${p#/proc/}; done; true`

// changes are those of a Deployment that has no Pods, as the server acknowledged them.
type changes struct {
	client   kubernetes.Interface
	versions []uint64
}

func newChanges(t *testing.T, client kubernetes.Interface) *changes {
	t.Helper()
	labels := map[string]string{"app": "web"}
	_, err := client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx:1.26"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &changes{client: client}
}

// make changes the Deployment n times, and waits for a server that does not answer.
func (c *changes) make(t *testing.T, n int) {
	t.Helper()
	for range n {
		err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
			patch := fmt.Sprintf(`{"metadata":{"annotations":{"change":"%d"}}}`, len(c.versions))
			d, err := c.client.AppsV1().Deployments("default").Patch(ctx, "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			if err != nil {
				return false, nil // it is starting
			}
			version, err := strconv.ParseUint(d.ResourceVersion, 10, 64)
			c.versions = append(c.versions, version)
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// missing returns the changes that a recording does not have, and those of them that
// are in a gap.
func (c *changes) missing(recorded *timeline.Timeline) (missing, stated []int) {
	seen := map[uint64]bool{}
	var gaps []timeline.Gap
	for _, e := range recorded.Entries() {
		switch {
		case e.Event != nil:
			seen[e.Event.ResourceVersion] = true
		case e.Gap != nil && e.Gap.Kind == "Deployment":
			gaps = append(gaps, *e.Gap)
		}
	}
	for i, version := range c.versions {
		inGap := false
		for _, g := range gaps {
			inGap = inGap || version > g.From && version <= g.To
		}
		switch {
		case seen[version]:
		case inGap:
			stated = append(stated, i)
		default:
			missing = append(missing, i)
		}
	}
	return missing, stated
}
