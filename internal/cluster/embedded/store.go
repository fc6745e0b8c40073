package embedded

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// store is the etcd of a lab. The API server calls its functions (serveDirectly).
// It listens all the same, on sockets in the lab's directory, which nobody else may
// enter: those who debug it, and a test, can ask it.
type store struct {
	etcd *embed.Etcd
	url  string
}

// walSegmentBytes replaces etcd's 64 MB, which are preallocated twice: a lab
// writes a few megabytes and its directory should not be larger than that.
const walSegmentBytes = 4 << 20

// storeTimeout bounds one request to the etcd in this process.
const storeTimeout = 10 * time.Second

// newStore starts a member of its own, whose clients are answered when it is ready. Data is not fsynced: a lab that did not end
// cleanly is thrown away, never recovered.
func newStore() (*store, error) {
	wal.SegmentSizeBytes = walSegmentBytes
	config := storeConfig()
	e, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("start etcd: %w", err)
	}
	return &store{etcd: e, url: config.ListenClientUrls[0].String()}, nil
}

func (s *store) waitUntilReady(ctx context.Context) error {
	select {
	case <-s.etcd.Server.ReadyNotify():
		return nil
	case err := <-s.etcd.Err():
		return fmt.Errorf("start etcd: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// count returns how many keys begin with a prefix, which ends in a slash.
func (s *store) count(ctx context.Context, prefix string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	found, err := s.etcd.Server.Range(ctx, &pb.RangeRequest{
		Key: []byte(prefix), RangeEnd: afterPrefix(prefix), CountOnly: true, Serializable: true,
	})
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", prefix, err)
	}
	return found.Count, nil
}

// afterPrefix is the first key after all those with the prefix: '0' follows '/'.
func afterPrefix(prefix string) []byte { return []byte(strings.TrimSuffix(prefix, "/") + "0") }

// bytes is the size of what is in the store, old versions included until they are
// compacted.
func (s *store) bytes() int64 { return s.etcd.Server.Backend().SizeInUse() }

// storeConfig has paths relative to the data directory, which is the working
// directory of the process: a socket's path may have about 100 bytes only. The
// sockets have names of the form host:port because etcd wants to advertise them.
func storeConfig() *embed.Config {
	cfg := embed.NewConfig()
	cfg.Name = "k8slab"
	cfg.Dir = "etcd"
	cfg.LogLevel = "error"
	cfg.LogOutputs = []string{embed.StdErrLogOutput}
	cfg.UnsafeNoFsync = true
	// The gateway dials a TCP port of the client URL for ever.
	cfg.EnableGRPCGateway = false
	clients := []url.URL{{Scheme: "unix", Host: "etcd:1"}}
	peers := []url.URL{{Scheme: "unix", Host: "etcd:2"}}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = clients, clients
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = peers, peers
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	// One member elects itself after one election timeout; the defaults would
	// make every start wait for a second. A shorter tick than this would keep an
	// idle lab's processor awake.
	cfg.TickMs, cfg.ElectionMs = 25, 125
	cfg.BackendBatchInterval = time.Second // nobody reads the file
	// Old entries are kept for members that lag behind, in memory and on disk. The
	// defaults are 5,000, 10,000 and five files.
	cfg.SnapshotCatchUpEntries, cfg.SnapshotCount, cfg.MaxWalFiles = 100, 2_000, 2
	cfg.MaxTxnOps = seedBatch
	cfg.QuotaBackendBytes = storeQuota
	return cfg
}
