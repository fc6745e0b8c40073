package recordertest

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// observer is a plain watch of each kind, as a second opinion on what happened.
type observer struct {
	lab *lab
	mu  sync.Mutex
	all seen
}

// observe begins before anything happens in the namespace.
func observe(l *lab) *observer {
	l.t.Helper()
	o := &observer{lab: l}
	pods, err := l.client.CoreV1().Pods(l.namespace).List(l.t.Context(), metav1.ListOptions{})
	check(l.t, err)
	podWatch, err := l.client.CoreV1().Pods(l.namespace).Watch(l.t.Context(), metav1.ListOptions{ResourceVersion: pods.ResourceVersion})
	check(l.t, err)
	setWatch, err := l.client.AppsV1().ReplicaSets(l.namespace).Watch(l.t.Context(), metav1.ListOptions{ResourceVersion: pods.ResourceVersion})
	check(l.t, err)
	var running sync.WaitGroup
	for kind, w := range map[string]watch.Interface{"Pod": podWatch, "ReplicaSet": setWatch} {
		running.Go(func() { o.follow(kind, w) })
	}
	l.t.Cleanup(func() {
		podWatch.Stop()
		setWatch.Stop()
		running.Wait()
	})
	return o
}

func (o *observer) follow(kind string, w watch.Interface) {
	for e := range w.ResultChan() {
		object, ok := e.Object.(metav1.Object)
		if !ok {
			continue
		}
		o.mu.Lock()
		o.all = append(o.all, fmt.Sprint(kind, " ", e.Type, " ", object.GetUID(), " ", object.GetResourceVersion()))
		o.mu.Unlock()
	}
}

func (o *observer) seen() seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[:len(o.all):len(o.all)]
}

// compare fails the test unless the recording has exactly what the observer has.
func (o *observer) compare(r *recording) {
	o.lab.t.Helper()
	recorded := seenIn(r.read(), o.lab.namespace)
	o.lab.until("the observer has caught up", func(context.Context) bool { return len(o.seen()) >= len(recorded) })
	observed := o.seen()
	if missing := observed.missing(recorded); len(missing) > 0 {
		o.lab.t.Errorf("%d of %d changes are not recorded: %v", len(missing), len(observed), missing)
	}
	if extra := recorded.missing(observed); len(extra) > 0 {
		o.lab.t.Errorf("recorded and never observed: %v", extra)
	}
	if len(recorded) < 30 {
		o.lab.t.Errorf("only %d changes are recorded", len(recorded))
	}
	o.lab.t.Logf("%d changes, none missing", len(recorded))
}
