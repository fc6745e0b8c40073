// Package recorder records what happens in a cluster as a timeline, while it
// happens: it lists each kind once and then watches it from that version, so that
// every transition is seen, and writes each version to a file as it arrives.
//
// [Start] begins a recording. The person's doings are added with [Recorder.Mark].
// [Recorder.Sync] is a barrier: what had happened on the server before it is in
// the timeline after it. [Recorder.WaitSettled] waits until nothing moves any more.
//
// A watch that the server or the network ends is resumed from the last version
// that arrived: nothing is lost and it is no gap. When the server no longer has
// that version (410 Gone), the kind is listed again: the timeline then has a gap
// and synthetic events for the differences.
//
// Deliberately absent: informers (their relist hides transitions), typed
// clients, any judgement of what is recorded, and writes to the cluster.
package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// ErrClosed is the error of a recorder that has been closed.
var ErrClosed = errors.New("the recorder is closed")

// Options say what to record, from where and to where.
type Options struct {
	Config *rest.Config    // of a user who may list and watch the kinds in all namespaces
	Out    io.Writer       // the timeline file, at its beginning; each line is one Write
	Header timeline.Header // a zero Start becomes the time of the call

	Kinds    []Kind   // nil means DefaultKinds
	LeaveOut []string // namespaces; nil means SystemNamespaces

	// Namespace is the only one that is watched, besides what is in none; empty means
	// all of them. It is for several labs in a cluster, which do not see each other.
	Namespace string

	// Patience is how long a server may refuse what it allowed before: one that starts
	// refuses everybody until it has seen the roles. 0 means half a minute.
	Patience time.Duration
}

// patience is the usual Options.Patience.
const patience = 30 * time.Second

// Recorder records a cluster until it is closed. It is safe for concurrent use.
type Recorder struct {
	out      io.Writer
	leaveOut []string
	start    time.Time
	builder  *timeline.Builder
	kinds    []*follower
	client   *http.Client
	patience time.Duration

	stop    context.CancelFunc
	running sync.WaitGroup
	done    chan struct{} // closed when err is set
	changed chan struct{} // of Changed

	mu    sync.Mutex
	err   error         // why nothing more is recorded
	last  time.Time     // of the last entry
	count int           // of entries
	grown chan struct{} // closed and replaced with each entry and each version seen
}

// Start lists all kinds, writes the header and what exists, and returns while the
// recording goes on until Close. Only the start ends with ctx, not the recording.
func Start(ctx context.Context, o Options) (*Recorder, error) {
	r := newRecorder(o)
	if err := r.connect(o); err != nil {
		return nil, fmt.Errorf("record the cluster: %w", err)
	}
	if err := r.begin(ctx); err != nil {
		r.client.CloseIdleConnections()
		return nil, fmt.Errorf("record the cluster: %w", err)
	}
	recording, stop := context.WithCancel(logr.NewContext(context.WithoutCancel(ctx), logr.Discard()))
	r.stop = stop
	for _, k := range r.kinds {
		r.running.Go(func() { k.follow(recording) })
	}
	return r, nil
}

func newRecorder(o Options) *Recorder {
	if o.Header.Start.IsZero() {
		o.Header.Start = time.Now()
	}
	r := &Recorder{
		out:      o.Out,
		leaveOut: o.LeaveOut,
		patience: cmp.Or(o.Patience, patience),
		start:    o.Header.Start,
		builder:  timeline.NewBuilder(o.Header),
		stop:     func() {},
		done:     make(chan struct{}),
		changed:  make(chan struct{}, 1),
		last:     time.Now(),
		grown:    make(chan struct{}),
	}
	if r.leaveOut == nil {
		r.leaveOut = SystemNamespaces()
	}
	return r
}

// connect makes the clients. They share connections, and no limit of the
// client's own holds a barrier up.
func (r *Recorder) connect(o Options) error {
	config := rest.CopyConfig(o.Config)
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return err
	}
	versions, err := metadata.NewForConfigAndClient(config, client)
	if err != nil {
		return err
	}
	kinds := o.Kinds
	if kinds == nil {
		kinds = DefaultKinds()
	}
	for _, k := range kinds {
		namespace := o.Namespace
		if k.Cluster {
			namespace = metav1.NamespaceAll
		}
		r.kinds = append(r.kinds, &follower{
			recorder: r, kind: k,
			objects:  objects.Resource(k.Resource).Namespace(namespace),
			versions: versions.Resource(k.Resource).Namespace(namespace),
		})
	}
	r.client = client
	return nil
}

// begin lists everything before it writes anything, so that a cluster that does
// not answer leaves no file that looks like a recording.
func (r *Recorder) begin(ctx context.Context) error {
	lists := make([]*listing, len(r.kinds))
	err := r.each(func(i int, k *follower) (err error) {
		lists[i], err = k.list(ctx, metav1.ListOptions{})
		return err
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := r.builder.Timeline().Header().Line()
	if err != nil {
		return err
	}
	if err := r.write(line); err != nil {
		return err
	}
	for i, k := range r.kinds {
		k.begin(lists[i])
	}
	return r.err
}

// each does something for all kinds at once and returns one of the errors.
func (r *Recorder) each(do func(i int, k *follower) error) error {
	var all errgroup.Group
	for i, k := range r.kinds {
		all.Go(func() error { return do(i, k) })
	}
	return all.Wait()
}

// Timeline returns what has been recorded so far. When the recording has ended by
// itself, which Err says, the end is missing in it.
func (r *Recorder) Timeline() *timeline.Timeline { return r.builder.Timeline() }

// Changed returns a channel that receives when the timeline has grown since the last
// time; several entries can be one. It is always the same and for one reader.
func (r *Recorder) Changed() <-chan struct{} { return r.changed }

// Done returns a channel that is closed when the recording has ended, by Close or by
// itself.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Err returns why the recording ended by itself: the file could not be written, or the
// cluster refuses to be watched. It is nil while it goes on and ErrClosed after Close.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close ends the recording and waits until nothing of it runs any more. It returns the
// error that ended the recording before, if one did. It does not close Out, but
// asks it to put what was written on the disk if it can.
func (r *Recorder) Close() error {
	r.fail(ErrClosed)
	r.running.Wait()
	r.client.CloseIdleConnections()
	if err := r.Err(); !errors.Is(err, ErrClosed) {
		return err
	}
	if f, ok := r.out.(interface{ Sync() error }); ok {
		if err := f.Sync(); err != nil {
			return fmt.Errorf("write the timeline: %w", err)
		}
	}
	return nil
}

// fail ends the recording, unless it has ended.
func (r *Recorder) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(err)
}

// end is fail for who holds the lock.
func (r *Recorder) end(err error) {
	if r.err != nil {
		return
	}
	r.err = err
	r.stop()
	close(r.done)
}

// append records an entry, or ends the recording if that cannot be. The caller
// holds the lock.
func (r *Recorder) append(e timeline.Entry) {
	if r.err != nil {
		return
	}
	now := time.Now()
	e.At = max(0, now.Sub(r.start))
	line, err := e.Line()
	if err == nil {
		err = r.write(line)
	}
	if err != nil {
		r.end(err)
		return
	}
	r.builder.Append(e)
	r.last, r.count = now, r.count+1
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *Recorder) write(line []byte) error {
	if _, err := r.out.Write(line); err != nil {
		return fmt.Errorf("write the timeline: %w", err)
	}
	return nil
}

// wake tells waiting barriers to look again. The caller holds the lock.
func (r *Recorder) wake() {
	close(r.grown)
	r.grown = make(chan struct{})
}

func (r *Recorder) leavesOut(namespace string) bool { return slices.Contains(r.leaveOut, namespace) }
