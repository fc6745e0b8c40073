package existing

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/k8slab/k8slab/internal/cluster"
)

const (
	managedByLabel = "app.kubernetes.io/managed-by"
	managedBy      = "k8slab"
	runLabel       = "k8slab.github.io/run" // what the namespaces of a lab have in common

	// maxName leaves room for prefix and run: a namespace's name has 63 bytes.
	maxName = 63 - len(namePrefix) - 5 - 1

	// podGrace is how many seconds Pods get to end when their namespace goes. Those
	// of lessons have nothing to lose.
	podGrace = 1

	pollEvery    = 100 * time.Millisecond
	accountLimit = 30 * time.Second
)

// nameOf is the name of a namespace of this lab.
func (c *Cluster) nameOf(name string) string {
	return namePrefix + c.run + "-" + strings.TrimRight(name[:min(len(name), maxName)], "-")
}

// OpenNamespace implements cluster.Shared.
func (c *Cluster) OpenNamespace(ctx context.Context, name string) (string, error) {
	namespace := c.nameOf(name)
	_, err := c.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: namespace,
		Labels: map[string]string{
			managedByLabel:           managedBy,
			runLabel:                 c.run,
			cluster.PodSecurityLabel: cluster.PodSecurity,
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("make namespace %s: %w", namespace, err)
	}
	if err := c.awaitAccount(ctx, namespace); err != nil {
		return "", fmt.Errorf("wait for the service account of namespace %s: %w", namespace, err)
	}
	return namespace, nil
}

func (c *Cluster) awaitAccount(ctx context.Context, namespace string) error {
	return wait.PollUntilContextTimeout(ctx, pollEvery, accountLimit, true, func(ctx context.Context) (bool, error) {
		_, err := c.client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// CloseNamespace implements cluster.Shared. It does not wait until the namespace is
// gone; Close does.
func (c *Cluster) CloseNamespace(ctx context.Context, namespace string) error {
	return removeNamespace(ctx, c.client, namespace)
}

func removeNamespace(ctx context.Context, client kubernetes.Interface, namespace string) error {
	grace := int64(podGrace)
	err := client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	if err == nil {
		err = client.CoreV1().Pods(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &grace}, metav1.ListOptions{})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove namespace %s: %w", namespace, err)
	}
	return nil
}

// removeRun removes the namespaces of a lab and returns when they are gone.
func removeRun(ctx context.Context, client kubernetes.Interface, run string) error {
	names, err := namespacesOf(ctx, client, run)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := removeNamespace(ctx, client, name); err != nil {
			return err
		}
	}
	err = wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		names, err = namespacesOf(ctx, client, run)
		return len(names) == 0, err
	})
	if err != nil && len(names) > 0 {
		return fmt.Errorf("the namespaces %s are still going: %w", strings.Join(names, ", "), err)
	}
	return err
}

func namespacesOf(ctx context.Context, client kubernetes.Interface, run string) ([]string, error) {
	list, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: managedByLabel + "=" + managedBy + "," + runLabel + "=" + run})
	if err != nil {
		return nil, fmt.Errorf("list the lab's namespaces: %w", err)
	}
	var names []string
	for _, ns := range list.Items {
		names = append(names, ns.Name)
	}
	return names, nil
}
