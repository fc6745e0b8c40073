// Package existing uses a cluster that already runs: one that a context of the
// person's kubeconfig names.
//
// Everything of a lab lives in namespaces of its own, whose names begin with
// "k8slab-" and which are removed at the end. Nothing else of the cluster is
// written, and the person's kubeconfig is only read: the lab has a copy of what
// belongs to the context.
//
// The namespaces enforce the Pod Security Standard "baseline": what is submitted
// gets no privileged Pod, no directory of a node and none of its networks.
//
// Deliberately absent: rights of its own. A lab may do what the context may, no
// more; Create says what is missing before anything is made. Nodes are those that
// the cluster has.
package existing

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
)

const (
	name           = "existing"
	kubeconfigFile = "kubeconfig"
	namePrefix     = "k8slab-"
)

// Provider uses the cluster of a context.
type Provider struct {
	// Context is the name of a context in a kubeconfig.
	Context string

	// Kubeconfig is the file with the context. If empty, it is searched where
	// kubectl does: KUBECONFIG, then ~/.kube/config.
	Kubeconfig string

	// Work is what the lab is for. Create fails if the context may not do it.
	Work Work

	// Claims is the directory of notes about what labs have in clusters (package
	// claim). If empty, there are none, and what a killed process leaves is found
	// by its label only.
	Claims string
}

var _ cluster.Provider = Provider{}

// Name returns "existing".
func (Provider) Name() string { return name }

// Create implements cluster.Provider for a cluster that is there. It asks for the
// rights that the lab needs, and makes its first namespace.
func (p Provider) Create(ctx context.Context, spec cluster.Spec, progress func(phase string)) (cluster.Cluster, error) {
	if progress == nil {
		progress = func(string) {}
	}
	c, err := p.create(ctx, spec, progress)
	if err != nil {
		return nil, &cluster.Error{Op: fmt.Sprintf("use the cluster of context %q", p.Context), Hint: hint(err), Err: err}
	}
	return c, nil
}

func (p Provider) create(ctx context.Context, spec cluster.Spec, progress func(string)) (_ *Cluster, err error) {
	if err := validate(spec); err != nil {
		return nil, err
	}
	access, err := p.open()
	if err != nil {
		return nil, err
	}
	progress(fmt.Sprintf("Asking %s for the rights of context %s", access.server(), p.Context))
	if err := p.examine(ctx, access, spec.Nodes); err != nil {
		return nil, err
	}
	c := newCluster(access, spec)
	if c.claim, err = p.claim(spec, c.run); err != nil {
		return nil, err
	}
	progress("Making the namespace " + c.nameOf(spec.Lab))
	c.namespace, err = c.OpenNamespace(ctx, spec.Lab)
	if err == nil {
		err = c.writeKubeconfig()
	}
	if err != nil {
		return nil, errors.Join(because(ctx, err), c.abandon(ctx))
	}
	c.start()
	return c, nil
}

func validate(spec cluster.Spec) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	if spec.Pace > 1 {
		return fmt.Errorf("pace %v: the containers there are real, and so is their time", spec.Pace)
	}
	return nil
}

// because prefers that ctx has ended to what that led to.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (p Provider) claim(spec cluster.Spec, run string) (*claim.Claim, error) {
	if p.Claims == "" {
		return nil, nil
	}
	kubeconfig := p.Kubeconfig
	if kubeconfig == "" {
		kubeconfig = os.Getenv(clientcmd.RecommendedConfigPathEnvVar)
	}
	return claim.Take(p.Claims, claim.Note{
		Provider: name, Name: namePrefix + run, Lab: spec.Lab, Dir: spec.Dir, Context: p.Context, Kubeconfig: kubeconfig,
	})
}

// access is a cluster as a context reaches it.
type access struct {
	kubeconfig *api.Config // of the context only, with all that it refers to
	config     *rest.Config
	client     kubernetes.Interface
}

// open reads the context.
func (p Provider) open() (*access, error) {
	kubeconfig, err := load(p.Kubeconfig, p.Context)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.NewDefaultClientConfig(*kubeconfig, nil).ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the server knows what it can bear
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &access{kubeconfig: kubeconfig, config: config, client: client}, nil
}

func (a *access) server() string { return strings.TrimPrefix(a.config.Host, "https://") }

// load returns what belongs to a context, with the files that it names in it.
func load(path, name string) (*api.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.MigrationRules = nil // nothing is written
	rules.WarnIfAllMissing = false
	if list := filepath.SplitList(path); len(list) > 1 {
		rules.Precedence = list
	} else {
		rules.ExplicitPath = path
	}
	config, err := rules.Load()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	if config == nil || config.Contexts[name] == nil {
		return nil, &contextError{name: name, known: contextNames(config)}
	}
	config.CurrentContext = name
	if err := clientcmd.ResolveLocalPaths(config); err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	if err := api.MinifyConfig(config); err != nil {
		return nil, fmt.Errorf("read the context: %w", err)
	}
	if err := api.FlattenConfig(config); err != nil {
		return nil, fmt.Errorf("read the files of the context: %w", err)
	}
	return config, nil
}

func contextNames(config *api.Config) []string {
	var names []string
	if config != nil {
		for name := range config.Contexts {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// contextError is a context that no kubeconfig has.
type contextError struct {
	name  string
	known []string
}

func (e *contextError) Error() string {
	if e.name == "" {
		return "no context was named"
	}
	return fmt.Sprintf("the kubeconfig has no context %q", e.name)
}

func newRun() string { return rand.String(5) }
