package podnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

// join adds a Pod that leaves when the test ends.
func join(t *testing.T, n *podnet.Network, ip string) *podnet.Sockets {
	t.Helper()
	ns, err := n.Join(netip.MustParseAddr(ip))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ns.Close)
	return ns.Sockets()
}

func listen(t *testing.T, s *podnet.Sockets, address string) net.Listener {
	t.Helper()
	l, err := s.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// echo answers every connection with what it sends.
func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

// connected returns both ends of a connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	n := podnet.New(podnet.Options{})
	l := listen(t, join(t, n, "10.244.1.2"), ":80")
	client, err := join(t, n, "10.244.1.3").DialContext(t.Context(), "tcp", "10.244.1.2:80")
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

func TestConnIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		n := podnet.New(podnet.Options{})
		a, err := n.Join(netip.MustParseAddr("10.244.1.2"))
		if err != nil {
			return nil, nil, nil, err
		}
		b, err := n.Join(netip.MustParseAddr("10.244.2.2"))
		if err != nil {
			return nil, nil, nil, err
		}
		l, err := a.Sockets().Listen("tcp", ":80")
		if err != nil {
			return nil, nil, nil, err
		}
		near, err := b.Sockets().DialContext(context.Background(), "tcp", "10.244.1.2:80")
		if err != nil {
			return nil, nil, nil, err
		}
		far, err := l.Accept()
		return near, far, func() { near.Close(); far.Close(); a.Close(); b.Close() }, err
	})
}

func TestAddresses(t *testing.T) {
	client, server := connected(t)
	if got := client.RemoteAddr().String(); got != "10.244.1.2:80" {
		t.Errorf("client's remote address is %s", got)
	}
	host, port, _ := net.SplitHostPort(client.LocalAddr().String())
	if host != "10.244.1.3" || port < "32768" {
		t.Errorf("client's own address is %s, want an ephemeral port of 10.244.1.3", client.LocalAddr())
	}
	if server.RemoteAddr().String() != client.LocalAddr().String() {
		t.Errorf("the ends disagree: %s and %s", server.RemoteAddr(), client.LocalAddr())
	}
}

func TestDialErrors(t *testing.T) {
	n := podnet.New(podnet.Options{})
	pod := join(t, n, "10.244.1.2")
	join(t, n, "10.244.1.3")
	for _, tc := range []struct{ address, want string }{
		{"10.244.1.3:80", "dial tcp 10.244.1.3:80: connect: connection refused"},
		{"127.0.0.1:80", "dial tcp 127.0.0.1:80: connect: connection refused"},
		{"web:80", "dial tcp: lookup web: no such host"},
		{"10.244.1.3", "dial tcp: address 10.244.1.3: missing port in address"},
		{"10.244.1.3:http2", "dial tcp: address http2: invalid port"},
		{"10.244.9.9:80", "dial tcp 10.244.9.9:80: i/o timeout"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := pod.DialContext(ctx, "tcp", tc.address)
		cancel()
		if err == nil || err.Error() != tc.want {
			t.Errorf("dial %s: %v, want %s", tc.address, err, tc.want)
		}
	}
	if _, err := pod.DialContext(t.Context(), "tcp", "10.244.1.3:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v is no ECONNREFUSED", err)
	}
	if _, err := pod.DialContext(t.Context(), "udp", "10.244.1.3:53"); err == nil {
		t.Error("udp was dialled")
	}
	if _, err := n.DialContext(t.Context(), "tcp", "127.0.0.1:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("loopback from outside: %v", err)
	}
}

func TestNoRouteToHost(t *testing.T) {
	n := podnet.New(podnet.Options{})
	_, err := n.DialContext(t.Context(), "tcp", "10.244.9.9:80")
	if err == nil || err.Error() != "dial tcp 10.244.9.9:80: connect: no route to host" {
		t.Errorf("dialling an address that nobody has: %v", err)
	}
}

func TestTimeoutIsATimeout(t *testing.T) {
	n := podnet.New(podnet.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := n.DialContext(ctx, "tcp", "10.244.9.9:80")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
}

func TestLoopbackIsOfOneNamespace(t *testing.T) {
	n := podnet.New(podnet.Options{})
	a, b := join(t, n, "10.244.1.2"), join(t, n, "10.244.1.3")
	go echo(listen(t, a, "127.0.0.1:8080"))
	if _, err := a.DialContext(t.Context(), "tcp", "localhost:8080"); err != nil {
		t.Errorf("own loopback: %v", err)
	}
	for _, address := range []string{"127.0.0.1:8080", "10.244.1.2:8080"} {
		if _, err := b.DialContext(t.Context(), "tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("another Pod at %s: %v, want connection refused", address, err)
		}
	}
}

func TestListenConflicts(t *testing.T) {
	n := podnet.New(podnet.Options{})
	a, b := join(t, n, "10.244.1.2"), join(t, n, "10.244.1.3")
	first := listen(t, a, ":80")
	if _, err := a.Listen("tcp", "127.0.0.1:80"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second listener on a port: %v", err)
	}
	if _, err := a.Namespace().Sockets().Listen("tcp", ":80"); err == nil ||
		err.Error() != "listen tcp 0.0.0.0:80: bind: address already in use" {
		t.Errorf("second process on a port: %v", err)
	}
	listen(t, b, ":80")
	if _, err := a.Listen("tcp", "10.244.1.3:81"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("another Pod's address: %v", err)
	}
	first.Close()
	listen(t, a, ":80")
}

func TestPortZero(t *testing.T) {
	n := podnet.New(podnet.Options{})
	a := join(t, n, "10.244.1.2")
	one, two := listen(t, a, ":0"), listen(t, a, ":0")
	if one.Addr().String() == two.Addr().String() {
		t.Errorf("both listeners are at %s", one.Addr())
	}
	go echo(one)
	_, port, _ := net.SplitHostPort(one.Addr().String())
	if _, err := n.DialContext(t.Context(), "tcp", "10.244.1.2:"+port); err != nil {
		t.Error(err)
	}
}

func TestJoinRefusesAddresses(t *testing.T) {
	n := podnet.New(podnet.Options{})
	join(t, n, "10.244.1.2")
	for _, ip := range []string{"10.244.1.2", "127.0.0.1", "0.0.0.0", "fd00::1"} {
		if _, err := n.Join(netip.MustParseAddr(ip)); err == nil {
			t.Errorf("%s joined", ip)
		}
	}
}

func TestAddressIsFreeAfterClose(t *testing.T) {
	n := podnet.New(podnet.Options{})
	ns, err := n.Join(netip.MustParseAddr("10.244.1.2"))
	if err != nil {
		t.Fatal(err)
	}
	ns.Close()
	ns.Close()
	again := join(t, n, "10.244.1.2")
	listen(t, again, ":80")
	ns.Close() // of the first one, must not touch the second
	if _, err := n.DialContext(t.Context(), "tcp", "10.244.1.2:80"); err != nil {
		t.Error(err)
	}
	if _, err := ns.Sockets().Listen("tcp", ":81"); err == nil {
		t.Error("a closed namespace listens")
	}
}

// A namespace that goes away takes its connections along, on both sides.
func TestCloseEndsConnections(t *testing.T) {
	n := podnet.New(podnet.Options{})
	server, err := n.Join(netip.MustParseAddr("10.244.1.2"))
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, server.Sockets(), ":80")
	client := join(t, n, "10.244.1.3")
	accepted, err := client.DialContext(t.Context(), "tcp", "10.244.1.2:80")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); err != nil {
		t.Fatal(err)
	}
	waiting, err := client.DialContext(t.Context(), "tcp", "10.244.1.2:80")
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	// ReadAll wants io.EOF itself, not an error that wraps it.
	if data, err := io.ReadAll(accepted); err != nil || len(data) > 0 {
		t.Errorf("read from a Pod that is gone: %q, %v", data, err)
	}
	if _, err := waiting.Read(make([]byte, 1)); err == nil {
		t.Error("read from a Pod that never accepted succeeded")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
}

func TestHalfClose(t *testing.T) {
	client, server := connected(t)
	fmt.Fprint(client, "question")
	client.(interface{ CloseWrite() error }).CloseWrite()
	question, err := io.ReadAll(server)
	if string(question) != "question" || err != nil {
		t.Errorf("read %q, %v", question, err)
	}
	fmt.Fprint(server, "answer")
	server.Close()
	answer, err := io.ReadAll(client)
	if string(answer) != "answer" || err != nil {
		t.Errorf("read %q, %v", answer, err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write after CloseWrite: %v", err)
	}
}

// A writer waits for a reader only when the window is full, and a dead reader wakes it.
func TestWindow(t *testing.T) {
	client, server := connected(t)
	if n, err := client.Write(make([]byte, 64<<10)); n != 64<<10 || err != nil {
		t.Fatalf("a full window: %d, %v", n, err)
	}
	client.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := client.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one byte more: %v, want a timeout", err)
	}
	client.SetWriteDeadline(time.Time{})
	ended := make(chan error)
	go func() {
		_, err := client.Write([]byte("x"))
		ended <- err
	}()
	server.Close()
	if err := <-ended; !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write to a closed end: %v", err)
	}
}

func TestHTTP(t *testing.T) {
	n := podnet.New(podnet.Options{})
	pod := join(t, n, "10.244.1.2")
	l := listen(t, pod, ":80")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})}
	go server.Serve(l)
	defer server.Close()
	transport := &http.Transport{DialContext: join(t, n, "10.244.1.3").DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	body := strings.Repeat("much ", 200_000)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			response, err := client.Post("http://10.244.1.2/", "text/plain", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if got, err := io.ReadAll(response.Body); string(got) != body || err != nil {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(body))
			}
		})
	}
	group.Wait()
}

func TestHooks(t *testing.T) {
	var asked netip.Addr
	n := podnet.New(podnet.Options{
		Resolve: func(_ context.Context, from netip.Addr, host string) ([]netip.Addr, error) {
			asked = from
			if host == "web.default.svc.cluster.local" {
				return []netip.Addr{netip.MustParseAddr("10.96.0.10")}, nil
			}
			return nil, nil
		},
		Redirect: func(_ netip.Addr, to netip.AddrPort) (netip.AddrPort, bool, error) {
			switch to.String() {
			case "10.96.0.10:80":
				return netip.MustParseAddrPort("10.244.1.2:8080"), true, nil
			case "10.96.0.11:80":
				return netip.AddrPort{}, false, os.NewSyscallError("connect", syscall.ECONNREFUSED)
			}
			return netip.AddrPort{}, false, nil
		},
	})
	go echo(listen(t, join(t, n, "10.244.1.2"), ":8080"))
	client := join(t, n, "10.244.1.3")
	conn, err := client.DialContext(t.Context(), "tcp", "web.default.svc.cluster.local:80")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if asked.String() != "10.244.1.3" {
		t.Errorf("the resolver was asked by %s", asked)
	}
	if _, err := client.DialContext(t.Context(), "tcp", "10.96.0.11:80"); err == nil ||
		err.Error() != "dial tcp 10.96.0.11:80: connect: connection refused" {
		t.Errorf("a Service without endpoints: %v", err)
	}
}

func TestPool(t *testing.T) {
	pool, err := podnet.NewPool(netip.MustParsePrefix("10.244.1.0/29"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range 5 {
		ip, err := pool.Take()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ip.String())
	}
	want := "10.244.1.2 10.244.1.3 10.244.1.4 10.244.1.5 10.244.1.6"
	if strings.Join(got, " ") != want {
		t.Errorf("took %v, want %s", got, want)
	}
	if _, err := pool.Take(); err == nil || err.Error() != "no IP addresses available in range set: 10.244.1.1-10.244.1.6" {
		t.Errorf("an empty pool: %v", err)
	}
	pool.Give(netip.MustParseAddr("10.244.1.4"))
	if ip, err := pool.Take(); err != nil || ip.String() != "10.244.1.4" {
		t.Errorf("after one was given back: %s, %v", ip, err)
	}
}

func TestPoolReusesLate(t *testing.T) {
	pool, err := podnet.NewPool(netip.MustParsePrefix("10.244.1.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	first, _ := pool.Take()
	pool.Give(first)
	if second, _ := pool.Take(); second == first {
		t.Errorf("%s was handed out again at once", first)
	}
}

func TestPoolConcurrently(t *testing.T) {
	pool, err := podnet.NewPool(netip.MustParsePrefix("10.244.1.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[netip.Addr]bool{}
	var group sync.WaitGroup
	for range 253 {
		group.Go(func() {
			ip, err := pool.Take()
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[ip] {
				t.Errorf("%s, %v: taken twice or not at all", ip, err)
			}
			seen[ip] = true
		})
	}
	group.Wait()
	if _, err := pool.Take(); err == nil {
		t.Error("a 254th address")
	}
}

func TestPoolRefusesPrefixes(t *testing.T) {
	for _, prefix := range []string{"10.244.1.0/30", "fd00::/64"} {
		if _, err := podnet.NewPool(netip.MustParsePrefix(prefix)); err == nil {
			t.Errorf("%s is a pool", prefix)
		}
	}
	if _, err := podnet.NewPool(netip.Prefix{}); err == nil {
		t.Error("the zero prefix is a pool")
	}
}
