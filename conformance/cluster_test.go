package conformance

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/onsi/ginkgo/v2"
	"k8s.io/kubernetes/test/e2e/framework"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
)

// nodes is the size of the cluster: some DaemonSet specs need more than one node.
const nodes = 2

// startCluster starts a cluster that lives until all specs have ended, and
// returns its kubeconfig.
func startCluster(ctx context.Context) string {
	directory := *dir
	if directory == "" {
		directory = ginkgo.GinkgoT().TempDir()
	}
	executable, err := filepath.Abs(*program)
	framework.ExpectNoError(err)
	provider := embedded.Provider{Executable: executable, CacheDir: filepath.Join(directory, "cache")}
	c, err := provider.Create(ctx, cluster.Spec{Lab: "conformance", Dir: directory, Nodes: nodes}, nil)
	framework.ExpectNoError(err)
	ginkgo.DeferCleanup(func(ctx context.Context) error { return errors.Join(c.Err(), c.Close(ctx)) })
	framework.ExpectNoError(os.Symlink(executable, kubectlBeside(c.Kubeconfig())))
	return c.Kubeconfig()
}

func useCluster(kubeconfig string) {
	framework.TestContext.KubeConfig = kubeconfig
	framework.TestContext.KubectlPath = kubectlBeside(kubeconfig)
}

// kubectlBeside is where the link is that makes the program a kubectl. Some
// specs run one.
func kubectlBeside(kubeconfig string) string {
	return filepath.Join(filepath.Dir(kubeconfig), "kubectl")
}
