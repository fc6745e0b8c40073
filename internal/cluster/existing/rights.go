package existing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/k8slab/k8slab/internal/cluster/recorder"
)

// Need is something that the context has to be allowed to do.
type Need struct {
	Resource   schema.GroupResource // its subresource behind a slash, as in pods/log
	Namespaced bool
	Verbs      []string
}

func inside(group, resource string, verbs ...string) Need {
	return Need{Resource: schema.GroupResource{Group: group, Resource: resource}, Namespaced: true, Verbs: verbs}
}

// recorded are the kinds in namespaces that the recorder watches.
func recorded() []schema.GroupResource {
	var all []schema.GroupResource
	for _, k := range recorder.DefaultKinds() {
		if !k.Cluster {
			all = append(all, k.Resource.GroupResource())
		}
	}
	return all
}

// RightsError is a context that may not do what a lab needs.
type RightsError struct {
	Missing []string // such as "create statefulsets.apps"
}

func (e *RightsError) Error() string {
	return "it may not " + strings.Join(e.Missing, ", ")
}

// nodesError is a cluster that is too small.
type nodesError struct{ has, want int }

func (e *nodesError) Error() string {
	return fmt.Sprintf("%d of its nodes take Pods, and the lab needs %d", e.has, e.want)
}

// Examine says whether a lab with so many nodes and the provider's work can be done
// with the context: nil, a *RightsError, or why it cannot be known. Nothing is made.
func (p Provider) Examine(ctx context.Context, nodes int) error {
	a, err := p.open()
	if err != nil {
		return err
	}
	return p.examine(ctx, a, nodes)
}

func (p Provider) examine(ctx context.Context, a *access, nodes int) error {
	if _, err := a.client.Discovery().ServerVersion(); err != nil {
		return &unreachableError{err}
	}
	work, err := p.Work.needs(a.client.Discovery())
	if err != nil {
		return err
	}
	missing, err := a.missing(ctx, append(base(), work...))
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return &RightsError{missing}
	}
	return a.enoughNodes(ctx, nodes)
}

// unreachableError is a cluster that does not answer.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return "it does not answer: " + e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// questions is how many questions are asked at a time.
const questions = 8

// missing asks the cluster for each need, and returns what is not allowed.
func (a *access) missing(ctx context.Context, needs []Need) ([]string, error) {
	type question struct {
		resource   schema.GroupResource
		namespaced bool
		verb       string
	}
	var asked []question
	for _, n := range needs {
		for _, verb := range n.Verbs {
			if q := (question{n.Resource, n.Namespaced, verb}); !slices.Contains(asked, q) {
				asked = append(asked, q)
			}
		}
	}
	refused := make([]string, len(asked))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(questions)
	for i, q := range asked {
		all.Go(func() error {
			allowed, err := a.allowed(ctx, q.resource, q.namespaced, q.verb)
			if err == nil && !allowed {
				refused[i] = q.verb + " " + q.resource.String()
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(refused, func(s string) bool { return s == "" }), nil
}

// future is a namespace as the lab's would be called. Rights are asked for there,
// since they may be given for all namespaces or for none.
const future = namePrefix + "lab"

func (a *access) allowed(ctx context.Context, r schema.GroupResource, namespaced bool, verb string) (bool, error) {
	attributes := &authorizationv1.ResourceAttributes{Group: r.Group, Verb: verb}
	attributes.Resource, attributes.Subresource, _ = strings.Cut(r.Resource, "/")
	if namespaced {
		attributes.Namespace = future
	}
	review, err := a.client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx,
		&authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attributes}}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask for the right to %s %s: %w", verb, r, err)
	}
	return review.Status.Allowed, nil
}

func (a *access) enoughNodes(ctx context.Context, want int) error {
	nodes, err := a.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	has := 0
	for _, n := range nodes.Items {
		if takesPods(&n) {
			has++
		}
	}
	if has < want {
		return &nodesError{has, want}
	}
	return nil
}

// takesPods reports whether any Pod may be put on a node.
func takesPods(n *corev1.Node) bool {
	if n.Spec.Unschedulable || slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }) {
		return false
	}
	return slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}
