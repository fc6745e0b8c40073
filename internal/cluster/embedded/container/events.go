package container

import (
	"context"
	"sync"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// events passes state changes on to whoever listens. A listener that is slow holds nobody up.
type events struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// listener is the queue of one subscriber.
type listener struct {
	queue []*runtimeapi.ContainerEventResponse // guarded by events.mu
	ready chan struct{}                        // has an item while queue may have some
}

func newEvents() *events { return &events{listeners: map[*listener]struct{}{}} }

func (e *events) send(event *runtimeapi.ContainerEventResponse) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		l.queue = append(l.queue, event)
		l.wake()
	}
}

func (l *listener) wake() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

func (e *events) subscribe() *listener {
	l := &listener{ready: make(chan struct{}, 1)}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.listeners[l] = struct{}{}
	return l
}

func (e *events) unsubscribe(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
}

// take empties a queue.
func (e *events) take(l *listener) []*runtimeapi.ContainerEventResponse {
	e.mu.Lock()
	defer e.mu.Unlock()
	queue := l.queue
	l.queue = nil
	return queue
}

// GetContainerEvents sends every state change from now on to the channel, in order, until ctx ends
// or the runtime is closed. The callback is called once, with nil: there is no gRPC client.
func (r *Runtime) GetContainerEvents(ctx context.Context, to chan *runtimeapi.ContainerEventResponse, connected func(runtimeapi.RuntimeService_GetContainerEventsClient)) error {
	l := r.events.subscribe()
	defer r.events.unsubscribe(l)
	if connected != nil {
		connected(nil)
	}
	for {
		for _, event := range r.events.take(l) {
			select {
			case to <- event:
			case <-ctx.Done():
				return ctx.Err()
			case <-r.life.Done():
				return errClosed
			}
		}
		select {
		case <-l.ready:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.life.Done():
			return errClosed
		}
	}
}

// emitLocked tells the listeners that a container, or the sandbox itself, changed. Under the lock, so
// that what the events say never goes back in time.
func (r *Runtime) emitLocked(kind runtimeapi.ContainerEventType, s *sandbox, id string) {
	event := &runtimeapi.ContainerEventResponse{
		ContainerId:        id,
		ContainerEventType: kind,
		CreatedAt:          r.nowLocked(),
		PodSandboxStatus:   s.statusLocked(),
	}
	for _, c := range r.insideLocked(s.id) {
		event.ContainersStatuses = append(event.ContainersStatuses, r.statusLocked(c))
	}
	r.events.send(event)
}
