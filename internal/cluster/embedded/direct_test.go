package embedded

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestStoreHasNoConnections(t *testing.T) {
	sharedCluster(t)
	own := ownSockets(t)
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/unix", processesOf(t, shared.dir)[0]))
	if err != nil {
		t.Fatal(err)
	}
	listening, connected := 0, 0
	for _, line := range strings.Split(string(content), "\n")[1:] {
		const state, inode, path, established = 5, 6, 7, "03"
		f := strings.Fields(line)
		switch {
		case len(f) <= path || !own[f[inode]] || !strings.HasSuffix(f[path], "etcd:1"):
		case f[state] == established:
			connected++
		default:
			listening++
		}
	}
	if listening == 0 {
		t.Error("etcd does not listen; the test looks for the wrong socket")
	}
	if connected > 0 {
		t.Errorf("%d clients are connected to etcd; the API server is to call it directly", connected)
	}
}

// An API server that thinks that its etcd cannot report progress reads every list
// from there instead of its cache.
func TestListsAreReadFromTheCache(t *testing.T) {
	_, client := sharedCluster(t)
	runPod(t, client, "listed", func(*corev1.Pod) {})
	list, err := client.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) == 0 {
		t.Fatalf("list Pods: %d of them, %v", len(list.Items), err)
	}
	metrics, err := client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reads := regexp.MustCompile(`(?m)^apiserver_watch_cache_consistent_read_total\{.*\}.*$`).FindAllString(string(metrics), -1)
	ofPods := 0
	for _, line := range reads {
		if strings.Contains(line, `fallback="true"`) {
			t.Errorf("a list was read from etcd: %s", line)
		}
		if strings.Contains(line, `resource="pods"`) && strings.Contains(line, `success="true"`) {
			ofPods++
		}
	}
	if ofPods == 0 {
		t.Errorf("no list of Pods was read from the cache: %q", reads)
	}
}
