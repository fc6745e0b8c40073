package embedded

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSenderReplacesWhatNobodyTook is a kubelet that is busy while Pods change: what
// it gets next is the newest, whatever it missed, and nothing blocks the watch.
func TestSenderReplacesWhatNobodyTook(t *testing.T) {
	updates := make(chan struct{ Pods []*corev1.Pod })
	send := sender(t.Context(), updates)
	named := func(name string) []*corev1.Pod {
		return []*corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: name}}}
	}
	for _, name := range []string{"a", "b", "c", "d"} {
		send(named(name))
	}
	var got []string
	for len(got) == 0 || got[len(got)-1] != "d" {
		got = append(got, (<-updates).Pods[0].Name)
	}
	if len(got) >= 4 {
		t.Errorf("a kubelet that was busy got %v: nothing was left out", got)
	}
	send(named("e"))
	if last := (<-updates).Pods[0].Name; last != "e" {
		t.Errorf("got %s after e was sent", last)
	}
}
