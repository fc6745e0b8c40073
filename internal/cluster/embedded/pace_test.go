package embedded

import (
	"context"
	"slices"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// At pace 10 a Job waits one second before its first retry instead of ten, and
// a container that sleeps for a minute is done in six seconds.
func TestPace(t *testing.T) {
	spec, provider := newLab(t)
	spec.Pace = 10
	c, err := provider.Create(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	client := clientOf(t, c)

	never, limit := corev1.RestartPolicyNever, int32(1)
	_, err = client.BatchV1().Jobs("default").Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "fails"},
		Spec: batchv1.JobSpec{BackoffLimit: &limit, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: never,
			Containers:    []corev1.Container{{Name: "main", Image: "busybox:1.36", Command: []string{"sh", "-c", "sleep 60; exit 1"}}},
		}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var pods []corev1.Pod
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		list, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "job-name=fails"})
		if err != nil || len(list.Items) < 2 {
			return false, err
		}
		pods = list.Items
		for _, pod := range pods {
			if pod.Status.Phase != corev1.PodFailed {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatalf("two attempts of a minute each, ten times as fast: %v, Pods %v", err, pods)
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	ended := pods[0].Status.ContainerStatuses[0].State.Terminated
	if ran := ended.FinishedAt.Sub(ended.StartedAt.Time); ran < 5*time.Second || ran > 30*time.Second {
		t.Errorf("sleep 60 took %s", ran)
	}
	if pause := pods[1].CreationTimestamp.Sub(ended.FinishedAt.Time); pause < -time.Second || pause > 8*time.Second {
		t.Errorf("the second attempt began %s after the end of the first", pause)
	}
}
