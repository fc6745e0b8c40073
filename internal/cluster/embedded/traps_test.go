package embedded

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
)

// Each test here is named after a trap: something that Kubernetes' components do
// when they are taken as libraries, and that would reach the machine, end the
// process or spoil the cluster. They hold for one version of Kubernetes; with
// another one, look at these first.

func TestVersionIsNotTheDevelopmentOne(t *testing.T) {
	_, client := sharedCluster(t)
	server, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{server.GitVersion, nodes.Items[0].Status.NodeInfo.KubeletVersion} {
		if !strings.HasPrefix(got, "v1.") {
			t.Errorf("version %s; the tests need the linker flags of the Makefile", got)
		}
	}
}

func TestTwoKubeletsInOneProcess(t *testing.T) {
	_, client := sharedCluster(t)
	for i := 1; i <= 2; i++ {
		node := fmt.Sprintf("node-%d", i)
		pod := runPod(t, client, "on-"+node, func(p *corev1.Pod) { p.Spec.NodeName = node })
		if pod.Spec.NodeName != node {
			t.Errorf("the Pod runs on %s", pod.Spec.NodeName)
		}
	}
}

func TestKernelLogIsNotRead(t *testing.T) {
	sharedCluster(t)
	for _, file := range openFiles(t) {
		if file == "/dev/kmsg" {
			t.Error("a kubelet reads /dev/kmsg")
		}
	}
}

func TestNothingListensButOnLoopback(t *testing.T) {
	sharedCluster(t)
	pid := processesOf(t, shared.dir)[0]
	for _, table := range []string{"tcp", "tcp6"} {
		for _, address := range listening(t, pid, table) {
			if !address.IsLoopback() {
				t.Errorf("the cluster listens on %s", address)
			}
		}
	}
}

func TestPodAddresses(t *testing.T) {
	_, client := sharedCluster(t)
	seen := map[string]bool{}
	for i := range 4 {
		pod := runPod(t, client, fmt.Sprintf("address-%d", i), nil)
		ip, err := netip.ParseAddr(pod.Status.PodIP)
		if err != nil || !podRange().Contains(ip) || seen[pod.Status.PodIP] {
			t.Errorf("Pod address %q", pod.Status.PodIP)
		}
		seen[pod.Status.PodIP] = true
	}
}

func TestNodeAddresses(t *testing.T) {
	_, client := sharedCluster(t)
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes.Items {
		if len(n.Spec.Taints) > 0 {
			t.Errorf("%s has the taints %v", n.Name, n.Spec.Taints)
		}
		if len(n.Status.Addresses) != 2 || !strings.HasPrefix(n.Status.Addresses[0].Address, "172.30.0.") {
			t.Errorf("%s has the addresses %v", n.Name, n.Status.Addresses)
		}
	}
}

func TestProbesReachThePodNetwork(t *testing.T) {
	_, client := sharedCluster(t)
	runPod(t, client, "probed", func(p *corev1.Pod) {
		p.Spec.Containers[0].Image = "nginx:1.25"
		p.Spec.Containers[0].Command = nil
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(80)}}, PeriodSeconds: 1}
		p.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(80)}}, PeriodSeconds: 1}
	})
	failing := newPod("failing", func(p *corev1.Pod) {
		p.Spec.Containers[0].Image = "nginx:1.25"
		p.Spec.Containers[0].Command = nil
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			HTTPGet: &corev1.HTTPGetAction{Path: "/absent", Port: intstr.FromInt32(80)}}, PeriodSeconds: 1}
	})
	create(t, client, failing)
	waitForEvent(t, client, "failing", "Readiness probe failed: HTTP probe failed with statuscode: 404")
}

func TestSpecOfThePodStaysAsItIs(t *testing.T) {
	_, client := sharedCluster(t)
	user := int64(1234)
	pod := runPod(t, client, "user", func(p *corev1.Pod) {
		p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &user, FSGroup: &user}
		p.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{
			Exec: &corev1.ExecAction{Command: []string{"true"}}}}
	})
	if *pod.Spec.SecurityContext.FSGroup != user || pod.Spec.Containers[0].ReadinessProbe.Exec.Command[0] != "true" {
		t.Error("the API server's copy of the Pod was changed")
	}
}

// A user cannot be, and is left out of what the kubelet sees; one that is not root
// is not root for it all the same.
func TestContainersThatMustNotBeRoot(t *testing.T) {
	_, client := sharedCluster(t)
	yes, user, root := true, int64(1234), int64(0)
	of := func(user *int64) *corev1.SecurityContext { return &corev1.SecurityContext{RunAsUser: user} }
	for _, test := range []struct {
		name           string
		pod, container *int64 // users
		refused        bool
	}{
		{"of-the-pod", &user, nil, false},
		{"of-the-container", &root, &user, false},
		{"root-after-all", &user, &root, true},
		{"of-the-image", nil, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name := "nonroot-" + test.name
			create(t, client, newPod(name, func(p *corev1.Pod) {
				p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: test.pod}
				if test.container != nil {
					p.Spec.Containers[0].SecurityContext = of(test.container)
				}
			}))
			if test.refused {
				waitForReason(t, client, name, "CreateContainerConfigError")
			} else {
				waitForEvent(t, client, name, "Container started")
			}
		})
	}
}

func TestHostHasNoContainerLogs(t *testing.T) {
	before, _ := os.ReadDir("/var/log/containers")
	_, client := sharedCluster(t)
	runPod(t, client, "logs", nil)
	after, _ := os.ReadDir("/var/log/containers")
	if len(after) > len(before) {
		t.Errorf("the kubelet made links in /var/log/containers: %v", after)
	}
}

// A hostPath is a path of the simulated node, whose files outlive its Pods.
func TestHostPathIsOfTheSimulatedNode(t *testing.T) {
	_, client := sharedCluster(t)
	path, kind := filepath.Join(t.TempDir(), "made"), corev1.HostPathDirectoryOrCreate
	onHost := func(node, script string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.NodeName = node
			p.Spec.Volumes = []corev1.Volume{
				{Name: "srv", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/srv"}}},
				{Name: "new", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}}},
			}
			c := &p.Spec.Containers[0]
			c.Command = []string{"sh", "-c", script + "; sleep 3600"}
			c.VolumeMounts = []corev1.VolumeMount{{Name: "srv", MountPath: "/host/srv"}, {Name: "new", MountPath: "/host/new"}}
		}
	}
	runPod(t, client, "host-writer", onHost("node-1", "echo kept > /host/new/file; ln -s /etc/passwd /host/srv/link; echo done"))
	waitForLog(t, client, "host-writer", "done\n")
	create(t, client, newPod("host-reader", onHost("node-1", "ls /host/srv; cat /host/new/file")))
	waitForLog(t, client, "host-reader", "link\nkept\n")
	create(t, client, newPod("host-elsewhere", onHost("node-2", "ls /host/srv /host/new")))
	waitForLog(t, client, "host-elsewhere", "/host/new:\n\n/host/srv:\n")
	if exists(path) {
		t.Error("the kubelet made a directory on this machine")
	}
}

func TestSubPathThatLeavesItsVolume(t *testing.T) {
	_, client := sharedCluster(t)
	volume := []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	create(t, client, newPod("subpath", func(p *corev1.Pod) {
		p.Spec.Volumes = volume
		p.Spec.InitContainers = []corev1.Container{{
			Name: "link", Image: "busybox:1.36", Command: []string{"ln", "-s", "/etc", "/data/out"},
			VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
		}}
		p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/in", SubPath: "out"}}
	}))
	waitForReason(t, client, "subpath", "CreateContainerConfigError")
}

// Kubelets answer the API server at addresses that exist nowhere.
func TestExecAndLogsThroughMadeUpAddresses(t *testing.T) {
	c, client := sharedCluster(t)
	runPod(t, client, "talk", func(p *corev1.Pod) {
		p.Spec.Containers[0].Command = []string{"sh", "-c", "echo hello; sleep 3600"}
	})
	log, err := client.CoreV1().Pods("default").GetLogs("talk", &corev1.PodLogOptions{}).DoRaw(t.Context())
	if err != nil || string(log) != "hello\n" {
		t.Errorf("logs %q, %v", log, err)
	}
	if got := execute(t, configOf(t, c), "talk", "sh", "-c", "echo $((6*7))"); got != "42\n" {
		t.Errorf("exec printed %q", got)
	}
}

func TestKubeletAPIWantsACertificate(t *testing.T) {
	_, client := sharedCluster(t)
	node, err := client.CoreV1().Nodes().Get(t.Context(), "node-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// HTTP/1.1 has one way only to say that a certificate is missing.
	anonymous := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}},
	}}
	response, err := anonymous.Get(fmt.Sprintf("https://127.0.0.1:%d/pods", node.Status.DaemonEndpoints.KubeletEndpoint.Port))
	if err == nil {
		response.Body.Close()
		t.Fatalf("got %s", response.Status)
	}
	if !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("got %v", err)
	}
}

func TestRBACIsOn(t *testing.T) {
	c, client := sharedCluster(t)
	token := serviceAccountToken(t, client)
	config := rest.AnonymousClientConfig(configOf(t, c))
	config.BearerToken = token
	nobody, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nobody.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("got %v, want forbidden", err)
	}
}

func TestEtcdIsQuiet(t *testing.T) {
	sharedCluster(t)
	log, err := os.ReadFile(filepath.Join(shared.dir, "lab", LogName))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"127.0.0.1:0", "panic", "leaderelection lost"} {
		if strings.Contains(string(log), bad) {
			t.Errorf("the log has %q", bad)
		}
	}
}

func newPod(name string, change func(*corev1.Pod)) *corev1.Pod {
	none := int64(0)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &none,
			Containers:                    []corev1.Container{{Name: "main", Image: "busybox:1.36", Command: []string{"sleep", "3600"}}},
		},
	}
	if change != nil {
		change(pod)
	}
	return pod
}

func create(t *testing.T, client *kubernetes.Clientset, pod *corev1.Pod) {
	t.Helper()
	if _, err := client.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.CoreV1().Pods("default").Delete(context.Background(), pod.Name, metav1.DeleteOptions{})
	})
}

// runPod creates a Pod and returns it when it is Ready.
func runPod(t *testing.T, client *kubernetes.Clientset, name string, change func(*corev1.Pod)) *corev1.Pod {
	t.Helper()
	create(t, client, newPod(name, change))
	var pod *corev1.Pod
	eventually(t, "the Pod "+name+" is Ready", func(ctx context.Context) (ready bool, err error) {
		if pod, err = client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{}); err != nil {
			return false, err
		}
		for _, c := range pod.Status.Conditions {
			ready = ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		}
		return ready, nil
	})
	return pod
}

// waitForReason waits until the Pod's container waits for this reason.
func waitForReason(t *testing.T, client *kubernetes.Clientset, name, reason string) {
	t.Helper()
	eventually(t, "the container waits because of "+reason, func(ctx context.Context) (bool, error) {
		pod, err := client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		if err != nil || len(pod.Status.ContainerStatuses) == 0 {
			return false, err
		}
		waiting := pod.Status.ContainerStatuses[0].State.Waiting
		return waiting != nil && waiting.Reason == reason, nil
	})
}

func waitForEvent(t *testing.T, client *kubernetes.Clientset, pod, message string) {
	t.Helper()
	eventually(t, "an event with "+message, func(ctx context.Context) (bool, error) {
		events, err := client.CoreV1().Events("default").List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod})
		if err != nil {
			return false, err
		}
		for _, e := range events.Items {
			if strings.Contains(e.Message, message) {
				return true, nil
			}
		}
		return false, nil
	})
}

func execute(t *testing.T, config *rest.Config, pod string, command ...string) string {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	request := client.CoreV1().RESTClient().Post().Resource("pods").Namespace("default").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Command: command, Stdout: true}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(config, "GET", request.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func serviceAccountToken(t *testing.T, client *kubernetes.Clientset) string {
	t.Helper()
	request, err := client.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

func openFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pid := range processesOf(t, shared.dir) {
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range links {
			if target, err := os.Readlink(l); err == nil {
				files = append(files, target)
			}
		}
	}
	if len(files) == 0 {
		t.Fatal("the cluster's process has no open files, which cannot be")
	}
	return files
}

// ownSockets are the inodes of the sockets that the cluster's process has open.
func ownSockets(t *testing.T) map[string]bool {
	t.Helper()
	own := map[string]bool{}
	for _, f := range openFiles(t) {
		if inode, ok := strings.CutPrefix(f, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return own
}

// listening returns the addresses that a process listens on. The table is that
// of its network namespace; the process's sockets are picked out by inode.
func listening(t *testing.T, pid int, table string) []net.IP {
	t.Helper()
	own := ownSockets(t)
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
	if err != nil {
		t.Fatal(err)
	}
	var found []net.IP
	for _, line := range strings.Split(string(content), "\n")[1:] {
		f := strings.Fields(line)
		const listen = "0A"
		if len(f) < 10 || f[3] != listen || !own[f[9]] {
			continue
		}
		address, _, _ := strings.Cut(f[1], ":")
		found = append(found, kernelAddress(t, address))
	}
	return found
}

// kernelAddress reads an address as /proc/net/tcp has it: words of four bytes in
// the machine's order.
func kernelAddress(t *testing.T, hex string) net.IP {
	t.Helper()
	var ip net.IP
	for ; len(hex) >= 8; hex = hex[8:] {
		var b [4]byte
		if _, err := fmt.Sscanf(hex[:8], "%02x%02x%02x%02x", &b[3], &b[2], &b[1], &b[0]); err != nil {
			t.Fatal(err)
		}
		ip = append(ip, b[:]...)
	}
	return ip
}
