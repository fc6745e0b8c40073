package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// follower records one kind. Its exclusive state is guarded by the recorder's lock.
type follower struct {
	recorder *Recorder
	kind     string
	objects  dynamic.ResourceInterface
	versions metadata.Getter

	through uint64                        // all changes up to this version have been seen
	live    map[types.UID]*timeline.Event // the last version of each object that exists
}

// listing is a consistent list of a kind.
type listing struct {
	version uint64
	events  []*timeline.Event
}

// list lists the kind as it is now: without a resourceVersion the API server
// answers from a quorum.
func (f *follower) list(ctx context.Context) (*listing, error) {
	list, err := f.objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list kind %s: %w", f.kind, err)
	}
	version, err := parseVersion(list.GetResourceVersion())
	if err != nil {
		return nil, fmt.Errorf("list kind %s: %w", f.kind, err)
	}
	l := &listing{version: version}
	for i := range list.Items {
		e, err := eventOf(watch.Added, f.kind, &list.Items[i])
		if err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		l.events = append(l.events, e)
	}
	return l, nil
}

// begin records the first list. The caller holds the recorder's lock.
func (f *follower) begin(l *listing) {
	f.live = map[types.UID]*timeline.Event{}
	for _, e := range l.events {
		f.see(e)
	}
	f.through = l.version
}

// see takes note of a version and records it unless its namespace is left out. The
// caller holds the recorder's lock.
func (f *follower) see(e *timeline.Event) {
	if e.Type == watch.Deleted {
		delete(f.live, e.UID)
	} else {
		f.live[e.UID] = e
	}
	f.through = max(f.through, e.ResourceVersion)
	if !f.recorder.leavesOut(e.Namespace) {
		f.recorder.append(timeline.Entry{Event: e})
	}
}

// follow watches until ctx ends; it lists again when the server no longer has the
// versions in between.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		reason, err := f.watch(ctx)
		if err == nil && ctx.Err() == nil {
			err = f.bridge(ctx, reason)
		}
		if err != nil && ctx.Err() == nil {
			f.recorder.fail(fmt.Errorf("record kind %s: %w", f.kind, err))
		}
	}
}

// watch records what happens after f.through. It returns when ctx ends; with a
// reason when the kind has to be listed again; or with an error that nothing can mend.
func (f *follower) watch(ctx context.Context) (reason string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w, err := watchtools.NewRetryWatcherWithContext(ctx, fmt.Sprint(f.through), watcher{f.objects})
	if err != nil {
		cancel()
		return "", err
	}
	defer func() {
		cancel()
		<-w.Done()
	}()
	for e := range w.ResultChan() {
		if e.Type == watch.Error {
			return ended(e)
		}
		if err := f.record(e); err != nil {
			return err.Error(), nil
		}
	}
	return "the watch ended", nil
}

// ended tells an end that listing again mends from one that nothing mends.
func ended(e watch.Event) (reason string, err error) {
	err = apierrors.FromObject(e.Object)
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return "", err
	}
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return fmt.Sprintf("410 Gone: %v", err), nil
	}
	return err.Error(), nil
}

func (f *follower) record(e watch.Event) error {
	object, ok := e.Object.(*unstructured.Unstructured)
	if !ok {
		return fmt.Errorf("the watch gave a %T", e.Object)
	}
	event, err := eventOf(e.Type, f.kind, object)
	if err != nil {
		return err
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	if event.ResourceVersion <= f.through {
		return nil // a kind's versions come in order: the server repeats itself
	}
	f.see(event)
	f.recorder.wake()
	return nil
}

// bridge lists again, which leaves a gap, and records the difference.
func (f *follower) bridge(ctx context.Context, reason string) error {
	l, err := f.listAgain(ctx)
	if err != nil {
		return err
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	f.recorder.append(timeline.Entry{Gap: &timeline.Gap{Kind: f.kind, Reason: reason, From: f.through, To: l.version}})
	for _, e := range f.differences(l) {
		f.see(e)
	}
	f.through = max(f.through, l.version)
	f.recorder.wake()
	return nil
}

// relistDelay is how long to wait before a list that did not succeed is tried again.
const relistDelay = time.Second

// listAgain tries until the server answers: it may be starting again.
func (f *follower) listAgain(ctx context.Context) (*listing, error) {
	for {
		l, err := f.list(ctx)
		if err == nil || apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(relistDelay):
		}
	}
}

// differences returns synthetic events that lead from what was seen to a list.
func (f *follower) differences(l *listing) []*timeline.Event {
	var events []*timeline.Event
	listed := map[types.UID]bool{}
	for _, e := range l.events {
		listed[e.UID] = true
		seen := f.live[e.UID]
		if seen != nil && seen.ResourceVersion >= e.ResourceVersion {
			continue
		}
		if seen != nil {
			e.Type = watch.Modified
		}
		e.Synthetic = true
		events = append(events, e)
	}
	for uid, seen := range f.live {
		if !listed[uid] {
			events = append(events, deletionOf(seen, l.version))
		}
	}
	slices.SortFunc(events, func(a, b *timeline.Event) int {
		return cmp.Or(cmp.Compare(a.ResourceVersion, b.ResourceVersion), cmp.Compare(a.UID, b.UID))
	})
	return events
}

func deletionOf(e *timeline.Event, version uint64) *timeline.Event {
	return &timeline.Event{
		Type: watch.Deleted, Kind: e.Kind, Namespace: e.Namespace, Name: e.Name, UID: e.UID,
		ResourceVersion: version, Synthetic: true, Object: e.Object,
	}
}

// watcher begins watches for a RetryWatcher. A refusal with 410 Gone becomes an event,
// as which the RetryWatcher hands it on: an error it would try again for ever.
type watcher struct{ objects dynamic.ResourceInterface }

func (w watcher) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	stream, err := w.objects.Watch(ctx, o)
	var status apierrors.APIStatus
	if (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) && errors.As(err, &status) {
		s := status.Status()
		refusal := watch.NewFakeWithChanSize(1, false)
		refusal.Error(&s)
		return refusal, nil
	}
	return stream, err
}
