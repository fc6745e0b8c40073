package container_test

import (
	"context"
	"errors"
	"testing"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestEvents(t *testing.T) {
	n := newNode(t)
	ctx, cancel := context.WithCancel(t.Context())
	connected := make(chan struct{})
	events := make(chan *runtimeapi.ContainerEventResponse)
	ended := make(chan error, 1)
	go func() {
		ended <- n.runtime.GetContainerEvents(ctx, events, func(runtimeapi.RuntimeService_GetContainerEventsClient) { close(connected) })
	}()
	<-connected
	p := n.pod("web")
	b := p.start(p.sh("exit 3"))
	b.wait()
	if err := n.runtime.RemovePodSandbox(t.Context(), p.id); err != nil {
		t.Fatal(err)
	}
	const (
		createdEvent = runtimeapi.ContainerEventType_CONTAINER_CREATED_EVENT
		startedEvent = runtimeapi.ContainerEventType_CONTAINER_STARTED_EVENT
		stoppedEvent = runtimeapi.ContainerEventType_CONTAINER_STOPPED_EVENT
		deletedEvent = runtimeapi.ContainerEventType_CONTAINER_DELETED_EVENT
	)
	var last int64
	for i, want := range []struct {
		id    string
		kind  runtimeapi.ContainerEventType
		state runtimeapi.ContainerState // of the container, from when it exists
	}{
		{p.id, createdEvent, -1},
		{p.id, startedEvent, -1},
		{b.id, createdEvent, created},
		{b.id, startedEvent, running},
		{b.id, stoppedEvent, exited},
		{p.id, stoppedEvent, exited},
		{b.id, deletedEvent, exited},
		{p.id, deletedEvent, -1},
	} {
		var event *runtimeapi.ContainerEventResponse
		select {
		case event = <-events:
		case <-time.After(20 * time.Second):
			t.Fatalf("no event %d", i)
		}
		if event.GetContainerId() != want.id || event.GetContainerEventType() != want.kind || event.GetPodSandboxStatus().GetMetadata().GetName() != "web" {
			t.Errorf("event %d: %v", i, event)
		}
		if event.GetCreatedAt() <= last {
			t.Errorf("event %d is from %d, the one before from %d", i, event.GetCreatedAt(), last)
		}
		last = event.GetCreatedAt()
		containers := event.GetContainersStatuses()
		if want.state == -1 && len(containers) > 0 || want.state != -1 && (len(containers) != 1 || containers[0].GetState() != want.state) {
			t.Errorf("event %d: containers %v", i, containers)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Nobody who changes something waits for a listener that does not listen.
func TestSlowListener(t *testing.T) {
	n := newNode(t)
	connected := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- n.runtime.GetContainerEvents(context.Background(), make(chan *runtimeapi.ContainerEventResponse),
			func(runtimeapi.RuntimeService_GetContainerEventsClient) { close(connected) })
	}()
	<-connected
	for range 20 {
		p := n.pod("web")
		p.start(p.sh("exit 0")).wait()
	}
	if err := n.runtime.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("the events of a closed runtime ended well")
	}
}
