// Package kind creates clusters of real containers with the library
// sigs.k8s.io/kind, on the Docker engine of this machine.
//
// A lab's cluster is named k8slab-<lab>. Nothing outside the lab's directory is
// written: kind is always given the lab's own kubeconfig, because without one
// it edits $KUBECONFIG or ~/.kube/config, and locks it, even to delete. Clusters
// of other names are never looked at. The network "kind", which all kind
// clusters of a machine share, stays.
//
// A cluster of one node is a control plane that runs Pods too. With more, the
// control plane is a further node that runs none, so that every node a lesson
// may drain, pause or stop is a worker.
//
// Deliberately absent: Podman and nerdctl, which kind knows too and Diagnose finds; several control
// planes; an option for every setting of kind.
package kind

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/k8slab/k8slab/internal/cluster"
)

// Image is the node image: kind v0.33.0's build of the Kubernetes minor version
// that the embedded cluster runs, by the digest in kind's release notes. kind's
// own default is one minor version newer.
const Image = "kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed"

const (
	providerName   = "kind"
	namePrefix     = "k8slab-"
	kubeconfigFile = "kubeconfig"
	logFile        = "kind.log"

	// maxName is the longest cluster name: kind appends "-control-plane" and
	// makes it a host name, which has 64 bytes at most.
	maxName = 50
)

// Provider creates kind clusters. The zero value is ready to use.
type Provider struct {
	// Image is the node image; if empty, it is the constant Image.
	Image string

	// Claims is the directory of notes about what labs have outside their
	// directories (package claim), by which Clean finds what a killed process has
	// left. If empty, there are none.
	Claims string
}

var _ cluster.Provider = Provider{}

// Name returns "kind".
func (Provider) Name() string { return providerName }

// Create implements cluster.Provider. What kind and the commands it ran had to
// say is in the file kind.log in spec.Dir, after a success too.
//
// kind itself cannot be interrupted: when ctx ends, its containers are taken
// away, and Create returns when kind has noticed.
func (p Provider) Create(ctx context.Context, spec cluster.Spec, progress func(phase string)) (cluster.Cluster, error) {
	name := namePrefix + spec.Lab
	fault := &cluster.Error{Op: "create the kind cluster " + name}
	if err := validate(spec, name); err != nil {
		fault.Err = err
		return nil, fault
	}
	log, err := openLog(filepath.Join(spec.Dir, logFile), progress)
	if err != nil {
		fault.Err = err
		return nil, fault
	}
	defer log.endProgress()

	c := newCreation(name, p, spec, log)
	if err := c.run(ctx); err != nil {
		log.failure(err)
		log.close()
		fault.Err, fault.Hint, fault.Log = err, hint(err), log.path()
		if ctx.Err() == nil {
			fault.Diagnosis = p.ailments(ctx)
		}
		return nil, fault
	}
	return newCluster(c), nil
}

// ailments are the symptoms that a person can do something about, a line each.
func (p Provider) ailments(ctx context.Context) []string {
	var lines []string
	for _, s := range p.diagnoseDocker(ctx) {
		line := s.About + ": " + s.Says
		if !s.Healthy && s.Remedy != "" {
			line += ". " + s.Remedy
		}
		lines = append(lines, line)
	}
	return lines
}

func (p Provider) image() string {
	if p.Image != "" {
		return p.Image
	}
	return Image
}

func validate(spec cluster.Spec, name string) error {
	if err := spec.Validate(); err != nil {
		return err
	}
	if spec.Pace > 1 {
		return fmt.Errorf("pace %v: the containers of kind are real, and so is their time", spec.Pace)
	}
	if len(name) > maxName {
		return fmt.Errorf("lab name %q: longer than %d bytes", spec.Lab, maxName-len(namePrefix))
	}
	return nil
}
