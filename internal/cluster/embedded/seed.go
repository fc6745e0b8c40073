package embedded

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// seed is what a new cluster of one version always contains and needs time
// to make: the bootstrap policy, system namespaces and the like, as the API
// server stored it. Nothing in it belongs to one lab: no certificate, no node,
// no workload.
type seed struct {
	Version string // of Kubernetes, and of the choice of keys
	Pairs   []seedPair
}

type seedPair struct{ Key, Value []byte }

// seedFormat is part of the version, so that a change of seedPrefixes makes
// everybody's seed anew.
const seedFormat = "2"

// seedBatch is how many keys are written in one transaction.
const seedBatch = 512

// errNoSeed is a seed that is absent, damaged or of another version: all of them
// are remedied by making a new one.
var errNoSeed = errors.New("no usable seed")

// seedPrefixes lists what is kept. A key that is not listed is made by the
// cluster itself at each start.
func seedPrefixes() []string {
	return []string{
		"/registry/apiregistration.k8s.io/apiservices/",
		"/registry/clusterrolebindings/",
		"/registry/clusterroles/",
		"/registry/flowschemas/",
		"/registry/ipaddresses/",
		"/registry/namespaces/",
		"/registry/priorityclasses/",
		"/registry/prioritylevelconfigurations/",
		"/registry/ranges/",
		"/registry/rolebindings/",
		"/registry/roles/",
		"/registry/serviceaccounts/",
		"/registry/servicecidrs/",
		"/registry/services/specs/",
		"/registry/storageclasses/",
	}
}

func seedVersion() string { return kubernetesVersion() + "-" + seedFormat }

func seedPath(cacheDir string) string { return filepath.Join(cacheDir, "seed-"+seedVersion()) }

// readSeed returns errNoSeed, wrapped with the reason, if a new one has to be made.
func readSeed(path string) (*seed, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoSeed
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoSeed, err)
	}
	if len(content) < sha256.Size {
		return nil, fmt.Errorf("%w: %s is cut short", errNoSeed, path)
	}
	sum, payload := content[:sha256.Size], content[sha256.Size:]
	if got := sha256.Sum256(payload); !bytes.Equal(sum, got[:]) {
		return nil, fmt.Errorf("%w: %s is damaged", errNoSeed, path)
	}
	var s seed
	if err := gob.NewDecoder(bytes.NewReader(payload)).Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errNoSeed, path, err)
	}
	if s.Version != seedVersion() {
		return nil, fmt.Errorf("%w: %s is of version %s, not %s", errNoSeed, path, s.Version, seedVersion())
	}
	return &s, nil
}

// write replaces the file at once, so that a reader sees the old or the new.
func (s *seed) write(path string) error {
	var payload bytes.Buffer
	if err := gob.NewEncoder(&payload).Encode(s); err != nil {
		return err
	}
	sum := sha256.Sum256(payload.Bytes())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(path, append(sum[:], payload.Bytes()...), 0o600)
}

// plant writes the seed into an empty store.
func (s *seed) plant(ctx context.Context, into *store) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	for rest := s.Pairs; len(rest) > 0; {
		n := min(len(rest), seedBatch)
		txn := &pb.TxnRequest{}
		for _, p := range rest[:n] {
			put := &pb.PutRequest{Key: p.Key, Value: p.Value}
			txn.Success = append(txn.Success, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: put}})
		}
		if _, err := into.etcd.Server.Txn(ctx, txn); err != nil {
			return fmt.Errorf("plant the seed: %w", err)
		}
		rest = rest[n:]
	}
	return nil
}

// harvest takes a seed from a cluster whose bootstrap has ended and that nobody
// has used yet.
func harvest(ctx context.Context, from *store) (*seed, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	s := &seed{Version: seedVersion()}
	for _, prefix := range seedPrefixes() {
		found, err := from.etcd.Server.Range(ctx, &pb.RangeRequest{Key: []byte(prefix), RangeEnd: afterPrefix(prefix)})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", prefix, err)
		}
		for _, kv := range found.Kvs {
			s.Pairs = append(s.Pairs, seedPair{Key: kv.Key, Value: kv.Value})
		}
	}
	return s, nil
}

// CheckSeed says why the next start of a cluster with this cache directory will
// make its seed anew; nil means that there is a good one.
func CheckSeed(cacheDir string) error {
	_, err := readSeed(seedPath(cacheDir))
	return err
}
