package embedded

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
)

// parentVariable makes the test binary a command that has started a cluster in
// the directory it names, and waits until it is killed.
const parentVariable = "K8SLAB_TEST_PARENT"

// This binary is also the process of its clusters, and the parent of some.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == ProcessArg:
		os.Exit(Main(os.Stdin, os.Stdout))
	case os.Getenv(parentVariable) != "":
		os.Exit(parent(os.Getenv(parentVariable)))
	case os.Getenv(kubectlVariable) != "":
		os.Exit(kubectl())
	}
	flag.Parse()
	// Tests wait for the kubelet's timers, not for processors.
	if err := flag.Set("test.parallel", "64"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func parent(dir string) int {
	cache := filepath.Join(filepath.Dir(dir), "cache")
	_, err := Provider{CacheDir: cache}.Create(context.Background(), cluster.Spec{Lab: "test", Dir: dir, Nodes: 1}, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// shared is a cluster of two nodes for the tests that only use one.
var shared struct {
	sync.Once
	cluster cluster.Cluster
	dir     string
	err     error
}

func sharedCluster(t *testing.T) (cluster.Cluster, *kubernetes.Clientset) {
	t.Helper()
	shared.Do(func() {
		if shared.dir, shared.err = os.MkdirTemp("", "k8slab-embedded-"); shared.err != nil {
			return
		}
		lab := filepath.Join(shared.dir, "lab")
		if shared.err = os.Mkdir(lab, 0o700); shared.err != nil {
			return
		}
		shared.cluster, shared.err = Provider{CacheDir: filepath.Join(shared.dir, "cache")}.
			Create(context.Background(), cluster.Spec{Lab: "shared", Dir: lab, Nodes: 2}, nil)
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster, clientOf(t, shared.cluster)
}

func closeShared() error {
	if shared.cluster == nil {
		return os.RemoveAll(shared.dir)
	}
	return errors.Join(shared.cluster.Close(context.Background()), os.RemoveAll(shared.dir))
}

func configOf(t *testing.T, c cluster.Cluster) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

func clientOf(t *testing.T, c cluster.Cluster) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(configOf(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// newLab returns an empty directory for a lab, and a provider whose cache is
// beside it.
func newLab(t *testing.T) (cluster.Spec, Provider) {
	t.Helper()
	dir := t.TempDir()
	lab := filepath.Join(dir, "lab")
	if err := os.Mkdir(lab, 0o700); err != nil {
		t.Fatal(err)
	}
	return cluster.Spec{Lab: "test", Dir: lab, Nodes: 1}, Provider{CacheDir: filepath.Join(dir, "cache")}
}

func start(t *testing.T, p Provider, spec cluster.Spec) cluster.Cluster {
	t.Helper()
	c, err := p.Create(t.Context(), spec, nil)
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(spec.Dir, LogName))
		t.Fatalf("%v\n%s", err, log[max(0, len(log)-2000):])
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// eventually waits for what takes seconds on an idle machine.
func eventually(t *testing.T, what string, holds func(context.Context) (bool, error)) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 2*time.Minute, true, holds); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// processesOf returns the processes of clusters below dir.
func processesOf(t *testing.T, dir string) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, p := range all {
		commandLine, err := os.ReadFile(filepath.Join(p, "cmdline"))
		if err != nil || !bytes.Contains(commandLine, []byte("\x00"+ProcessArg+"\x00")) {
			continue
		}
		cwd, err := os.Readlink(filepath.Join(p, "cwd"))
		if err != nil || !strings.HasPrefix(cwd, dir) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(p))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, pid)
	}
	return found
}
