package existing

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
	"github.com/k8slab/k8slab/internal/cluster/kind"
)

const testContext = "theirs"

// world is a cluster that somebody else has, and their kubeconfig.
type world struct {
	kubeconfig string
	client     kubernetes.Interface
}

// newWorld makes a kind cluster, or skips the test where there is no Docker engine.
func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a kind cluster, which takes half a minute; run without -short")
	}
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		if os.Getenv("K8SLAB_REQUIRE_KIND") == "1" {
			t.Fatalf("K8SLAB_REQUIRE_KIND=1, and there is no Docker engine: %v: %s", err, out)
		}
		t.Skipf("needs a Docker engine: %v", err)
	}
	p := kind.Provider{Image: os.Getenv("K8SLAB_KIND_IMAGE")}
	c, err := p.Create(t.Context(), cluster.Spec{Lab: "existing", Dir: t.TempDir(), Nodes: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })
	w := &world{kubeconfig: filepath.Join(t.TempDir(), "config")}
	config, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.Contexts[testContext] = config.Contexts[config.CurrentContext]
	config.CurrentContext = "another" // nobody may rely on it
	config.Contexts["another"] = &api.Context{Cluster: "another", AuthInfo: "another"}
	w.write(t, w.kubeconfig, config)
	w.client = (&Provider{Kubeconfig: w.kubeconfig, Context: testContext}).mustOpen(t).client
	return w
}

func (p *Provider) mustOpen(t *testing.T) *access {
	t.Helper()
	a, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) write(t *testing.T, path string, config *api.Config) {
	t.Helper()
	content, err := clientcmd.Write(*config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

func (w *world) provider(t *testing.T) Provider {
	return Provider{Kubeconfig: w.kubeconfig, Context: testContext, Claims: filepath.Join(t.TempDir(), "claims")}
}

func (w *world) create(t *testing.T, p Provider) *Cluster {
	t.Helper()
	c, err := p.Create(t.Context(), testSpec(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })
	return c.(*Cluster)
}

// ours returns the namespaces that labs have made.
func (w *world) ours(t *testing.T) []string {
	t.Helper()
	list, err := w.client.CoreV1().Namespaces().List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ns := range list.Items {
		if strings.HasPrefix(ns.Name, namePrefix) || ns.Labels[managedByLabel] == managedBy {
			names = append(names, ns.Name)
		}
	}
	return names
}

func (w *world) nothingLeft(t *testing.T, p Provider) {
	t.Helper()
	if names := w.ours(t); len(names) > 0 {
		t.Errorf("namespaces are left: %q", names)
	}
	if notes, _ := os.ReadDir(p.Claims); len(notes) > 0 {
		t.Errorf("notes are left: %v", notes)
	}
}

func TestExisting(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]func(*testing.T, *world){
		"life": testLife, "baseline": testBaseline, "rights": testRights, "nodes": testNodes, "removed by somebody": testRemoved,
		"cancelled": testCancelled, "killed": testKilled, "unknown context": testUnknownContext, "closed early": testClosedEarly,
	} {
		t.Run(name, func(t *testing.T) { test(t, w) })
	}
}

func testLife(t *testing.T, w *world) {
	before, err := os.Stat(w.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	p := w.provider(t)
	c := w.create(t, p)
	if info, err := os.Stat(c.Kubeconfig()); err != nil || info.Mode() != 0o600 {
		t.Errorf("the lab's kubeconfig: %v, %v", info, err)
	}
	config, err := clientcmd.LoadFromFile(c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Contexts) != 1 || config.Contexts[config.CurrentContext].Namespace != c.Namespace() {
		t.Errorf("the lab's kubeconfig has the contexts %v, want one with the namespace %s", config.Contexts, c.Namespace())
	}
	second, err := c.OpenNamespace(t.Context(), strings.Repeat("long-", 20))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.ours(t); !slices.Equal(got, slices.Sorted(slices.Values([]string{c.Namespace(), second}))) {
		t.Errorf("namespaces %q, want %q and %q", got, c.Namespace(), second)
	}
	runPod(t, w, second)
	if err := c.CloseNamespace(t.Context(), second); err != nil {
		t.Error(err)
	}
	closeNow(t, c)
	closeNow(t, c) // once more is no error
	if err := c.Err(); err != nil {
		t.Errorf("Err after Close: %v", err)
	}
	w.nothingLeft(t, p)
	after, err := os.Stat(w.kubeconfig)
	if err != nil || !after.ModTime().Equal(before.ModTime()) || after.Size() != before.Size() {
		t.Errorf("their kubeconfig has changed: %v, %v", after, err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(w.kubeconfig)); len(entries) != 1 {
		t.Errorf("beside their kubeconfig there is %v", entries)
	}
}

// runPod waits until a Pod that has a directory of its own runs in a namespace.
func runPod(t *testing.T, w *world, namespace string) {
	t.Helper()
	if _, err := w.client.CoreV1().Pods(namespace).Create(t.Context(), pod("works"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(pollEvery) {
		p, err := w.client.CoreV1().Pods(namespace).Get(t.Context(), "works", metav1.GetOptions{})
		if err == nil && p.Status.Phase == corev1.PodRunning {
			return
		}
	}
	t.Error("the Pod does not run after a minute")
}

func pod(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "main", Image: "busybox:1.36", Command: []string{"sleep", "3600"}}},
			Volumes:    []corev1.Volume{{Name: "own", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
}

// testBaseline submits what could reach the machine.
func testBaseline(t *testing.T, w *world) {
	c := w.create(t, w.provider(t))
	yes := true
	for name, change := range map[string]func(*corev1.PodSpec){
		"privileged": func(s *corev1.PodSpec) {
			s.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: &yes}
		},
		"host path": func(s *corev1.PodSpec) {
			s.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}
		},
		"host network": func(s *corev1.PodSpec) { s.HostNetwork = true },
		"host pid":     func(s *corev1.PodSpec) { s.HostPID = true },
	} {
		p := pod("refused")
		change(&p.Spec)
		_, err := w.client.CoreV1().Pods(c.Namespace()).Create(t.Context(), p, metav1.CreateOptions{})
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "PodSecurity") {
			t.Errorf("%s: %v, want a refusal by PodSecurity", name, err)
		}
	}
}

const statefulSet = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\n"

// testRights takes rights away from somebody who has enough.
func testRights(t *testing.T, w *world) {
	guest := w.guest(t)
	p := w.provider(t)
	p.Kubeconfig = guest
	_, err := p.Create(t.Context(), testSpec(t), nil)
	missing, ok := errors.AsType[*RightsError](err)
	if !ok || !slices.Contains(missing.Missing, "create namespaces") || slices.Contains(missing.Missing, "list pods") {
		t.Errorf("who may only look: %v", err)
	}
	wantHint(t, err, "use another context")

	w.allow(t, "everything but stateful sets", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"*"}, Verbs: []string{"*"}},
		{APIGroups: []string{"apps"}, Resources: []string{"deployments", "replicasets"}, Verbs: []string{"*"}},
	})
	p.Work.Manifests = [][]byte{[]byte("apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: Service\n")}
	p.Work.Commands = []string{"kubectl scale deploy/web --replicas=3"}
	if err := p.Examine(t.Context(), 1); err != nil {
		t.Errorf("a Deployment: %v", err)
	}
	p.Work.Manifests = append(p.Work.Manifests, []byte(statefulSet))
	err = p.Examine(t.Context(), 1)
	want := []string{"create statefulsets.apps", "update statefulsets.apps", "patch statefulsets.apps", "delete statefulsets.apps"}
	if missing, ok := errors.AsType[*RightsError](err); !ok || !slices.Equal(missing.Missing, want) {
		t.Errorf("a StatefulSet: %v, want %q", err, want)
	}
	p.Work = Work{Commands: []string{"kubectl delete sts db"}}
	if err := p.Examine(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "delete statefulsets.apps") {
		t.Errorf("a StatefulSet in a command: %v", err)
	}
	w.nothingLeft(t, p)
}

// guest makes an account that may look at everything, and returns its kubeconfig.
func (w *world) guest(t *testing.T) string {
	t.Helper()
	_, err := w.client.CoreV1().ServiceAccounts("default").Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "guest"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.allow(t, "looking", []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"get", "list", "watch"}}})
	token, err := w.client.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "guest", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config, err := load(w.kubeconfig, testContext)
	if err != nil {
		t.Fatal(err)
	}
	for name := range config.AuthInfos {
		config.AuthInfos[name] = &api.AuthInfo{Token: token.Status.Token}
	}
	path := filepath.Join(t.TempDir(), "guest")
	w.write(t, path, config)
	return path
}

func (w *world) allow(t *testing.T, what string, rules []rbacv1.PolicyRule) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "guest-" + strings.ReplaceAll(what, " ", "-")}
	if _, err := w.client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := w.client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "guest"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func testNodes(t *testing.T, w *world) {
	p := w.provider(t)
	spec := testSpec(t)
	spec.Nodes = 3
	_, err := p.Create(t.Context(), spec, nil)
	if err == nil || !strings.Contains(err.Error(), "2 of its nodes take Pods, and the lab needs 3") {
		t.Errorf("a lab that is too large: %v", err)
	}
	wantHint(t, err, "larger cluster")
	w.nothingLeft(t, p)
}

func testRemoved(t *testing.T, w *world) {
	p := w.provider(t)
	c := w.create(t, p)
	if err := removeNamespace(t.Context(), w.client, c.Namespace()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
	case <-time.After(time.Minute):
		t.Fatal("Done is open a minute after the namespace was removed")
	}
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "somebody has removed the namespace "+c.Namespace()) {
		t.Errorf("Err is %v", err)
	}
	closeNow(t, c)
	w.nothingLeft(t, p)
}

func testCancelled(t *testing.T, w *world) {
	for moment := range 3 {
		p := w.provider(t)
		ctx, cancel := context.WithCancel(t.Context())
		begun := 0
		if moment == 0 {
			cancel()
		}
		c, err := p.Create(ctx, testSpec(t), func(string) {
			if begun++; begun == moment {
				cancel()
			}
		})
		cancel()
		if _, ok := errors.AsType[*cluster.Error](err); c != nil || !ok || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled in phase %d: %v, %v", moment, c, err)
		}
		w.nothingLeft(t, p)
	}
}

// testKilled does what a process does that is killed: nothing.
func testKilled(t *testing.T, w *world) {
	p := w.provider(t)
	c := w.create(t, p)
	c.unwatch()
	if err := c.claim.Leave(); err != nil {
		t.Fatal(err)
	}
	left, err := claim.Leftovers(p.Claims)
	if err != nil || len(left) != 1 {
		t.Fatalf("what was left: %v, %v", left, err)
	}
	names, err := Clean(t.Context(), left[0])
	if err != nil || !slices.Equal(names, []string{c.Namespace()}) {
		t.Errorf("removed %q, %v; want %q", names, err, c.Namespace())
	}
	if names := w.ours(t); len(names) > 0 {
		t.Errorf("namespaces are left: %q", names)
	}
	if names, err := Clean(t.Context(), left[0]); err != nil || len(names) > 0 {
		t.Errorf("removing once more: %q, %v", names, err)
	}
}

func testUnknownContext(t *testing.T, w *world) {
	p := w.provider(t)
	p.Context = "nowhere"
	_, err := p.Create(t.Context(), testSpec(t), nil)
	wantHint(t, err, "another")
	wantHint(t, err, testContext)
	p.Context = "another" // has no cluster
	if _, err := p.Create(t.Context(), testSpec(t), nil); err == nil {
		t.Error("a context without a cluster is used")
	}
	p.Kubeconfig = filepath.Join(t.TempDir(), "absent")
	_, err = p.Create(t.Context(), testSpec(t), nil)
	wantHint(t, err, "KUBECONFIG")
	w.nothingLeft(t, p)
}

// testClosedEarly has no time to close, and then has.
func testClosedEarly(t *testing.T, w *world) {
	p := w.provider(t)
	c := w.create(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Close(ctx); err == nil {
		t.Error("Close has no time, and no error")
	}
	closeNow(t, c)
	w.nothingLeft(t, p)
}

// TestUnreachable needs no cluster.
func TestUnreachable(t *testing.T) {
	config := api.NewConfig()
	config.Clusters["c"] = &api.Cluster{Server: "https://127.0.0.1:1"}
	config.AuthInfos["u"] = &api.AuthInfo{}
	config.Contexts[testContext] = &api.Context{Cluster: "c", AuthInfo: "u"}
	p := Provider{Kubeconfig: filepath.Join(t.TempDir(), "config"), Context: testContext}
	(&world{}).write(t, p.Kubeconfig, config)
	_, err := p.Create(t.Context(), testSpec(t), nil)
	if err == nil || !strings.Contains(err.Error(), "it does not answer") {
		t.Errorf("a cluster that is not there: %v", err)
	}
	wantHint(t, err, "version")
}

func testSpec(t *testing.T) cluster.Spec {
	return cluster.Spec{Lab: "demo", Dir: t.TempDir(), Nodes: 2}
}

func closeNow(t *testing.T, c cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

func wantHint(t *testing.T, err error, part string) {
	t.Helper()
	fault, ok := errors.AsType[*cluster.Error](err)
	if !ok {
		t.Errorf("got %v, want a *cluster.Error", err)
		return
	}
	if !strings.Contains(fault.Hint, part) {
		t.Errorf("the hint for %q is %q, want %q in it", err, fault.Hint, part)
	}
}
