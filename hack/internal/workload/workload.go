// Package workload has the Deployments with which k8slab is measured.
package workload

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const namespace = "default"

// NewClient returns a client for a kubeconfig, without a limit of requests.
func NewClient(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return kubernetes.NewForConfig(config)
}

// Deployment is one of a cluster's.
type Deployment struct {
	Client *kubernetes.Clientset
	Name   string
}

// Create creates the Deployment and returns when its replicas are available.
func (d Deployment) Create(ctx context.Context, image string, replicas int32) error {
	labels := map[string]string{"app": d.Name}
	object := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: d.Name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: image}}},
			},
		},
	}
	if _, err := d.Client.AppsV1().Deployments(namespace).Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	return d.waitRolledOut(ctx, replicas)
}

// Change sets image and replicas and waits until the rollout is complete.
func (d Deployment) Change(ctx context.Context, image string, replicas int32) error {
	return d.patch(ctx, replicas, fmt.Sprintf(`{"spec":{"replicas":%d,"template":{"spec":{"containers":[{"name":"web","image":%q}]}}}}`, replicas, image))
}

// Restart replaces all Pods, as `kubectl rollout restart` does, by those of a new
// ReplicaSet. The revision has to be another one each time.
func (d Deployment) Restart(ctx context.Context, revision int, replicas int32) error {
	return d.patch(ctx, replicas, fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"revision":"%d"}}}}}`, revision))
}

func (d Deployment) patch(ctx context.Context, replicas int32, patch string) error {
	_, err := d.Client.AppsV1().Deployments(namespace).Patch(ctx, d.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return d.waitRolledOut(ctx, replicas)
}

// waitRolledOut watches until what `kubectl rollout status` waits for is true.
func (d Deployment) waitRolledOut(ctx context.Context, replicas int32) error {
	w, err := d.Client.AppsV1().Deployments(namespace).Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, d.Name).String(),
	})
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		object, ok := event.Object.(*appsv1.Deployment)
		if !ok {
			return fmt.Errorf("watch: %v", event.Object)
		}
		s := object.Status
		if s.ObservedGeneration >= object.Generation && s.UpdatedReplicas == replicas && s.Replicas == replicas && s.AvailableReplicas == replicas {
			return nil
		}
	}
	return fmt.Errorf("the watch ended before the rollout")
}
