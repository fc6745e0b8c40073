package recorder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/recorder/recordertest"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// file is what a recorder writes to. It counts writes.
type file struct {
	mu     sync.Mutex
	b      bytes.Buffer
	writes int
}

func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	return f.b.Write(p)
}

func (f *file) read(t *testing.T) *timeline.Timeline {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	tl, err := timeline.Read(bytes.NewReader(f.b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

// lab is a server, a recorder of it and its file.
type lab struct {
	*server
	*recorder.Recorder
	file      *file
	transport *recordertest.Transport
}

func start(t *testing.T, s *server) *lab {
	t.Helper()
	l := &lab{server: s, file: &file{}, transport: &recordertest.Transport{}}
	config := s.config()
	config.WrapTransport = l.transport.Wrap
	r, err := recorder.Start(t.Context(), recorder.Options{Config: config, Kinds: someKinds(), Out: l.file, Header: timeline.Header{Lab: "test"}, Patience: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	l.Recorder = r
	t.Cleanup(func() { _ = r.Close() })
	return l
}

// someKinds are those that the server has.
func someKinds() []recorder.Kind { return recorder.DefaultKinds()[:2] }

func (l *lab) Close() error { return l.Recorder.Close() }

// soon is a context that ends long after anything that goes well.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (l *lab) sync(t *testing.T) {
	t.Helper()
	if err := l.Sync(soon(t)); err != nil {
		t.Fatal(err)
	}
}

// told says what is in a timeline, one word for each entry.
func told(tl *timeline.Timeline) string {
	var words []string
	for _, e := range tl.Entries() {
		switch {
		case e.Event != nil:
			word := fmt.Sprintf("%s:%s@%d", e.Event.Type, e.Event.Name, e.Event.ResourceVersion)
			if e.Event.Synthetic {
				word += "*"
			}
			words = append(words, word)
		case e.Mark != nil:
			words = append(words, fmt.Sprintf("mark:%s@%d", e.Mark.Name, e.Mark.ResourceVersion))
		default:
			words = append(words, fmt.Sprintf("gap:%s@%d-%d", e.Gap.Kind, e.Gap.From, e.Gap.To))
		}
	}
	return strings.Join(words, " ")
}

func (l *lab) expect(t *testing.T, want string) {
	t.Helper()
	if got := told(l.Timeline()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := told(l.file.read(t)); got != want {
		t.Errorf("the file has %s\nwant %s", got, want)
	}
}

func TestRecordsListAndChanges(t *testing.T) {
	s := newServer(t)
	s.put("pods", "b")
	s.put("pods", "a")
	s.put("replicasets", "web")
	l := start(t, s)
	s.put("pods", "b")
	s.delete("pods", "a")
	s.put("replicasets", "web")
	l.sync(t)
	l.expect(t, "ADDED:b@101 ADDED:a@102 ADDED:web@103 MODIFIED:b@104 DELETED:a@105 MODIFIED:web@106")
	if got := l.file.writes; got != 7 {
		t.Errorf("got %d writes for 7 lines", got)
	}
}

func TestKeepsWhoWroteButNotWhat(t *testing.T) {
	s := newServer(t)
	s.put("pods", "a")
	l := start(t, s)
	pod := l.Timeline().State().Pod("default", "a")
	if pod == nil || len(pod.ManagedFields) != 1 {
		t.Fatalf("got Pod %v", pod)
	}
	m := pod.ManagedFields[0]
	if m.Manager != "test" || m.Operation != "Update" || m.Subresource != "status" || m.Time == nil || m.FieldsV1 != nil {
		t.Errorf("got managedFields %+v", m)
	}
	if strings.Contains(l.file.b.String(), "fieldsV1") {
		t.Error("fieldsV1 is in the file")
	}
}

func TestRecordsOneNamespace(t *testing.T) {
	s := newServer(t)
	s.putIn("shop", "pods", "web")
	s.put("pods", "a")
	f := &file{}
	r, err := recorder.Start(t.Context(), recorder.Options{Config: s.config(), Kinds: someKinds(), Out: f, Namespace: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Recorder: r, file: f}
	t.Cleanup(func() { _ = l.Close() })
	s.put("pods", "b")
	s.putIn("shop", "replicasets", "web")
	l.sync(t)
	l.expect(t, "ADDED:web@101 ADDED:web@104")
}

func TestLeavesHeartbeatsOut(t *testing.T) {
	s, f := newServer(t), &file{}
	node := func(ready, heartbeat string) {
		s.put("nodes", "n", fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":%q,"lastHeartbeatTime":%q}]}}`, ready, heartbeat))
	}
	node("True", "2026-11-21T10:00:00Z")
	kinds := slices.DeleteFunc(recorder.DefaultKinds(), func(k recorder.Kind) bool { return !k.Heartbeat })
	r, err := recorder.Start(t.Context(), recorder.Options{Config: s.config(), Kinds: kinds, Out: f})
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{Recorder: r, file: f}
	t.Cleanup(func() { _ = l.Close() })
	node("True", "2026-11-21T10:05:00Z")
	l.sync(t)
	node("False", "2026-11-21T10:10:00Z")
	node("False", "2026-11-21T10:15:00Z")
	l.sync(t)
	l.expect(t, "ADDED:n@101 MODIFIED:n@103")
}

func TestLeavesSystemNamespacesOut(t *testing.T) {
	s := newServer(t)
	s.putIn("kube-system", "pods", "coredns")
	l := start(t, s)
	s.putIn("kube-system", "pods", "coredns")
	s.putIn("shop", "pods", "web")
	l.sync(t)
	l.expect(t, "ADDED:web@103")
}

func TestSyncWaits(t *testing.T) {
	for name, change := range map[string]func(*server){
		"creation": func(s *server) { s.put("pods", "b") },
		"change":   func(s *server) { s.put("pods", "a") },
		"deletion": func(s *server) { s.delete("pods", "a") },
		"replacement": func(s *server) {
			s.delete("pods", "a")
			s.put("pods", "b")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.put("pods", "a")
			s.put("replicasets", "web")
			l := start(t, s)
			s.set(func() { s.hold["pods"] = true })
			change(s)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := l.Sync(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Sync did not wait: %v", err)
			}
			s.set(func() { s.hold["pods"] = false })
			l.sync(t)
			if want := s.log[len(s.log)-1].version; !strings.Contains(told(l.Timeline()), fmt.Sprint("@", want)) {
				t.Errorf("version %d is not in %s", want, told(l.Timeline()))
			}
		})
	}
}

func TestMarksStandBetweenWhatHappened(t *testing.T) {
	l := start(t, newServer(t))
	l.transport.Delay("pods", 300*time.Millisecond)
	mark := func(name string) {
		t.Helper()
		if err := l.Mark(soon(t), timeline.Mark{Type: timeline.MarkStep, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	l.put("pods", "a")
	mark("one")
	l.put("pods", "b")
	l.put("replicasets", "web")
	mark("two")
	l.put("pods", "c")
	l.put("replicasets", "web")
	l.sync(t)
	l.expect(t, "ADDED:a@101 mark:one@101 ADDED:b@102 ADDED:web@103 mark:two@103 ADDED:c@104 MODIFIED:web@105")
}

func TestCutWatchIsNoGap(t *testing.T) {
	l := start(t, newServer(t))
	l.put("pods", "a")
	l.sync(t)
	l.transport.Cut("pods")
	for l.transport.Watches("pods") < 2 {
		l.put("pods", "a")
		time.Sleep(20 * time.Millisecond)
	}
	l.delete("pods", "a")
	l.sync(t)
	entries := l.Timeline().Entries()
	if len(entries) != len(l.log) {
		t.Errorf("got %d entries of %d changes: %s", len(entries), len(l.log), told(l.Timeline()))
	}
	if gaps := l.Timeline().Whole().Gaps(); len(gaps) != 0 {
		t.Errorf("got gaps %v", gaps)
	}
}

func TestServerThatRepeatsItself(t *testing.T) {
	s := newServer(t)
	l := start(t, s)
	s.put("pods", "a")
	s.put("pods", "b")
	l.sync(t)
	s.set(func() { s.repeats = true })
	l.transport.Cut("pods")
	for l.transport.Watches("pods") < 2 {
		time.Sleep(10 * time.Millisecond)
	}
	s.put("pods", "c")
	l.sync(t)
	l.expect(t, "ADDED:a@101 ADDED:b@102 ADDED:c@103")
}

func (l *lab) until(t *testing.T, what string, is func(*timeline.Timeline) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(l.Timeline()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to it that %s", what)
		}
	}
}

func TestExpiredWatchIsAGap(t *testing.T) {
	s := newServer(t)
	l := start(t, s)
	s.put("pods", "a")
	l.sync(t)
	l.transport.Expire("pods")
	for len(l.Timeline().Whole().Gaps()) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	s.put("pods", "a")
	l.sync(t)
	l.expect(t, "ADDED:a@101 gap:Pod@101-101 MODIFIED:a@102")
}

func TestGoneIsAGap(t *testing.T) {
	for name, early := range map[string]bool{"as an event": false, "as the answer": true} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			for _, pod := range []string{"changed", "gone", "same"} {
				s.put("pods", pod)
			}
			l := start(t, s)
			s.set(func() { s.hold["pods"], s.early["pods"] = true, early })
			s.put("pods", "changed")
			s.delete("pods", "gone")
			s.put("pods", "new")
			s.compact("pods")
			s.set(func() { s.hold["pods"] = false })
			l.transport.Cut("pods")
			s.put("replicasets", "web")
			l.sync(t)
			s.put("pods", "new")
			l.sync(t)
			got := told(l.Timeline())
			// The list comes before or after web, so the gap ends at 106 or 107.
			got = strings.ReplaceAll(strings.ReplaceAll(got, "103-107", "103-106"), "gone@107*", "gone@106*")
			for _, word := range strings.Fields("gap:Pod@103-106 MODIFIED:changed@104* DELETED:gone@106* ADDED:new@106* ADDED:web@107 MODIFIED:new@108") {
				if !strings.Contains(got+" ", word+" ") {
					t.Errorf("no %s in %s", word, got)
				}
			}
			if gaps := l.Timeline().Whole().Gaps(); len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "410 Gone") {
				t.Errorf("got gaps %+v", gaps)
			}
		})
	}
}

// An API server that starts again remembers nothing from before: what happens from
// then on is recorded change by change.
func TestServerStartsAgain(t *testing.T) {
	s := newServer(t)
	s.put("pods", "same")
	s.put("pods", "changed")
	l := start(t, s)
	s.set(func() { s.refuse["pods"], s.hold["pods"] = http.StatusServiceUnavailable, true })
	l.transport.Cut("pods")
	s.put("pods", "changed") // the last thing that the server did
	s.compact("pods")
	s.put("pods", "changed") // and what it did since
	s.put("pods", "brief")
	s.delete("pods", "brief")
	s.set(func() { s.refuse["pods"], s.hold["pods"] = 0, false })
	l.until(t, "there is a gap", func(tl *timeline.Timeline) bool { return len(tl.Whole().Gaps()) > 0 })
	l.sync(t)
	l.expect(t, "ADDED:same@101 ADDED:changed@102 gap:Pod@102-103 MODIFIED:changed@103* MODIFIED:changed@104 ADDED:brief@105 DELETED:brief@106")
}

func TestStartFails(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*server)
		want    string
	}{
		"forbidden":  {func(s *server) { s.refuse["replicasets"] = 403 }, "list kind ReplicaSet"},
		"no answer":  {func(s *server) { s.Close() }, "connection refused"},
		"no version": {func(s *server) { s.version = 0 }, `resourceVersion "0" is not a number above 0`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c.prepare(s)
			out := &file{}
			_, err := recorder.Start(t.Context(), recorder.Options{Config: s.config(), Kinds: someKinds(), Out: out})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
			if out.writes != 0 {
				t.Error("something was written")
			}
		})
	}
}

// A server that has started again refuses everybody until it knows the roles.
func TestForbiddenForAMoment(t *testing.T) {
	l := start(t, newServer(t))
	l.set(func() { l.refuse["pods"] = 403 })
	l.transport.Cut("pods")
	for refused := 0; refused == 0; time.Sleep(10 * time.Millisecond) {
		l.set(func() { refused = l.refused })
	}
	l.put("pods", "meanwhile")
	l.set(func() { l.refuse["pods"] = 0 })
	l.sync(t)
	l.expect(t, "ADDED:meanwhile@101")
}

func TestForbiddenLaterEndsTheRecording(t *testing.T) {
	l := start(t, newServer(t))
	l.set(func() { l.refuse["pods"] = 403 })
	l.transport.Cut("pods")
	select {
	case <-l.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	if err := l.Err(); err == nil || !strings.Contains(err.Error(), "record kind Pod: ") {
		t.Errorf("got error %v", err)
	}
	if err := l.Close(); err == nil {
		t.Error("Close says nothing of it")
	}
}

// fullDisk takes the header and some lines, then half of one.
type fullDisk struct {
	io.Writer
	lines int
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.lines--; d.lines < 0 {
		n, _ := d.Writer.Write(p[:len(p)/2])
		return n, errFull
	}
	return d.Writer.Write(p)
}

func TestFullDisk(t *testing.T) {
	s, out := newServer(t), &file{}
	r, err := recorder.Start(t.Context(), recorder.Options{Config: s.config(), Kinds: someKinds(), Out: &fullDisk{out, 2}})
	if err != nil {
		t.Fatal(err)
	}
	s.put("pods", "a")
	s.put("pods", "b")
	select {
	case <-r.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
	for name, err := range map[string]error{
		"Err":         r.Err(),
		"Sync":        r.Sync(soon(t)),
		"Mark":        r.Mark(soon(t), timeline.Mark{Type: timeline.MarkEnd}),
		"WaitSettled": r.WaitSettled(soon(t), time.Hour),
		"Close":       r.Close(),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if got := out.read(t); told(got) != "ADDED:a@101" || !got.Torn() {
		t.Errorf("the file has %s, torn %v", told(got), got.Torn())
	}
}

const webStatus = `{"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}}},"status":{"observedGeneration":1,"replicas":0}}`

func TestWaitSettled(t *testing.T) {
	s := newServer(t)
	s.put("replicasets", "web", webStatus)
	l := start(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := l.WaitSettled(ctx, 10*time.Millisecond)
	var unsettled *recorder.UnsettledError
	if !errors.As(err, &unsettled) || unsettled.Reason != "ReplicaSet web has 0 Pods and wants 1" || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got error %v", err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		s.put("replicasets", "web", strings.Replace(webStatus, `"spec":{"replicas":1`, `"spec":{"replicas":0`, 1))
	}()
	if err := l.WaitSettled(soon(t), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	entries := l.Timeline().Entries()
	if quiet := time.Since(l.Timeline().Header().Start) - entries[len(entries)-1].At; len(entries) != 2 || quiet < 100*time.Millisecond {
		t.Errorf("settled after %s and %v of quiet", told(l.Timeline()), quiet)
	}
}

func TestWaitCalm(t *testing.T) {
	s := newServer(t)
	s.put("replicasets", "web", webStatus)
	l := start(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var unsettled *recorder.UnsettledError
	if err := l.WaitCalm(ctx, 10*time.Millisecond); !errors.As(err, &unsettled) {
		t.Fatalf("got error %v", err)
	}
	s.put("replicasets", "web", strings.Replace(webStatus, `"spec":{"replicas":1`, `"spec":{"replicas":0`, 1))
	s.mute = true // it needs no bookmarks
	if err := l.WaitCalm(soon(t), 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
}

func TestWaitSettledWaitsForWhatIsOnItsWay(t *testing.T) {
	l := start(t, newServer(t))
	l.set(func() { l.hold["pods"] = true })
	l.put("pods", "a")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := l.WaitSettled(ctx, 10*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "the recorder has not caught up") {
		t.Errorf("got error %v", err)
	}
}

// brief makes a Pod that comes and goes while its kind's watches are late.
func brief(t *testing.T) *lab {
	l := start(t, newServer(t))
	l.transport.Delay("pods", 500*time.Millisecond)
	l.put("pods", "brief")
	l.delete("pods", "brief")
	return l
}

func TestSyncHasWhatCameAndWent(t *testing.T) {
	l := brief(t)
	l.sync(t)
	l.expect(t, "ADDED:brief@101 DELETED:brief@102")
}

func TestWaitSettledHasWhatCameAndWent(t *testing.T) {
	l := brief(t)
	if err := l.WaitSettled(soon(t), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	l.expect(t, "ADDED:brief@101 DELETED:brief@102")
}

func TestMarkStandsAfterWhatCameAndWent(t *testing.T) {
	l := brief(t)
	if err := l.Mark(soon(t), timeline.Mark{Type: timeline.MarkCommand, Name: "mark"}); err != nil {
		t.Fatal(err)
	}
	l.sync(t)
	l.expect(t, "ADDED:brief@101 DELETED:brief@102 mark:mark@102")
}

// A server without a watch cache gives no bookmarks.
func TestSyncWithoutBookmarks(t *testing.T) {
	s := newServer(t)
	s.mute = true
	l := start(t, s)
	l.put("pods", "brief")
	l.delete("pods", "brief")
	l.sync(t)
	l.expect(t, "ADDED:brief@101 DELETED:brief@102")
}

func TestWaitSettledQuiet(t *testing.T) {
	l := start(t, newServer(t))
	l.put("pods", "a", `{"status":{"phase":"Succeeded"}}`)
	l.sync(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // more than it takes to catch up
	defer cancel()
	err := l.WaitSettled(ctx, time.Hour)
	if err == nil || err.Error() != "the lab has not settled: something happened less than 1h0m0s ago" {
		t.Errorf("got error %v", err)
	}
}

func TestChanged(t *testing.T) {
	l := start(t, newServer(t))
	l.put("pods", "a")
	select {
	case <-l.Changed():
	case <-time.After(20 * time.Second):
		t.Fatal("nothing changed")
	}
	if told(l.Timeline()) != "ADDED:a@101" {
		t.Errorf("got %s", told(l.Timeline()))
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := recorder.Start(ctx, recorder.Options{Config: s.config(), Kinds: someKinds(), Out: &file{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

func TestRecordingOutlivesTheStart(t *testing.T) {
	s, out := newServer(t), &file{}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := recorder.Start(ctx, recorder.Options{Config: s.config(), Kinds: someKinds(), Out: out})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	s.put("pods", "a")
	if err := r.Sync(soon(t)); err != nil {
		t.Fatal(err)
	}
	if got := told(r.Timeline()); got != "ADDED:a@101" {
		t.Errorf("got %s", got)
	}
}

func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	s := newServer(t)
	l := start(t, s)
	s.put("pods", "a")
	l.sync(t)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Mark(soon(t), timeline.Mark{Type: timeline.MarkEnd}); !errors.Is(err, recorder.ErrClosed) {
		t.Errorf("Mark after Close: got error %v", err)
	}
	s.CloseClientConnections()
	s.Server.Close()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("goroutines are left:\n%s", buf[:runtime.Stack(buf, true)])
}

func TestEventTypes(t *testing.T) {
	l := start(t, newServer(t))
	l.put("pods", "a")
	l.sync(t)
	l.delete("pods", "a")
	l.sync(t)
	if w := l.Timeline().Whole().Pods(); len(w) != 1 || w[0].Versions()[1].Type != watch.Deleted || w[0].Gone.ResourceVersion != 102 {
		t.Errorf("got %+v", w)
	}
}

// A list that fails once is no reason to lose a mark.
func TestMarkAsksAgain(t *testing.T) {
	s := newServer(t)
	l := start(t, s)
	s.set(func() { s.refuse["pods"] = 500 })
	time.AfterFunc(200*time.Millisecond, func() { s.set(func() { delete(s.refuse, "pods") }) })
	if err := l.Mark(soon(t), timeline.Mark{Type: timeline.MarkStep, Name: "a"}); err != nil {
		t.Fatal(err)
	}
}

func TestMarkOfSomebodyWhoHasGone(t *testing.T) {
	l := start(t, newServer(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Mark(ctx, timeline.Mark{Type: timeline.MarkStep, Name: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
