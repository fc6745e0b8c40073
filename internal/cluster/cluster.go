// Package cluster says what a lesson needs from a Kubernetes cluster: that one
// can be created, where its kubeconfig is, when it ends, and that it goes away
// without leaving anything behind.
//
// The implementations are sibling packages: embedded runs the control plane and
// its nodes in a child process, kind runs them in containers, existing uses what
// runs already. Package clustertest has the suite that those pass which make
// clusters, so what is written here holds for all of them.
//
// Deliberately absent: applying manifests, running commands and watching. Those
// need nothing but a kubeconfig and belong to the runner and the recorder.
// There is no registry of providers either; the command line chooses one.
package cluster

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MaxNodes is the largest Spec.Nodes that every provider can create.
const MaxNodes = 3

// Spec is the cluster that a lab asks for.
type Spec struct {
	// Lab names the lab. It is a DNS label, and unique on this machine while
	// the lab runs.
	Lab string

	// Dir is the lab's directory. It exists, has mode 0700 and is locked by
	// the caller for as long as the cluster lives. All files of the cluster
	// are inside it.
	Dir string

	// Nodes is the number of nodes that run Pods, 1 to MaxNodes.
	Nodes int

	// Pace is how many times faster than real time some durations pass, 1 to
	// MaxPace; 0 means 1. Only simulated nodes have a pace other than 1, and
	// not everything follows it: see docs/pace.md.
	Pace float64

	// Images are those that the lab's Pods will want, such as "nginx:1.25". They are
	// a help, for providers whose nodes would pull them: a Pod may want others.
	Images []string
}

// MaxPace is the largest Spec.Pace: beyond it the whole seconds of Kubernetes'
// timestamps are longer than the durations.
const MaxPace = 10

// Validate reports a Spec that no provider can create. It does not look at the
// disk.
func (s Spec) Validate() error {
	if problems := validation.IsDNS1123Label(s.Lab); len(problems) > 0 {
		return fmt.Errorf("lab name %q: %s", s.Lab, strings.Join(problems, "; "))
	}
	if s.Dir == "" {
		return fmt.Errorf("lab %s has no directory", s.Lab)
	}
	if s.Nodes < 1 || s.Nodes > MaxNodes {
		return fmt.Errorf("%d nodes: a cluster has 1 to %d", s.Nodes, MaxNodes)
	}
	if s.Pace != 0 && (s.Pace < 1 || s.Pace > MaxPace) {
		return fmt.Errorf("pace %v: it is 1 to %d", s.Pace, MaxPace)
	}
	return nil
}

// Provider creates clusters of one kind.
type Provider interface {
	// Name is what --cluster calls the provider, such as "embedded" or "kind".
	Name() string

	// Create starts a cluster and returns when all its nodes are Ready and
	// the default service account of the namespace "default" exists, so that
	// the caller can create Pods at once.
	//
	// It calls progress, which may be nil, at the beginning of each phase of
	// the work, one call at a time and never after Create has returned. A
	// phase is a few words without a final period, made to be shown.
	//
	// A failure is an *Error. If ctx ends first, the error satisfies
	// errors.Is(err, ctx.Err()). After any error nothing is left but files in
	// spec.Dir, which may be evidence: no process, container, port or file
	// elsewhere. Ending ctx after Create has returned does not end the cluster.
	Create(ctx context.Context, spec Spec, progress func(phase string)) (Cluster, error)
}

// Cluster is a cluster that was created and has not been closed yet. Its methods
// may be called from several goroutines.
type Cluster interface {
	// Kubeconfig is the path of an administrator's kubeconfig. The file is
	// inside Spec.Dir, has mode 0600 and names the cluster as its current
	// context. It is not valid after Close.
	Kubeconfig() string

	// Done is closed when the cluster has ended, by Close or by itself.
	Done() <-chan struct{}

	// Err says why the cluster ended by itself. It is nil before Done is
	// closed and after an end by Close.
	Err() error

	// Close ends the cluster and removes what it consists of. Done is closed
	// when it returns nil. Closing again, or closing a cluster that ended by
	// itself, is no error; after an error Close can be tried again. If ctx
	// ends first, Close returns its error and something may be left.
	Close(ctx context.Context) error
}

// The label of namespaces for what somebody else may have submitted, and its value:
// the Pod Security Standard baseline, by which the API server refuses Pods that are
// privileged, see a node's directories, or use its networks and processes. Real
// containers could reach the machine with these.
const (
	PodSecurityLabel = "pod-security.kubernetes.io/enforce"
	PodSecurity      = "baseline"
)

// Shared is a Cluster that the lab does not have for itself: others use it, too. The
// lab stays in namespaces that are made for it, and changes nothing else.
type Shared interface {
	Cluster

	// Namespace is the lab's first namespace, which is also that of the context in
	// the kubeconfig. Pods can be created in it at once.
	Namespace() string

	// OpenNamespace makes another one, whose name ends with the given one so far as
	// there is room, and returns its name when Pods can be created in it.
	OpenNamespace(ctx context.Context, name string) (string, error)

	// CloseNamespace begins to remove a namespace that OpenNamespace has made. Close
	// removes those that are left, and waits until all are gone.
	CloseNamespace(ctx context.Context, namespace string) error
}
