package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
)

// site is a cluster that labs can be opened in.
type site struct {
	cluster.Cluster
	provider   string // its name
	kubernetes string // version
	config     *rest.Config
}

// closeTimeout bounds the clean-up, which goes on after Ctrl-C.
const closeTimeout = 30 * time.Second

// openSite creates a cluster. Phases are told until it returns.
func openSite(ctx context.Context, p cluster.Provider, spec cluster.Spec, phase func(string)) (_ *site, err error) {
	s := &site{provider: p.Name()}
	if s.Cluster, err = p.Create(ctx, spec, phase); err != nil {
		return nil, err
	}
	ctx, stop := s.contextOf(ctx)
	defer stop()
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(because(ctx, err), s.close())
	}
	if deviation := cluster.Deviation(s.kubernetes); deviation != "" {
		phase("Warning: " + deviation)
	}
	return s, nil
}

func (s *site) connect(ctx context.Context) (err error) {
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.Kubeconfig()); err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	s.kubernetes, err = serverVersion(ctx, s.config)
	return err
}

func serverVersion(ctx context.Context, config *rest.Config) (string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", err
	}
	body, err := client.RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", fmt.Errorf("ask the cluster for its version: %w", err)
	}
	var info version.Info
	if err := json.Unmarshal(body, &info); err != nil {
		return "", fmt.Errorf("read the cluster's version: %w", err)
	}
	return info.GitVersion, nil
}

// contextOf ends with the cluster, whose error is the cause then. What client-go
// would log goes nowhere: errors are returned.
func (s *site) contextOf(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(logr.NewContext(ctx, logr.Discard()))
	go func() {
		select {
		case <-s.Done():
			cancel(s.Err())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// close ends the cluster.
func (s *site) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.Close(ctx)
}
