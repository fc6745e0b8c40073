package embedded

import (
	"context"
	_ "unsafe" // for go:linkname

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/kubernetes"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"k8s.io/apiserver/pkg/storage"
	storagefeature "k8s.io/apiserver/pkg/storage/feature"
	"k8s.io/apiserver/pkg/storage/storagebackend"
)

// newStorageClient makes the API server's clients of etcd, one for each kind of
// object: a hundred connections with two ends in the same process, a handshake
// and ten goroutines each. The API server has no option for anything else.
//
//go:linkname newStorageClient k8s.io/apiserver/pkg/storage/storagebackend/factory.newETCD3Client
var newStorageClient func(storagebackend.TransportConfig) (*kubernetes.Client, error)

// serveDirectly lets an API server of this process call the store's functions
// instead of connecting to it.
func (s *store) serveDirectly(ctx context.Context) {
	newStorageClient = func(storagebackend.TransportConfig) (*kubernetes.Client, error) {
		c := &kubernetes.Client{Client: v3client.New(s.etcd.Server)}
		c.Kubernetes = c
		return c, nil
	}
	// The API server asks every endpoint what it can do; these clients have none.
	storagefeature.DefaultFeatureSupportChecker.CheckClient(ctx, endpoint{v3client.New(s.etcd.Server)}, storage.RequestWatchProgress)
}

// endpoint is a client that says where it is connected to.
type endpoint struct{ *clientv3.Client }

func (endpoint) Endpoints() []string { return []string{"this process"} }
