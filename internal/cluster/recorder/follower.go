package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// follower records one kind. Its exclusive state is guarded by the recorder's lock.
type follower struct {
	recorder *Recorder
	kind     Kind
	objects  dynamic.ResourceInterface
	versions metadata.ResourceInterface

	refused time.Time // since when the server refuses what it allowed before; zero if it does not

	through uint64                        // all changes up to this version have been seen
	live    map[types.UID]*timeline.Event // the last version of each object that exists
}

// listing is a consistent list of a kind.
type listing struct {
	version uint64
	events  []*timeline.Event
}

// list lists the kind: without a resourceVersion as it is now, for which the API server
// asks a quorum.
func (f *follower) list(ctx context.Context, o metav1.ListOptions) (*listing, error) {
	list, err := f.objects.List(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("list kind %s: %w", f.kind.Name, err)
	}
	version, err := parseVersion(list.GetResourceVersion())
	if err != nil {
		return nil, fmt.Errorf("list kind %s: %w", f.kind.Name, err)
	}
	l := &listing{version: version}
	for i := range list.Items {
		e, err := eventOf(watch.Added, f.kind.Name, &list.Items[i])
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
	before := f.live[e.UID]
	if e.Type == watch.Deleted {
		delete(f.live, e.UID)
	} else {
		f.live[e.UID] = e
	}
	f.through = max(f.through, e.ResourceVersion)
	heartbeat := f.kind.Heartbeat && e.Type == watch.Modified && before != nil && same(before.Object, e.Object)
	if !heartbeat && !f.recorder.leavesOut(e.Namespace) {
		f.recorder.append(timeline.Entry{Event: e})
	}
}

// follow watches until ctx ends; it lists again when the server no longer has the
// versions in between.
func (f *follower) follow(ctx context.Context) {
	for ctx.Err() == nil {
		started := time.Now()
		err := f.stream(ctx, metav1.ListOptions{})
		switch {
		case ctx.Err() != nil:
		case f.denied(err):
			f.recorder.fail(fmt.Errorf("record kind %s: %w", f.kind.Name, err))
		case lost(err):
			if err := f.bridge(ctx, err); err != nil && ctx.Err() == nil {
				f.recorder.fail(fmt.Errorf("record kind %s: %w", f.kind.Name, err))
			}
		default: // the server ended the watch, is starting, or cannot be reached
			sleep(ctx, restartDelay-time.Since(started))
		}
	}
}

// restartDelay is how far apart watches of a kind begin at least, and how long to wait
// before a list that did not succeed is tried again.
const restartDelay = time.Second

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stream records what happens after f.through until the watch ends. The error is nil if
// the server or the network ended it: it can be resumed. client-go's RetryWatcher would
// resume it too, but keeps the bookmarks to itself, without which nobody knows how far a
// quiet watch is.
func (f *follower) stream(ctx context.Context, o metav1.ListOptions) error {
	o.ResourceVersion, o.AllowWatchBookmarks = fmt.Sprint(f.seenThrough()), true
	w, err := f.objects.Watch(ctx, o)
	if err != nil {
		return err
	}
	defer w.Stop()
	f.admitted()
	for e := range w.ResultChan() {
		if e.Type == watch.Error {
			return apierrors.FromObject(e.Object)
		}
		if err := f.record(e); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) seenThrough() uint64 {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	return f.through
}

// denied reports that the server refuses to be watched, and has for too long to be one
// that is starting: until its authorizer has seen the roles, it refuses everybody.
func (f *follower) denied(err error) bool {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	switch {
	case err == nil:
		f.refused = time.Time{}
	case !refusal(err):
	case f.refused.IsZero():
		f.refused = time.Now()
	default:
		return time.Since(f.refused) >= f.recorder.patience
	}
	return false
}

// admitted notes that the server lets itself be watched.
func (f *follower) admitted() {
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	f.refused = time.Time{}
}

func refusal(err error) bool { return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) }

// lost reports an error after which the kind has to be listed again: the server no
// longer has the versions (410 Gone), or gives what cannot be recorded.
func lost(err error) bool {
	var unreadable *unreadableError
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsBadRequest(err) ||
		apierrors.IsInvalid(err) || apierrors.IsNotFound(err) || errors.As(err, &unreadable)
}

// unreadableError is the error of a watch that gives something else than objects.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }

func (e *unreadableError) Unwrap() error { return e.err }

func (f *follower) record(e watch.Event) error {
	object, ok := e.Object.(*unstructured.Unstructured)
	if !ok {
		return &unreadableError{fmt.Errorf("the watch gave a %T", e.Object)}
	}
	if e.Type == watch.Bookmark {
		return f.pass(object.GetResourceVersion())
	}
	event, err := eventOf(e.Type, f.kind.Name, object)
	if err != nil {
		return &unreadableError{err}
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	if event.ResourceVersion <= f.through {
		return nil // a kind's versions come in order: another watch has had it, or the server repeats itself
	}
	f.see(event)
	f.recorder.wake()
	return nil
}

// pass takes note of a bookmark: the watch has given all changes up to it.
func (f *follower) pass(bookmark string) error {
	version, err := parseVersion(bookmark)
	if err != nil {
		return &unreadableError{err}
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	f.through = max(f.through, version)
	f.recorder.wake()
	return nil
}

// bridge lists again, which leaves a gap, and records the difference.
func (f *follower) bridge(ctx context.Context, why error) error {
	l, err := f.listAgain(ctx, why)
	if err != nil {
		return err
	}
	reason := why.Error()
	if apierrors.IsResourceExpired(why) || apierrors.IsGone(why) {
		reason = "410 Gone: " + reason
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	f.recorder.append(timeline.Entry{Gap: &timeline.Gap{Kind: f.kind.Name, Reason: reason, From: f.through, To: l.version}})
	for _, e := range f.differences(l) {
		f.see(e)
	}
	f.through = max(f.through, l.version)
	f.recorder.wake()
	return nil
}

// listAgain tries until the server answers: it may be starting again.
func (f *follower) listAgain(ctx context.Context, why error) (*listing, error) {
	options := oldest(why)
	for {
		l, err := f.list(ctx, options)
		switch {
		case err == nil && l.version >= f.seenThrough():
			return l, nil
		case ctx.Err() != nil || f.denied(err):
			return nil, cmp.Or(err, ctx.Err())
		case (err == nil || lost(err)) && options != metav1.ListOptions{}:
			options = metav1.ListOptions{} // as it is now
		default:
			sleep(ctx, restartDelay)
		}
	}
}

// tooOld is how a watch cache says that it does not go back far enough, and how far it
// goes (k8s.io/apiserver/pkg/storage/cacher: getAllEventsSinceLocked).
var tooOld = regexp.MustCompile(`too old resource version: \d+ \((\d+)\)`)

// oldest returns how to list the kind as it was when the server's memory began, so that
// all that has happened since can still be watched. An API server that has started
// again remembers nothing from before, even when nothing happened in between: that
// nothing did, nobody can say.
func oldest(why error) metav1.ListOptions {
	m := tooOld.FindStringSubmatch(why.Error())
	if m == nil {
		return metav1.ListOptions{}
	}
	return metav1.ListOptions{ResourceVersion: m[1], ResourceVersionMatch: metav1.ResourceVersionMatchExact}
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
