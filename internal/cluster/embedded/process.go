package embedded

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	_ "github.com/k8slab/k8slab/internal/cluster/embedded/unmeasured" // queues do not wake
)

// processConfig is what the provider tells the process that is the cluster, as
// one line of JSON on its standard input. The input stays open for as long as
// the cluster is wanted.
type processConfig struct {
	Dir      string  `json:"dir"`      // the lab's directory
	CacheDir string  `json:"cacheDir"` // where the seed is
	Nodes    int     `json:"nodes"`
	Pace     float64 `json:"pace"` // see cluster.Spec; 1 is real time
	Limits   limits  `json:"limits"`
}

func (c processConfig) kubeconfig() string { return filepath.Join(c.Dir, "kubeconfig") }

func (c processConfig) dataDir() string { return filepath.Join(c.Dir, dataDir) }

// volumesDir has an entry for every volume that was provisioned.
func (c processConfig) volumesDir() string { return filepath.Join(c.dataDir(), "volumes") }

// dataDir holds what is worth nothing once the process has ended.
const dataDir = "cluster"

// report is what the process tells the provider, one line of JSON each on its
// standard output: phases, then that it is ready or why it cannot be.
type report struct {
	Phase string `json:"phase,omitempty"`
	Ready bool   `json:"ready,omitempty"`
	Error string `json:"error,omitempty"`
}

// Main is the process that a cluster lives in, with the arguments ProcessArg. It
// returns the exit code when the cluster died or was not wanted any more, which
// the end of stdin says: nobody has to be alive to end it, and there is one way
// to end a cluster, which is to end its process. Logs go to standard error.
func Main(stdin io.Reader, stdout io.Writer) int {
	in := bufio.NewReader(stdin)
	var config processConfig
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &config)
	}
	out := json.NewEncoder(stdout)
	if err != nil {
		_ = out.Encode(report{Error: fmt.Sprintf("read the configuration: %v", err)})
		return 2
	}
	unwanted := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(unwanted)
	}()
	return serve(context.Background(), config, out, unwanted)
}

func serve(ctx context.Context, config processConfig, out *json.Encoder, unwanted <-chan struct{}) int {
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	collectSeldom()
	started := make(chan error, 1)
	var died <-chan error
	go func() {
		var err error
		died, err = startCluster(ctx, config, func(phase string) { _ = out.Encode(report{Phase: phase}) })
		started <- err
	}()
	select {
	case <-unwanted:
		return 0
	case err := <-started:
		if err != nil {
			_ = out.Encode(report{Error: err.Error()})
			return 1
		}
	}
	go collectByLoad(ctx)
	_ = out.Encode(report{Ready: true})
	select {
	case <-unwanted:
		return 0
	case err := <-died:
		klog.FromContext(ctx).Error(err, "A component of the cluster ended")
		_ = out.Encode(report{Error: err.Error()})
		return 1
	}
}

// makeDataDir makes an empty data directory: what an earlier process left there
// belongs to a cluster that is gone.
func (c processConfig) makeDataDir() error {
	if err := os.RemoveAll(c.dataDir()); err != nil {
		return err
	}
	return os.MkdirAll(c.dataDir(), 0o700)
}
