package servers

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// web is an HTTP server on one port of a container.
type web struct {
	server   *http.Server
	listener net.Listener
	requests counter
	served   chan struct{}
}

// serveWeb answers requests on a listener until close or shutdown.
func serveWeb(l net.Listener, handler http.Handler) *web {
	w := &web{listener: l, served: make(chan struct{})}
	w.server = &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			if w.requests.enter() {
				defer w.requests.leave()
				handler.ServeHTTP(rw, req)
			}
		}),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(w.served)
		_ = w.server.Serve(l) // ends when it is closed, or when the container is
	}()
	return w
}

// close ends all connections and returns when no request is being answered any more.
func (w *web) close() {
	w.server.Close()
	<-w.served
	w.requests.wait()
}

// shutdown lets the requests end that are being answered, as long as ctx allows.
func (w *web) shutdown(ctx context.Context) error { return w.server.Shutdown(ctx) }

// counter counts the requests that are being answered.
type counter struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// enter is false once somebody waits for the end of all requests.
func (c *counter) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.group.Add(1)
	}
	return !c.closed
}

func (c *counter) leave() { c.group.Done() }

// wait lets nobody in any more, and returns when all have left.
func (c *counter) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.group.Wait()
}

// answer remembers what was sent, for an access log.
type answer struct {
	http.ResponseWriter
	status  int
	bytes   int64
	instead int // a status to send for 200; 0 for none
}

// WriteHeader remembers the status.
func (a *answer) WriteHeader(status int) {
	if status == http.StatusOK && a.instead != 0 {
		status = a.instead
	}
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body.
func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func requestLine(req *http.Request) string {
	return req.Method + " " + req.RequestURI + " " + req.Proto
}

// client is the address that a request came from.
func client(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return req.RemoteAddr
	}
	return host
}

// dash is what an access log has for what is missing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// logTime is the time in an access log.
func logTime(t time.Time) string { return t.UTC().Format("02/Jan/2006:15:04:05 +0000") }
