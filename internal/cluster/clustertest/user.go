package clustertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"

	"github.com/k8slab/k8slab/internal/cluster"
)

const namespace = metav1.NamespaceDefault

// user does to a cluster what the administrator of its kubeconfig would do.
type user struct {
	config *rest.Config
	client kubernetes.Interface
}

func newUser(t *testing.T, c cluster.Cluster) *user {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.Timeout = 30 * time.Second // of one request
	return &user{config: config, client: clientFor(t, config)}
}

func clientFor(t *testing.T, config *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ping asks the API server for its version.
func (u *user) ping() error {
	_, err := u.client.Discovery().ServerVersion()
	return err
}

// testFirstPod creates a Pod without waiting for anything and has it run.
func (u *user) testFirstPod(t *testing.T) {
	u.createPod(t, "first", "nginx:1.25")
	u.awaitPod(t, "first", func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
}

// testNodes looks for exactly so many Ready nodes on which any Pod may be put.
func (u *user) testNodes(t *testing.T, want int) {
	nodes, err := u.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, node := range nodes.Items {
		if !ready(&node) {
			t.Errorf("node %s is not Ready: %+v", node.Name, node.Status.Conditions)
		}
		if !node.Spec.Unschedulable && len(node.Spec.Taints) == 0 {
			open = append(open, node.Name)
		}
	}
	if len(open) != want {
		t.Errorf("Pods can run on %q, want %d nodes", open, want)
	}
}

func ready(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// testReplicaSet has three Pods made Ready by controller, scheduler and kubelets.
func (u *user) testReplicaSet(t *testing.T) {
	labels := map[string]string{"app": "web"}
	replicas := int32(3)
	_, err := u.client.AppsV1().ReplicaSets(namespace).Create(t.Context(), &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       podSpec("nginx:1.25"),
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var status appsv1.ReplicaSetStatus
	eventually(t, func() (bool, string) {
		rs, err := u.client.AppsV1().ReplicaSets(namespace).Get(t.Context(), "web", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		status = rs.Status
		return status.ReadyReplicas == replicas, fmt.Sprintf("%+v", status)
	})
}

func (u *user) testLogs(t *testing.T) {
	u.createPod(t, "echo", "busybox:1.36", "sh", "-c", "echo hello; echo trouble >&2")
	u.awaitPod(t, "echo", func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodSucceeded })
	log, err := u.client.CoreV1().Pods(namespace).GetLogs("echo", &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"hello\n", "trouble\n"} { // in either order: there are two streams
		if !strings.Contains(string(log), line) {
			t.Errorf("log %q has no %q", log, line)
		}
	}
}

func (u *user) testExec(t *testing.T) {
	u.createPod(t, "shell", "busybox:1.36", "sleep", "3600")
	u.awaitPod(t, "shell", func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
	tests := []struct {
		script, stdin  string
		stdout, stderr string
		exit           int
	}{
		{script: "echo out; echo err >&2", stdout: "out\n", stderr: "err\n"},
		{script: "cat", stdin: "typed\n", stdout: "typed\n"},
		{script: "exit 3", exit: 3},
		{script: "echo before; false", stdout: "before\n", exit: 1},
	}
	for _, tt := range tests {
		var stdout, stderr bytes.Buffer
		exit := u.exec(t, "shell", tt.script, remotecommand.StreamOptions{
			Stdin:  strings.NewReader(tt.stdin),
			Stdout: &stdout,
			Stderr: &stderr,
		})
		if exit != tt.exit || stdout.String() != tt.stdout || stderr.String() != tt.stderr {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want %d, %q, %q",
				tt.script, exit, stdout.String(), stderr.String(), tt.exit, tt.stdout, tt.stderr)
		}
	}
}

// exec runs a script in a Pod's container, as kubectl exec does.
func (u *user) exec(t *testing.T, pod, script string, streams remotecommand.StreamOptions) (exit int) {
	t.Helper()
	request := u.client.CoreV1().RESTClient().Get().
		Namespace(namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Command: []string{"sh", "-c", script},
			Stdin:   true,
			Stdout:  true,
			Stderr:  true,
		}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(u.config, "GET", request.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), stepLimit)
	defer cancel()
	err = executor.StreamWithContext(ctx, streams)
	if status, ok := errors.AsType[exec.CodeExitError](err); ok {
		return status.Code
	}
	if err != nil {
		t.Fatalf("exec %q: %v", script, err)
	}
	return 0
}

// testUnknownTag wants what a registry's "not found" leads to.
func (u *user) testUnknownTag(t *testing.T) {
	u.createPod(t, "typo", "nginx:1.161")
	u.awaitPod(t, "typo", func(pod *corev1.Pod) bool {
		for _, container := range pod.Status.ContainerStatuses {
			waiting := container.State.Waiting
			if waiting != nil && (waiting.Reason == "ErrImagePull" || waiting.Reason == "ImagePullBackOff") {
				return true
			}
		}
		return false
	})
}

// testRights wants RBAC: an account that was given no rights has none.
func (u *user) testRights(t *testing.T) {
	_, err := u.client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Name: "guest"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := u.client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), "guest", &authv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(u.config)
	if _, err := clientFor(t, config).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{}); err == nil {
		t.Error("nobody in particular may list Pods")
	}
	config.BearerToken = token.Status.Token
	_, err = clientFor(t, config).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("guest lists Pods: %v, want 403 Forbidden", err)
	}
}

func (u *user) createPod(t *testing.T, name, image string, command ...string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: podSpec(image, command...)}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err := u.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// podSpec is a Pod of one container without probes: it is Ready when it runs.
func podSpec(image string, command ...string) corev1.PodSpec {
	return corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: image, Command: command}}}
}

func (u *user) awaitPod(t *testing.T, name string, ok func(*corev1.Pod) bool) {
	t.Helper()
	eventually(t, func() (bool, string) {
		pod, err := u.client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		return ok(pod), fmt.Sprintf("Pod %s: %+v", name, pod.Status)
	})
}

// eventually waits until ok holds. The string says what was seen instead.
func eventually(t *testing.T, ok func() (bool, string)) {
	t.Helper()
	limit := time.Now().Add(stepLimit)
	for {
		holds, seen := ok()
		if holds {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("not within %v; %s", stepLimit, seen)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
