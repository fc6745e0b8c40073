package conformance

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"k8s.io/kubernetes/test/e2e/framework"
	e2econfig "k8s.io/kubernetes/test/e2e/framework/config"

	// the specs
	_ "k8s.io/kubernetes/test/e2e/apps"
	// a failed one prints the events and Pods of its namespace
	_ "k8s.io/kubernetes/test/e2e/framework/debug/init"
)

// labels selects the specs, in ginkgo's language of label filters.
const labels = "sig-apps && Conformance"

var (
	program = flag.String("k8slab", "../bin/k8slab", "the program whose cluster is tested")
	dir     = flag.String("dir", "", "an empty directory for the cluster (default: a temporary one)")
	table   = flag.String("table", os.DevNull, "a file for the results")
	fast    = flag.Bool("fast", false, "leave out the specs that take long; see slow")
)

func TestMain(m *testing.M) {
	e2econfig.CopyFlags(e2econfig.Flags, flag.CommandLine)
	framework.RegisterCommonFlags(flag.CommandLine)
	framework.RegisterClusterFlags(flag.CommandLine)
	flag.Parse()
	if os.Geteuid() == 0 {
		fmt.Fprintln(os.Stderr, "conformance: run this as an ordinary user; the script called run does that")
		os.Exit(1)
	}
	framework.TestContext.Provider = "skeleton"
	framework.TestContext.IPFamily = "ipv4"
	framework.TestContext.CloudConfig.NumNodes = nodes
	framework.TestContext.KubeConfig = os.DevNull // until there is a cluster
	framework.AfterReadingAllFlags(&framework.TestContext)
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	gomega.RegisterFailHandler(framework.Fail)
	suite, reporter := ginkgo.GinkgoConfiguration()
	suite.RandomizeAllSpecs = true // as upstream does
	suite.LabelFilter = labels
	if *fast {
		suite.LabelFilter += " && !Slow"
		suite.SkipStrings = append(suite.SkipStrings, slow()...)
	}
	ginkgo.RunSpecs(t, "Conformance of workloads", suite, reporter)
}

// One process starts the cluster, all of them use it.
var _ = ginkgo.SynchronizedBeforeSuite(func(ctx context.Context) []byte {
	return []byte(startCluster(ctx))
}, func(_ context.Context, kubeconfig []byte) {
	useCluster(string(kubeconfig))
})

var _ = ginkgo.ReportAfterSuite("table", func(report ginkgo.Report) {
	if err := writeTable(*table, report); err != nil {
		ginkgo.Fail(err.Error())
	}
})
