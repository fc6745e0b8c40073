package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/cluster"
)

// tenant is the name of the roles and bindings that labs in a shared cluster have.
const tenant = "k8slab:tenant"

// home is where the only lab of a cluster lives: in the namespace default of a
// cluster of its own, else in a namespace that was made for it.
func (s *site) home() (r Rules, only string) {
	if shared, ok := s.Cluster.(cluster.Shared); ok {
		return Rules{Namespace: shared.Namespace()}, shared.Namespace()
	}
	return Rules{Namespace: defaultNamespace, Cluster: true}, ""
}

// room is a namespace for one of several labs in a cluster.
type room struct {
	namespace string
	close     func(context.Context) error // begins to remove it
}

// openRoom makes a namespace, and a kubeconfig for those who work in it.
func (s *site) openRoom(ctx context.Context, name, kubeconfig string) (r room, err error) {
	defer func() {
		if err != nil && r.close != nil {
			err = errors.Join(err, r.close(context.WithoutCancel(ctx)))
		}
	}()
	if shared, ok := s.Cluster.(cluster.Shared); ok {
		if r.namespace, err = shared.OpenNamespace(ctx, name); err != nil {
			return r, err
		}
		r.close = func(ctx context.Context) error { return shared.CloseNamespace(ctx, r.namespace) }
		return r, s.writeKubeconfig(kubeconfig, r.namespace, "")
	}
	if err := s.openNamespace(ctx, name); err != nil {
		return r, err
	}
	r.namespace = name
	r.close = func(ctx context.Context) error { return s.closeNamespace(ctx, name) }
	return r, s.writeKubeconfig(kubeconfig, name, userOf(name))
}

// openNamespace makes a namespace and returns when Pods can be created in it. Its
// user, whose name is that of the namespace behind the tenant's, may do everything
// in it, may look at nodes and classes, and nothing else. Pods there have to follow
// cluster.PodSecurity.
func (s *site) openNamespace(ctx context.Context, name string) error {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return err
	}
	meta := metav1.ObjectMeta{Name: name, Labels: map[string]string{cluster.PodSecurityLabel: cluster.PodSecurity}}
	_, err = client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: meta}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("make namespace %s: %w", name, err)
	}
	if err := admit(ctx, client, name); err != nil {
		return fmt.Errorf("make the user of namespace %s: %w", name, err)
	}
	const often, long = 20 * time.Millisecond, 30 * time.Second
	err = wait.PollUntilContextTimeout(ctx, often, long, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("wait for the service account of namespace %s: %w", name, err)
	}
	return nil
}

// admit gives a namespace's user their rights.
func admit(ctx context.Context, client kubernetes.Interface, namespace string) error {
	rbac, meta := client.RbacV1(), metav1.ObjectMeta{Name: tenant}
	user := []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: userOf(namespace)}}
	everything := []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}}
	look := []rbacv1.PolicyRule{{
		APIGroups: []string{"", "storage.k8s.io", "scheduling.k8s.io", "node.k8s.io"},
		Resources: []string{"nodes", "storageclasses", "priorityclasses", "runtimeclasses"},
		Verbs:     []string{"get", "list", "watch"},
	}}
	if _, err := rbac.Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: everything}, metav1.CreateOptions{}); err != nil {
		return err
	}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: tenant}
	if _, err := rbac.RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: user}, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: look}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	role.Kind, meta.Name = "ClusterRole", userOf(namespace)
	_, err = rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: role, Subjects: user}, metav1.CreateOptions{})
	return err
}

func userOf(namespace string) string { return tenant + ":" + namespace }

// writeKubeconfig writes a kubeconfig for a namespace, as this user unless empty.
func (s *site) writeKubeconfig(path, namespace, user string) error {
	config, err := clientcmd.LoadFromFile(s.Kubeconfig())
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	current := config.Contexts[config.CurrentContext]
	current.Namespace = namespace
	if user != "" {
		config.AuthInfos[current.AuthInfo].Impersonate = user
	}
	return clientcmd.WriteToFile(*config, path)
}

// closeNamespace begins to remove a namespace and does not wait for the end.
func (s *site) closeNamespace(ctx context.Context, name string) error {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return err
	}
	if err := client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return fmt.Errorf("remove namespace %s: %w", name, err)
	}
	return nil
}
