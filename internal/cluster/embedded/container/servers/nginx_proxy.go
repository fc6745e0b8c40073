package servers

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// proxy answers with what another server says: "proxy_pass".
func (x *exchange) proxy(target string) {
	to, err := url.Parse(x.expand(target))
	if err != nil || to.Host == "" {
		x.log("error", "invalid URL prefix in %q", target)
		x.page(http.StatusInternalServerError)
		return
	}
	response, err := x.forward(to)
	if err != nil {
		x.unreachable(err)
		return
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		if !slices.Contains(hopByHop(), name) && name != "Server" && name != "Date" {
			x.w.Header()[name] = values
		}
	}
	x.header(response.StatusCode)
	x.w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(x.w, response.Body) // a client or a server that leaves ends it
}

// hopByHop are the headers that are not passed on.
func hopByHop() []string {
	return []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}
}

// forward asks the servers of an upstream, beginning with the one whose turn it is, until one is
// there. A request with a body is tried once.
func (x *exchange) forward(to *url.URL) (*http.Response, error) {
	addresses, ok := x.config.upstreams[to.Host]
	if !ok {
		addresses = []string{withPort(to.Host)}
	}
	var response *http.Response
	err := errors.New("no live upstreams while connecting to upstream")
	first := int(x.turns.Add(1)-1) % max(1, len(addresses))
	for i := range addresses {
		address := addresses[(first+i)%len(addresses)]
		if response, err = x.ask(to, address); err == nil || x.r.ContentLength != 0 {
			return response, err
		}
		if i < len(addresses)-1 {
			x.log("error", "%s while connecting to upstream", connectText(err))
		}
	}
	return response, err
}

// ask sends the request to one server.
func (x *exchange) ask(to *url.URL, address string) (*http.Response, error) {
	target := "http://" + address + x.target(to)
	x.upstream = target
	r, err := http.NewRequestWithContext(x.r.Context(), x.r.Method, target, x.r.Body)
	if err != nil {
		return nil, err
	}
	r.ContentLength = x.r.ContentLength
	for name, values := range x.r.Header {
		if !slices.Contains(hopByHop(), name) {
			r.Header[name] = values
		}
	}
	r.Host = to.Host
	for _, h := range x.scope.proxyHeaders {
		value := x.expand(h[1])
		switch {
		case strings.EqualFold(h[0], "Host"):
			r.Host = value
		case strings.EqualFold(h[0], "Connection"), strings.EqualFold(h[0], "Upgrade"):
		case value == "":
			r.Header.Del(h[0])
		default:
			r.Header.Set(h[0], value)
		}
	}
	transport := &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute) // proxy_connect_timeout
			defer cancel()
			return x.proc.Dial(ctx, network, address)
		},
	}
	return transport.RoundTrip(r)
}

// target is the path to ask for: the client's, or with the location's prefix replaced by the path
// of proxy_pass.
func (x *exchange) target(to *url.URL) string {
	if to.Path == "" {
		return x.r.URL.RequestURI()
	}
	rest := x.uri
	if x.location != nil && x.location.regex == nil {
		rest = strings.TrimPrefix(x.uri, x.location.pattern)
	}
	path := (&url.URL{Path: to.Path + rest}).EscapedPath()
	if args := x.args(); args != "" {
		path += "?" + args
	}
	return path
}

// unreachable answers for a server that does not.
func (x *exchange) unreachable(err error) {
	var timeout net.Error
	switch {
	case x.r.Context().Err() != nil:
		x.w.status = 499 // the client has gone
	case errors.As(err, &timeout) && timeout.Timeout():
		x.log("error", "upstream timed out (110: Connection timed out) while connecting to upstream")
		x.status(http.StatusGatewayTimeout)
	default:
		x.log("error", "%s while connecting to upstream", connectText(err))
		x.status(http.StatusBadGateway)
	}
}

// connectText is a failed connection in nginx' words.
func connectText(err error) string {
	var dns *net.DNSError
	var number syscall.Errno
	switch {
	case errors.As(err, &dns):
		return dns.Name + " could not be resolved (3: Host not found)"
	case errors.As(err, &number):
		return "connect() failed (" + errnoText(number) + ")"
	}
	return err.Error()
}
