package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
	"github.com/k8slab/k8slab/internal/cluster/kind"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// The values of --cluster.
const (
	clusterEmbedded = "embedded"
	clusterKind     = "kind"
	clusterExisting = "existing"
)

const kindImageUsage = "the node image of a kind cluster (env K8SLAB_KIND_IMAGE)"

func clusters() []string { return []string{clusterEmbedded, clusterKind, clusterExisting} }

// clusterChoice is what a lesson's cluster is made of.
type clusterChoice struct {
	name      string
	kindImage string
	context   string // of an existing cluster
	yes       bool   // it may be used

	command *cobra.Command // whose streams the question goes to
}

func (c *clusterChoice) addTo(command *cobra.Command) {
	c.command = command
	f := command.Flags()
	f.StringVar(&c.name, "cluster", os.Getenv("K8SLAB_CLUSTER"), "the cluster to use: "+strings.Join(clusters(), "|")+" (default: what the lesson asks for, else embedded; env K8SLAB_CLUSTER)")
	f.StringVar(&c.kindImage, "kind-image", os.Getenv("K8SLAB_KIND_IMAGE"), kindImageUsage)
	f.StringVar(&c.context, "context", "", "the context of your kubeconfig that --cluster existing uses")
	f.BoolVar(&c.yes, "yes", false, "use the existing cluster without asking")
	_ = command.RegisterFlagCompletionFunc("cluster", cobra.FixedCompletions(clusters(), cobra.ShellCompDirectiveNoFileComp))
}

// provider chooses: the flag or its variable, then what the lesson needs, then the
// embedded cluster.
func (c *clusterChoice) provider(l *lesson.Lesson) (cluster.Provider, error) {
	name := c.name
	if name == "" {
		name = l.Cluster.Provider
	}
	switch name {
	case "", clusterEmbedded:
		cache, err := cacheDir()
		return embedded.Provider{CacheDir: cache}, err
	case clusterKind:
		claims, err := claimsDir()
		return kind.Provider{Image: c.kindImage, Claims: claims}, err
	case clusterExisting:
		return c.existing(l)
	}
	return nil, &usageError{
		fmt.Errorf("there is no cluster of the kind %q", name),
		"--cluster and K8SLAB_CLUSTER take one of: " + strings.Join(clusters(), ", ") + ".",
	}
}

// clusterLine says what something ran on.
func clusterLine(provider, kubernetes string) string {
	line := provider + ", Kubernetes " + kubernetes
	if deviation := cluster.Deviation(kubernetes); deviation != "" {
		line += fmt.Sprintf(" (lessons are proven with %s: verdicts may differ)", cluster.Kubernetes)
	}
	return line
}
