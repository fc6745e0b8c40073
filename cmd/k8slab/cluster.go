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
)

func clusters() []string { return []string{clusterEmbedded, clusterKind} }

// clusterChoice is what a lesson's cluster is made of.
type clusterChoice struct {
	name      string
	kindImage string
}

func (c *clusterChoice) addTo(command *cobra.Command) {
	f := command.Flags()
	f.StringVar(&c.name, "cluster", os.Getenv("K8SLAB_CLUSTER"), "the cluster to use: embedded|kind (default: what the lesson asks for, else embedded; env K8SLAB_CLUSTER)")
	f.StringVar(&c.kindImage, "kind-image", os.Getenv("K8SLAB_KIND_IMAGE"), "the node image of a kind cluster (env K8SLAB_KIND_IMAGE)")
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
		return &kind.Provider{Image: c.kindImage}, nil
	}
	return nil, &usageError{
		fmt.Errorf("there is no cluster of the kind %q", name),
		"--cluster and K8SLAB_CLUSTER take one of: " + strings.Join(clusters(), ", ") + ".",
	}
}
