package embedded

import (
	"context"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	schedulingv1 "k8s.io/kubernetes/pkg/apis/scheduling/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"

	"github.com/k8slab/k8slab/internal/cluster/embedded/storage"
)

// bootstrapRequests is how many objects are created at a time.
const bootstrapRequests = 8

// bootstrap creates the roles, bindings and priority classes that every cluster
// begins with: what two hooks of the API server make, without their sleeping and
// not one after the other; and the StorageClasses. What is there already stays.
func bootstrap(ctx context.Context, client kubernetes.Interface) error {
	requests, ctx := errgroup.WithContext(ctx)
	requests.SetLimit(bootstrapRequests)
	for _, create := range bootstrapCreations(ctx, client) {
		requests.Go(func() error {
			if err := create(); !apierrors.IsAlreadyExists(err) {
				return err
			}
			return nil
		})
	}
	return requests.Wait()
}

func bootstrapCreations(ctx context.Context, client kubernetes.Interface) []func() error {
	rbac := client.RbacV1()
	var all []func() error
	for _, role := range append(bootstrappolicy.ClusterRoles(), bootstrappolicy.ControllerRoles()...) {
		all = append(all, creation(ctx, rbac.ClusterRoles().Create, &role))
	}
	for _, binding := range append(bootstrappolicy.ClusterRoleBindings(), bootstrappolicy.ControllerRoleBindings()...) {
		all = append(all, creation(ctx, rbac.ClusterRoleBindings().Create, &binding))
	}
	for namespace, roles := range bootstrappolicy.NamespaceRoles() {
		for _, role := range roles {
			all = append(all, creation(ctx, rbac.Roles(namespace).Create, &role))
		}
	}
	for namespace, bindings := range bootstrappolicy.NamespaceRoleBindings() {
		for _, binding := range bindings {
			all = append(all, creation(ctx, rbac.RoleBindings(namespace).Create, &binding))
		}
	}
	for _, class := range schedulingv1.SystemPriorityClasses() {
		all = append(all, creation(ctx, client.SchedulingV1().PriorityClasses().Create, class))
	}
	for _, class := range storage.Classes() {
		all = append(all, creation(ctx, client.StorageV1().StorageClasses().Create, class))
	}
	return all
}

// creation is one request, for whatever kind of object.
func creation[T any](ctx context.Context, create func(context.Context, *T, metav1.CreateOptions) (*T, error), object *T) func() error {
	return func() error {
		_, err := create(ctx, object, metav1.CreateOptions{})
		return err
	}
}
