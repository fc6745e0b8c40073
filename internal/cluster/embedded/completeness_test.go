package embedded

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// The recording is compared with the history that etcd itself has of the keys, change
// by change.
func TestRecorderMissesNothing(t *testing.T) {
	c, client := sharedCluster(t)
	r := recordAll(t, c)
	h := watchStore(t)
	if err := r.Mark(t.Context(), timeline.Mark{Type: timeline.MarkStep, Name: "begin"}); err != nil {
		t.Fatal(err)
	}
	t.Run("a surge of 20 replicas", func(t *testing.T) { surge(t, client) })
	t.Run("1000 Pods", func(t *testing.T) { comeAndGo(t, client, 1000) })
	end := h.revision(t)
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin := r.Timeline().Step("begin").Start.ResourceVersion
	if gaps := r.Timeline().Whole().Gaps(); len(gaps) > 0 {
		t.Errorf("the recording has gaps: %v", gaps)
	}
	recorded, stored := recordedChanges(r.Timeline(), begin, end), h.changes(t, begin, end)
	if missing := subtract(stored, recorded); len(missing) > 0 {
		t.Errorf("%d of %d changes are missing, among them %s", len(missing), len(stored), missing[0])
	}
	// A node's heartbeat is in the store and not in the recording, not the reverse.
	if extra := subtract(recorded, append(stored, h.heartbeats...)); len(extra) > 0 {
		t.Errorf("%d changes were recorded and did not happen, among them %s", len(extra), extra[0])
	}
	if len(recorded) < 4000 {
		t.Errorf("only %d changes", len(recorded))
	}
	t.Logf("%d changes between %d and %d, none missing", len(recorded), begin, end)
}

func recordAll(t *testing.T, c cluster.Cluster) *recorder.Recorder {
	t.Helper()
	config := configOf(t, c)
	r, err := recorder.Start(t.Context(), recorder.Options{Config: config, Out: &bytes.Buffer{}, LeaveOut: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// surge replaces all Pods of a Deployment at once, with another template before the
// one before it is through.
func surge(t *testing.T, client *kubernetes.Clientset) {
	deployments := client.AppsV1().Deployments(metav1.NamespaceDefault)
	labels := map[string]string{"app": "surge"}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "surge"}}
	d.Spec.Replicas = ptr.To[int32](20)
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	d.Spec.Template.Labels = labels
	d.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To[int64](1)
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx:1.25"}}
	if _, err := deployments.Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		time.Sleep(300 * time.Millisecond) // rapid, yet not one change
		patch := fmt.Sprintf(`{"spec":{"replicas":%d,"strategy":{"rollingUpdate":{"maxSurge":"100%%","maxUnavailable":0}},
			"template":{"metadata":{"annotations":{"change":"%d"}}}}}`, 20-i%2*5, i)
		if _, err := deployments.Patch(t.Context(), "surge", types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the last template is rolled out", func(ctx context.Context) (bool, error) {
		d, err := deployments.Get(ctx, "surge", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		s := d.Status
		return s.ObservedGeneration == d.Generation && s.UpdatedReplicas == 20 && s.Replicas == 20 && s.AvailableReplicas == 20, nil
	})
	if err := deployments.Delete(t.Context(), "surge", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Deployment is gone", func(ctx context.Context) (bool, error) {
		_, err := deployments.Get(ctx, "surge", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

// comeAndGo creates Pods and deletes them, at every moment between their creation and
// their being Ready.
func comeAndGo(t *testing.T, client *kubernetes.Clientset, n int) {
	pods := client.CoreV1().Pods(metav1.NamespaceDefault)
	one := func(i int) error {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("come-and-go-%d", i)}}
		p.Spec.Containers = []corev1.Container{{Name: "web", Image: "nginx:1.25"}}
		if _, err := pods.Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
			return err
		}
		time.Sleep(time.Duration(i%10) * 50 * time.Millisecond)
		return pods.Delete(t.Context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To(int64(i % 2))})
	}
	var all sync.WaitGroup
	for worker := range 20 {
		all.Go(func() {
			for i := worker; i < n; i += 20 {
				if err := one(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	eventually(t, "all Pods are gone", func(ctx context.Context) (bool, error) {
		left, err := pods.List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		return !slices.ContainsFunc(left.Items, func(p corev1.Pod) bool { return strings.HasPrefix(p.Name, "come-and-go-") }), nil
	})
}

// change is a change of an object, as "Pod default/web ADDED 431".
type change string

func newChange(kind, namespace, name, what string, version uint64) change {
	return change(fmt.Sprintf("%s %s/%s %s %d", kind, namespace, name, what, version))
}

func recordedChanges(tl *timeline.Timeline, after, through uint64) (all []change) {
	for _, e := range tl.Entries() {
		if v := e.Event; v != nil && v.ResourceVersion > after && v.ResourceVersion <= through {
			all = append(all, newChange(v.Kind, v.Namespace, v.Name, string(v.Type), v.ResourceVersion))
		}
	}
	return all
}

func subtract(from, what []change) (rest []change) {
	known := map[change]bool{}
	for _, c := range what {
		known[c] = true
	}
	for _, c := range from {
		if !known[c] {
			rest = append(rest, c)
		}
	}
	return rest
}

// storeHistory is what etcd says of the keys of the API server, from a moment on.
type storeHistory struct {
	kv         pb.KVClient
	heartbeats []change // that may be one

	mu      sync.Mutex
	all     []*mvccpb.Event
	through int64
	err     error
}

// watchStore watches the etcd of the shared cluster, through its socket.
func watchStore(t *testing.T) *storeHistory {
	t.Helper()
	socket := filepath.Join(shared.dir, "lab", dataDir, "etcd:1")
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	h := &storeHistory{kv: pb.NewKVClient(connection)}
	w, err := pb.NewWatchClient(connection).Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	from := pb.WatchCreateRequest{Key: []byte("/registry/"), RangeEnd: []byte("/registry0"), StartRevision: int64(h.revision(t)) + 1}
	if err := w.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: &from}}); err != nil {
		t.Fatal(err)
	}
	go h.follow(w)
	return h
}

func (h *storeHistory) follow(w pb.Watch_WatchClient) {
	for {
		answer, err := w.Recv()
		h.mu.Lock()
		if err == nil && answer.CompactRevision > 0 {
			err = fmt.Errorf("etcd was compacted at %d", answer.CompactRevision)
		}
		if err != nil {
			h.err = err
			h.mu.Unlock()
			return
		}
		h.all = append(h.all, answer.Events...)
		h.through = max(h.through, answer.Header.Revision)
		h.mu.Unlock()
	}
}

// revision returns the revision of the last change.
func (h *storeHistory) revision(t *testing.T) uint64 {
	t.Helper()
	answer, err := h.kv.Range(t.Context(), &pb.RangeRequest{Key: []byte("/registry/"), CountOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	return uint64(answer.Header.Revision)
}

// changes returns the changes of what is recorded.
func (h *storeHistory) changes(t *testing.T, after, through uint64) (all []change) {
	t.Helper()
	eventually(t, "etcd has told all", func(context.Context) (bool, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.through >= int64(through), h.err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.all {
		version := uint64(e.Kv.ModRevision)
		if version <= after || version > through {
			continue
		}
		c := changeOf(e)
		switch {
		case strings.HasPrefix(string(c), "Node ") && strings.Contains(string(c), " MODIFIED "):
			h.heartbeats = append(h.heartbeats, c)
		case c != "":
			all = append(all, c)
		}
	}
	return all
}

// prefixes are where the API server keeps the kinds that are recorded.
var prefixes = map[string]string{
	"pods": "Pod", "replicasets": "ReplicaSet", "controllers": "ReplicationController", "deployments": "Deployment",
	"statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "controllerrevisions": "ControllerRevision", "jobs": "Job",
	"cronjobs": "CronJob", "horizontalpodautoscalers": "HorizontalPodAutoscaler", "poddisruptionbudgets": "PodDisruptionBudget",
	"services/specs": "Service", "endpointslices": "EndpointSlice", "persistentvolumeclaims": "PersistentVolumeClaim",
	"minions": "Node", "events": "Event",
}

// changeOf returns the change of a key such as /registry/pods/default/web, and "" for a
// kind that is not recorded.
func changeOf(e *mvccpb.Event) change {
	what := "MODIFIED"
	switch {
	case e.Type == mvccpb.DELETE:
		what = "DELETED"
	case e.Kv.CreateRevision == e.Kv.ModRevision:
		what = "ADDED"
	}
	key := strings.TrimPrefix(string(e.Kv.Key), "/registry/")
	for prefix, kind := range prefixes {
		if path, ok := strings.CutPrefix(key, prefix+"/"); ok {
			namespace, name, found := strings.Cut(path, "/")
			if !found {
				namespace, name = "", path
			}
			return newChange(kind, namespace, name, what, uint64(e.Kv.ModRevision))
		}
	}
	return ""
}
