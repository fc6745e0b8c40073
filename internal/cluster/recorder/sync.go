package recorder

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// Sync returns when everything that had happened on the server before the call is
// in the timeline: it lists every kind, and waits until each object of the lists
// has been seen in the listed version or a later one, and each object that is not in
// them has been seen to go. What it cannot notice is an object whose creation and
// deletion both are still on their way; they take their place in the timeline
// when they arrive.
func (r *Recorder) Sync(ctx context.Context) error {
	_, err := r.sync(ctx)
	return err
}

// Mark syncs and adds a mark with the resourceVersion that was read: the events
// before it had happened before the call. A ResourceVersion in m is replaced.
func (r *Recorder) Mark(ctx context.Context, m timeline.Mark) error {
	version, err := r.sync(ctx)
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

// sync returns the version up to which everything of every kind has been seen.
func (r *Recorder) sync(ctx context.Context) (uint64, error) {
	goals, err := r.goals(ctx)
	if err != nil {
		return 0, fmt.Errorf("sync the recorder: %w", err)
	}
	version := goals[0].version
	for _, g := range goals {
		if err := r.await(ctx, g); err != nil {
			return 0, fmt.Errorf("sync the recorder with kind %s: %w", g.follower.kind, err)
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
	errs := make(chan error)
	for i, f := range r.kinds {
		go func() {
			var err error
			goals[i], err = f.goal(ctx)
			errs <- err
		}()
	}
	var first error
	for range r.kinds {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return goals, first
}

func (f *follower) goal(ctx context.Context) (*goal, error) {
	list, err := f.versions.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list versions of kind %s: %w", f.kind, err)
	}
	version, err := parseVersion(list.ResourceVersion)
	if err != nil {
		return nil, fmt.Errorf("list versions of kind %s: %w", f.kind, err)
	}
	g := &goal{follower: f, version: version, objects: map[types.UID]uint64{}}
	for i := range list.Items {
		item := &list.Items[i]
		if g.objects[item.UID], err = parseVersion(item.ResourceVersion); err != nil {
			return nil, fmt.Errorf("list versions of kind %s: %w", f.kind, err)
		}
	}
	return g, nil
}

func (r *Recorder) await(ctx context.Context, g *goal) error {
	listed := time.Now()
	for {
		r.mu.Lock()
		reached, grown, err := g.reached(), r.grown, r.err
		r.late.note(time.Now(), time.Since(listed))
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

// UnsettledError is the error of WaitSettled when time was over first.
type UnsettledError struct {
	Reason string // for people, as in "Pod web-x7k2p is terminating"
	Err    error  // the context's
}

func (e *UnsettledError) Error() string { return "the lab has not settled: " + e.Reason }

func (e *UnsettledError) Unwrap() error { return e.Err }

// WaitSettled returns when the lab has settled: the end of the timeline is so by
// timeline.Settled, nothing happened for the quiet time, and everything that had
// happened on the server by then was recorded. Nothing happened in the quiet time
// when nothing was recorded in it and in the time by which events have been late of
// late. When ctx ends first, the error is an *UnsettledError with what was still moving.
func (r *Recorder) WaitSettled(ctx context.Context, quiet time.Duration) error {
	for {
		now := r.look()
		ok, why := timeline.Settled(now.timeline.State())
		rest := max(0, quiet+now.late-time.Since(now.last))
		if ok && rest == 0 {
			if ok, err := r.confirm(ctx, now); ok || err != nil {
				return err
			}
			continue
		}
		if ok {
			why = fmt.Sprintf("something happened less than %v ago", quiet)
		}
		if err := r.rest(ctx, now, ok, rest); err != nil {
			return unsettled(ctx, why, err)
		}
	}
}

// look is one look at a recording.
type look struct {
	timeline *timeline.Timeline
	last     time.Time // of the last entry
	count    int       // of entries
	late     time.Duration
	grown    <-chan struct{}
}

func (r *Recorder) look() look {
	r.mu.Lock()
	defer r.mu.Unlock()
	return look{r.builder.Timeline(), r.last, r.count, r.late.now(time.Now()), r.grown}
}

// confirm reports that nothing was missing when l was looked at.
func (r *Recorder) confirm(ctx context.Context, l look) (bool, error) {
	if err := r.Sync(ctx); err != nil {
		return false, unsettled(ctx, "the recorder has not caught up with the cluster", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count == l.count, nil
}

// rest waits for the next entry, and if nothing else is missing for the rest of the
// quiet time.
func (r *Recorder) rest(ctx context.Context, l look, settled bool, rest time.Duration) error {
	var quiet <-chan time.Time
	if settled {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		quiet = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return r.Err()
	case <-l.grown:
	case <-quiet:
	}
	return nil
}

func unsettled(ctx context.Context, why string, err error) error {
	if ctx.Err() == nil {
		return fmt.Errorf("wait until the lab has settled: %w", err)
	}
	return &UnsettledError{Reason: why, Err: ctx.Err()}
}
