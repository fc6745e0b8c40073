package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Sync returns when everything that had happened on the server before the call is
// in the timeline. It takes one to three seconds: that a watch has given all there is,
// the server says in a bookmark, and it looks once a second who waits for one.
func (r *Recorder) Sync(ctx context.Context) error {
	goals, err := r.goals(ctx)
	if err != nil {
		return fmt.Errorf("sync the recorder: %w", err)
	}
	return r.each(func(i int, f *follower) error {
		err := r.await(ctx, goals[i])
		if err == nil && !f.kind.Lasting {
			err = f.fence(ctx, goals[i].version)
		}
		if err != nil {
			return fmt.Errorf("sync the recorder with kind %s: %w", f.kind.Name, err)
		}
		return nil
	})
}

// Mark adds a mark with a resourceVersion that is read from the server: what had
// happened before the call stands before it. It returns as soon as all objects that
// exist have been recorded as they are. What came and went in the last moments may
// still be on its way, and takes its place before the mark when it arrives. A
// ResourceVersion in m is replaced.
func (r *Recorder) Mark(ctx context.Context, m timeline.Mark) error {
	version, err := r.catchUp(ctx)
	if err != nil {
		return fmt.Errorf("mark %s %q: %w", m.Type, m.Name, err)
	}
	m.ResourceVersion = version
	r.mu.Lock()
	defer r.mu.Unlock()
	r.append(timeline.Entry{Mark: &m})
	r.wake()
	if r.err != nil {
		return fmt.Errorf("mark %s %q: %w", m.Type, m.Name, r.err)
	}
	return nil
}

// CatchUp returns when all objects that exist have been recorded as they are, as Mark
// does. It takes a few hundredths of a second.
func (r *Recorder) CatchUp(ctx context.Context) error {
	_, err := r.catchUp(ctx)
	return err
}

// catchUp waits until the recording has all objects that exist, and none that does
// not. It returns a version that is not before the call.
func (r *Recorder) catchUp(ctx context.Context) (uint64, error) {
	goals, err := r.goals(ctx)
	if err != nil {
		return 0, err
	}
	version := goals[0].version
	for _, g := range goals {
		if err := r.await(ctx, g); err != nil {
			return 0, fmt.Errorf("sync the recorder with kind %s: %w", g.follower.kind.Name, err)
		}
		version = min(version, g.version)
	}
	return version, nil
}

// goal is what a kind's recording has to have reached.
type goal struct {
	follower *follower
	version  uint64
	objects  map[types.UID]uint64 // and their versions
}

// goals lists all kinds at once.
func (r *Recorder) goals(ctx context.Context) ([]*goal, error) {
	goals := make([]*goal, len(r.kinds))
	err := r.each(func(i int, f *follower) (err error) {
		goals[i], err = f.goal(ctx)
		return err
	})
	return goals, err
}

func (f *follower) goal(ctx context.Context) (*goal, error) {
	list, err := f.listVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("list versions of kind %s: %w", f.kind.Name, err)
	}
	version, err := parseVersion(list.ResourceVersion)
	if err != nil {
		return nil, fmt.Errorf("list versions of kind %s: %w", f.kind.Name, err)
	}
	g := &goal{follower: f, version: version, objects: map[types.UID]uint64{}}
	for i := range list.Items {
		item := &list.Items[i]
		if g.objects[item.UID], err = parseVersion(item.ResourceVersion); err != nil {
			return nil, fmt.Errorf("list versions of kind %s: %w", f.kind.Name, err)
		}
	}
	return g, nil
}

// listVersions asks again when a server that is busy did not answer, or one that is
// starting refuses: a mark that is missing would end a lab. It takes ten seconds to
// give up.
func (f *follower) listVersions(ctx context.Context) (list *metav1.PartialObjectMetadataList, err error) {
	backoff := wait.Backoff{Duration: 300 * time.Millisecond, Factor: 2, Steps: 6}
	mends := func(error) bool { return ctx.Err() == nil }
	// What OnError itself returns is nil when ctx has ended.
	_ = retry.OnError(backoff, mends, func() error {
		list, err = f.versions.List(ctx, metav1.ListOptions{})
		return err
	})
	return list, err
}

// await waits until a kind's recording has reached a goal.
func (r *Recorder) await(ctx context.Context, g *goal) error {
	return r.until(ctx, g.reached)
}

// until waits until something holds that changes with the recording. It is asked with
// the lock held.
func (r *Recorder) until(ctx context.Context, holds func() bool) error {
	for {
		r.mu.Lock()
		reached, grown, err := holds(), r.grown, r.err
		r.mu.Unlock()
		if err != nil || reached {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.done:
		case <-grown:
		}
	}
}

// reached reports that the kind's recording covers the list. The caller holds
// the recorder's lock.
func (g *goal) reached() bool {
	f := g.follower
	if f.through >= g.version {
		return true
	}
	for uid, version := range g.objects {
		if seen := f.live[uid]; seen == nil || seen.ResourceVersion < version {
			return false
		}
	}
	// f.through is below the list's version: what exists and is not listed was
	// deleted in between and its deletion has not arrived.
	return len(f.live) == len(g.objects)
}

// fenceSeconds is how long the server lets a fence's watch live. It sends a bookmark two
// seconds before the end (k8s.io/apiserver/pkg/storage/cacher: nextBookmarkTime), or
// rather the next time that it looks, which is within 1.25 s. The end must be far
// enough away for the bookmark to be in the future.
const fenceSeconds = 3

// fence returns when all changes of the kind up to a version have been recorded, those
// of objects that came and went included. The lists do not have these, and the
// recording's own watch gets a bookmark only once a minute: so a second watch begins
// where the first one is, and gets one soon.
func (f *follower) fence(ctx context.Context, version uint64) error {
	if f.seenThrough() >= version {
		return nil
	}
	waiting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		f.watchBriefly(waiting)
		stop(errNoBookmark)
	}()
	err := f.recorder.until(waiting, func() bool { return f.through >= version })
	if errors.Is(context.Cause(waiting), errNoBookmark) {
		return nil
	}
	return err
}

// errNoBookmark is the error of a fence whose watch the server ended in its time without
// a bookmark, as one without a watch cache does. What had happened before it began has
// had seconds to arrive.
var errNoBookmark = errors.New("the watch had no bookmark")

// watchBriefly watches until ctx ends or a watch has lived as long as it may.
func (f *follower) watchBriefly(ctx context.Context) {
	for ctx.Err() == nil {
		started := time.Now()
		err := f.stream(ctx, metav1.ListOptions{TimeoutSeconds: ptr.To[int64](fenceSeconds)})
		if err == nil && time.Since(started) >= fenceSeconds*time.Second {
			return
		}
		sleep(ctx, restartDelay-time.Since(started))
	}
}

// UnsettledError is the error of WaitSettled when time was over first.
type UnsettledError struct {
	Reason string // for people, as in "Pod web-x7k2p is terminating"
	Err    error  // the context's
}

func (e *UnsettledError) Error() string { return "the lab has not settled: " + e.Reason }

func (e *UnsettledError) Unwrap() error { return e.Err }

// WaitSettled returns when the lab has settled: the end of the timeline is so by
// timeline.Settled, nothing was recorded for the quiet time, and everything that had
// happened on the server when it began was recorded, as with Sync. When ctx ends first,
// the error is an *UnsettledError with what was still moving.
func (r *Recorder) WaitSettled(ctx context.Context, quiet time.Duration) error {
	return r.waitSettled(ctx, quiet, r.Sync)
}

// WaitCalm is WaitSettled for who goes on and does not judge: it is quicker by the
// seconds that Sync takes, and what came and went in the last moments may be missing.
func (r *Recorder) WaitCalm(ctx context.Context, quiet time.Duration) error {
	return r.waitSettled(ctx, quiet, r.CatchUp)
}

func (r *Recorder) waitSettled(ctx context.Context, quiet time.Duration, sync func(context.Context) error) error {
	for {
		now := r.look()
		ok, why := timeline.Settled(now.timeline.State())
		if !ok {
			if err := r.grow(ctx, now); err != nil {
				return unsettled(ctx, why, err)
			}
			continue
		}
		why, err := r.rest(ctx, now, quiet, sync)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !errors.Is(err, errGrown) {
			return unsettled(ctx, why, err)
		}
	}
}

// look is one look at a recording.
type look struct {
	timeline *timeline.Timeline
	last     time.Time // of the last entry
	count    int       // of entries
}

func (r *Recorder) look() look {
	r.mu.Lock()
	defer r.mu.Unlock()
	return look{r.builder.Timeline(), r.last, r.count}
}

// grow waits for the next entry.
func (r *Recorder) grow(ctx context.Context, l look) error {
	return r.until(ctx, func() bool { return r.count != l.count })
}

// errGrown is the error of a rest that the next entry ended.
var errGrown = errors.New("something was recorded")

// calm is how long nothing may have been recorded before it is worth asking the server
// whether that is all.
const calm = 100 * time.Millisecond

// rest waits until the quiet time is over and the recording has been in sync in it. If
// it does not come to that, why says what was missing.
func (r *Recorder) rest(ctx context.Context, l look, quiet time.Duration, sync func(context.Context) error) (why string, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		stop(cmp.Or(r.grow(ctx, l), errGrown))
	}()
	why = fmt.Sprintf("something happened less than %v ago", quiet)
	if sleep(ctx, min(quiet, calm)-time.Since(l.last)); ctx.Err() != nil {
		return why, context.Cause(ctx)
	}
	if err := sync(ctx); err != nil {
		return "the recorder has not caught up with the cluster", cmp.Or(context.Cause(ctx), err)
	}
	if sleep(ctx, quiet-time.Since(l.last)); ctx.Err() != nil {
		return why, context.Cause(ctx)
	}
	return "", nil
}

func unsettled(ctx context.Context, why string, err error) error {
	if ctx.Err() == nil {
		return fmt.Errorf("wait until the lab has settled: %w", err)
	}
	return &UnsettledError{Reason: why, Err: ctx.Err()}
}
