package recordertest

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Transport is a http.RoundTripper that does to watches what networks and servers do.
// Lists pass untouched. Its zero value does nothing; set Base with Wrap.
type Transport struct {
	Base http.RoundTripper // nil means http.DefaultTransport

	mu      sync.Mutex
	delay   map[string]time.Duration // by resource
	stale   map[string]bool
	open    map[*watchBody]string
	watches map[string]int
}

// Wrap is for rest.Config.WrapTransport.
func (t *Transport) Wrap(base http.RoundTripper) http.RoundTripper {
	t.Base = base
	return t
}

// Delay hands out every event of a resource's watches, as in "pods", so much later.
func (t *Transport) Delay(resource string, by time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.delay == nil {
		t.delay = map[string]time.Duration{}
	}
	t.delay[resource] = by
}

// Cut breaks a resource's open watches in the middle of a line.
func (t *Transport) Cut(resource string) {
	t.end(resource, []byte(`{"type":"MODI`))
}

// Expire ends a resource's open watches and answers the next one as a server does that
// no longer has the version asked for: with the event 410 Gone.
func (t *Transport) Expire(resource string) {
	t.mu.Lock()
	if t.stale == nil {
		t.stale = map[string]bool{}
	}
	t.stale[resource] = true
	t.mu.Unlock()
	t.end(resource, nil)
}

// Watches returns how many watches of a resource have begun.
func (t *Transport) Watches(resource string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watches[resource]
}

func (t *Transport) end(resource string, last []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for body, r := range t.open {
		if r == resource {
			body.cut(last)
		}
	}
}

// RoundTrip does the request, and wraps the answer of a watch.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resource := request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]
	if request.URL.Query().Get("watch") == "" {
		return base.RoundTrip(request)
	}
	if t.watch(resource) {
		return gone(request), nil
	}
	response, err := base.RoundTrip(request)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	response.Body = t.wrap(response.Body, resource)
	return response, nil
}

// watch counts a watch, and reports that its version is no longer there.
func (t *Transport) watch(resource string) (expired bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watches == nil {
		t.watches = map[string]int{}
	}
	t.watches[resource]++
	expired = t.stale[resource]
	delete(t.stale, resource)
	return expired
}

// gone is the API server's answer: the watch begins, and its first event ends it.
func gone(request *http.Request) *http.Response {
	event := `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",` +
		`"message":"too old resource version","reason":"Expired","code":410}}` + "\n"
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/json;stream=watch"}},
		Body:    io.NopCloser(strings.NewReader(event)),
		Request: request, ContentLength: -1,
	}
}

func (t *Transport) wrap(body io.ReadCloser, resource string) io.ReadCloser {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &watchBody{body: body, frames: make(chan frame, 10_000), closed: make(chan struct{}), broken: make(chan []byte, 1)}
	w.forget = func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, w)
	}
	if t.open == nil {
		t.open = map[*watchBody]string{}
	}
	t.open[w] = resource
	go w.read(func() time.Duration {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.delay[resource]
	})
	return w
}

// frame is a line of a watch, and when it may be read.
type frame struct {
	line []byte
	due  time.Time
	err  error
}

// watchBody is the body of a watch's answer, line by line.
type watchBody struct {
	body   io.ReadCloser
	frames chan frame
	broken chan []byte // what is still to be read, then the connection is broken
	closed chan struct{}
	once   sync.Once
	forget func()

	rest []byte
	err  error
}

func (w *watchBody) read(delay func() time.Duration) {
	lines := bufio.NewReader(w.body)
	for {
		line, err := lines.ReadBytes('\n')
		select {
		case w.frames <- frame{line, time.Now().Add(delay()), err}:
		case <-w.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (w *watchBody) cut(last []byte) {
	select {
	case w.broken <- last:
	default:
	}
}

// Read hands out the next line when it is due.
func (w *watchBody) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.next()
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *watchBody) next() {
	select {
	case last := <-w.broken:
		w.fail(last)
	case f := <-w.frames:
		w.wait(f)
	case <-w.closed:
		w.err = http.ErrBodyReadAfterClose
	}
}

func (w *watchBody) wait(f frame) {
	select {
	case last := <-w.broken:
		w.fail(last)
	case <-w.closed:
		w.err = http.ErrBodyReadAfterClose
	case <-time.After(time.Until(f.due)):
		w.rest, w.err = f.line, f.err
	}
}

// fail ends the stream, cleanly if nothing is torn.
func (w *watchBody) fail(last []byte) {
	w.rest, w.err = last, io.EOF
	if last != nil {
		w.err = io.ErrUnexpectedEOF
	}
}

// Close ends the request.
func (w *watchBody) Close() error {
	w.once.Do(func() {
		close(w.closed)
		w.forget()
	})
	return w.body.Close()
}
