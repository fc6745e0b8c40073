package kind

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// readyTimeout bounds the wait after kubeadm has done its work. Nodes are
	// Ready 3 to 6 seconds later, on a busy machine a few times that.
	readyTimeout = 3 * time.Minute
	readyEvery   = 200 * time.Millisecond
)

// awaitReady returns when so many nodes are Ready and Pods can be created. kind
// itself waits for the control plane only.
func awaitReady(ctx context.Context, kubeconfig string, nodes int) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	config.Timeout = 10 * time.Second // of one request
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	var missing error
	err = wait.PollUntilContextTimeout(ctx, readyEvery, readyTimeout, true, func(ctx context.Context) (bool, error) {
		missing = errors.Join(nodesReady(ctx, client, nodes), accountExists(ctx, client))
		return missing == nil, nil
	})
	if err != nil {
		return fmt.Errorf("not ready after %v: %w", readyTimeout, missing)
	}
	return nil
}

// nodesReady says what is missing until so many nodes are Ready.
func nodesReady(ctx context.Context, client kubernetes.Interface, want int) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list nodes: %w", err)
	}
	var waiting []string
	for _, node := range nodes.Items {
		if reason := notReady(&node); reason != "" {
			waiting = append(waiting, node.Name+": "+reason)
		}
	}
	if len(waiting) > 0 || len(nodes.Items) < want {
		return fmt.Errorf("%d of %d nodes have joined; %s", len(nodes.Items), want, strings.Join(waiting, "; "))
	}
	return nil
}

// notReady is why a node cannot take Pods yet. The taint goes a moment after the
// condition has turned, and only then Pods are scheduled.
func notReady(node *corev1.Node) string {
	reason := "no Ready condition"
	for _, condition := range node.Status.Conditions {
		if condition.Type != corev1.NodeReady {
			continue
		}
		reason = condition.Message
		if condition.Status == corev1.ConditionTrue {
			reason = ""
		}
	}
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady && reason == "" {
			reason = "taint " + taint.Key
		}
	}
	return reason
}

func accountExists(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("get the default service account: %w", err)
	}
	return nil
}
