package kind

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	kindcluster "sigs.k8s.io/kind/pkg/cluster"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
)

// lateness is how long a docker command that a killed process has started may
// still take to make a container.
const lateness = 2 * time.Second

// Clean removes the containers that a note is about, and returns their names. The
// caller holds the note, and removes it when Clean returns no error.
func Clean(ctx context.Context, n claim.Note) ([]string, error) {
	removed, err := clean(ctx, n)
	if err != nil {
		return removed, &cluster.Error{Op: "remove the kind cluster " + n.Name, Hint: hint(err), Err: err}
	}
	return removed, nil
}

func clean(ctx context.Context, n claim.Note) (removed []string, err error) {
	if n.Provider != providerName || !strings.HasPrefix(n.Name, namePrefix) {
		return nil, errors.New("the note is not about a kind cluster of k8slab")
	}
	// kind edits a kubeconfig, even to delete; that of the lab may be another's now.
	dir, err := os.MkdirTemp("", "k8slab-clean-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	provider := kindcluster.NewProvider(kindcluster.ProviderWithDocker())
	for {
		containers, err := engine{}.containers(ctx, n.Name)
		if err != nil || len(containers) == 0 {
			return removed, err
		}
		if err := provider.Delete(n.Name, filepath.Join(dir, kubeconfigFile)); err != nil {
			return removed, &strayError{name: n.Name, err: err}
		}
		removed = append(removed, containers...)
		pause(ctx, lateness)
	}
}

// Strangers returns the names of the kind clusters of the Docker engine that are
// called as those of labs are, and that none of these notes is about. They may be
// somebody else's.
func Strangers(ctx context.Context, known []claim.Found) ([]string, error) {
	all, err := engine{}.clusters(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, n := range known {
		names[n.Name] = true
	}
	var strangers []string
	for _, name := range all {
		if strings.HasPrefix(name, namePrefix) && !names[name] {
			strangers = append(strangers, name)
		}
	}
	return strangers, nil
}
