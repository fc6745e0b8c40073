package existing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
)

// Clean removes what a killed process has left in a cluster: the namespaces that a
// note is about. It returns their names. The caller holds the note, and removes it
// when Clean returns no error.
func Clean(ctx context.Context, n claim.Note) ([]string, error) {
	names, err := clean(ctx, n)
	if err != nil {
		return names, &cluster.Error{Op: fmt.Sprintf("remove namespaces in the cluster of context %q", n.Context), Hint: hint(err), Err: err}
	}
	return names, nil
}

func clean(ctx context.Context, n claim.Note) ([]string, error) {
	run, ours := strings.CutPrefix(n.Name, namePrefix)
	if n.Provider != name || !ours {
		return nil, errors.New("the note is not about a cluster that already ran")
	}
	a, err := Provider{Context: n.Context, Kubeconfig: n.Kubeconfig}.open()
	if err != nil {
		return nil, err
	}
	names, err := namespacesOf(ctx, a.client, run)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	return names, removeRun(ctx, a.client, run)
}
