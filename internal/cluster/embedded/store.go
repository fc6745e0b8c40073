package embedded

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// store is the etcd of a lab. Only the API server talks to it, over loopback and
// with a client certificate; the seed is read and written through the server in
// this process.
type store struct {
	etcd *embed.Etcd
	url  string
}

// walSegmentBytes replaces etcd's 64 MB, which are preallocated twice: a lab
// writes a few megabytes and its directory should not be larger than that.
const walSegmentBytes = 4 << 20

// startStore starts a member of its own. Data is not fsynced: a lab that did not
// end cleanly is thrown away, never recovered.
func startStore(ctx context.Context, dir string, p *pki) (*store, error) {
	wal.SegmentSizeBytes = walSegmentBytes
	e, err := embed.StartEtcd(storeConfig(dir, p))
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	select {
	case <-e.Server.ReadyNotify():
		return &store{etcd: e, url: "https://" + e.Clients[0].Addr().String()}, nil
	case err := <-e.Err():
		return nil, fmt.Errorf("start etcd: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func storeConfig(dir string, p *pki) *embed.Config {
	cfg := embed.NewConfig()
	cfg.Dir = filepath.Join(dir, "etcd")
	cfg.LogLevel = "warn"
	cfg.LogOutputs = []string{embed.StdErrLogOutput}
	cfg.UnsafeNoFsync = true
	// The gateway dials the configured client port, which is 0 here, for ever.
	cfg.EnableGRPCGateway = false
	anyPort := url.URL{Scheme: "https", Host: "127.0.0.1:0"}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{anyPort}, []url.URL{anyPort}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{anyPort}, []url.URL{anyPort}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	tls := transport.TLSInfo{
		CertFile: p.path("etcd.crt"), KeyFile: p.path("etcd.key"),
		TrustedCAFile: p.path("etcd-ca.crt"), ClientCertAuth: true,
	}
	cfg.ClientTLSInfo, cfg.PeerTLSInfo = tls, tls
	// One member elects itself after one election timeout; the defaults would
	// make every start wait for a second.
	cfg.TickMs, cfg.ElectionMs = 10, 100
	cfg.MaxTxnOps = seedBatch
	return cfg
}

// storeTimeout bounds one request to the etcd in this process.
const storeTimeout = 10 * time.Second
