package servers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

func testWebserverCommand() subcommand {
	port := 0
	return subcommand{
		name: "test-webserver", short: "Starts a simple HTTP fileserver", arity: noArgs,
		flags: func(set *pflag.FlagSet) { set.IntVar(&port, "port", 80, "Port number.") },
		run:   func(g *goProgram, _ []string) int { return testWebserver(g, port) },
	}
}

// testWebserver serves every file of the container.
func testWebserver(g *goProgram, port int) int {
	files := http.FileServerFS(g.Files().FS("/"))
	_, err := g.serve(port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
		w.Header().Set("Access-Control-Allow-Headers", "DNT,X-Mx-ReqToken,Keep-Alive,User-Agent,X-Requested-With,Cache-Control,Content-Type")
		r.Header.Del("If-Modified-Since")
		files.ServeHTTP(w, r)
	}))
	if err != nil {
		return g.fatalf("%v", err)
	}
	_, code := g.wait()
	return code
}

// serveHostname are the flags of serve-hostname.
type serveHostname struct {
	tcp, udp, http, close bool
	port                  int
}

func serveHostnameCommand() subcommand {
	s := &serveHostname{}
	return subcommand{
		name: "serve-hostname", short: "Serves the hostname", arity: noArgs,
		flags: func(set *pflag.FlagSet) {
			set.BoolVar(&s.tcp, "tcp", false, "Serve raw over TCP.")
			set.BoolVar(&s.udp, "udp", false, "Serve raw over UDP.")
			set.BoolVar(&s.http, "http", true, "Serve HTTP.")
			set.BoolVar(&s.close, "close", false, "Close connection per each HTTP request.")
			set.IntVar(&s.port, "port", 9376, "Port number.")
		},
		run: func(g *goProgram, _ []string) int { return s.run(g) },
	}
}

func (s *serveHostname) run(g *goProgram) int {
	if s.http && (s.tcp || s.udp) {
		return g.fatalf("Can't server TCP/UDP mode and HTTP mode at the same time")
	}
	if s.tcp {
		l, err := g.listen(s.port)
		if err != nil {
			return g.fatalf("Error from net.Listen(): %s", err)
		}
		g.accept(l, func(conn net.Conn) {
			g.logf("TCP request from %s", conn.RemoteAddr())
			fmt.Fprint(conn, g.Hostname())
		})
	}
	if s.http {
		if _, err := g.serve(s.port, s.handler(g)); err != nil {
			return g.fatalf("%v", err)
		}
	}
	g.logf("Serving on port %d.", s.port)
	caught, code := g.wait(shell.SIGTERM)
	if caught == 0 {
		return code
	}
	g.logf("Shutting down after receiving signal: terminated.")
	g.logf("Awaiting pod deletion.")
	if g.Sleep(g.ctx, time.Minute) != nil {
		return 128 + int(shell.SIGKILL)
	}
	return 0
}

func (s *serveHostname) handler(g *goProgram) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.logf("HTTP request from %s", r.RemoteAddr)
		if s.close {
			w.Header().Add("Connection", "close")
		}
		fmt.Fprint(w, g.Hostname())
	})
}

// accept answers connections one by one, and closes them.
func (g *goProgram) accept(l net.Listener, answer func(net.Conn)) {
	done := make(chan struct{})
	g.closers = append(g.closers, func() { <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn)
			conn.Close()
		}
	}()
}

func tcpResetCommand() subcommand {
	port := 0
	return subcommand{
		name: "tcp-reset", short: "Serves on a tcp port and RST the connections received", arity: noArgs,
		flags: func(set *pflag.FlagSet) { set.IntVar(&port, "port", 8080, "Port number.") },
		run:   func(g *goProgram, _ []string) int { return tcpReset(g, port) },
	}
}

func tcpReset(g *goProgram, port int) int {
	l, err := g.listen(port)
	if err != nil {
		return g.fatalf("Error from net.Listen(): %s", err)
	}
	g.accept(l, func(conn net.Conn) {
		defer context.AfterFunc(g.ctx, func() { conn.Close() })()
		_, _ = conn.Read(make([]byte, 1)) // what was read does not matter
		g.logf("TCP request from %s", conn.RemoteAddr())
	})
	g.logf("Serving on port %d.", port)
	caught, code := g.wait(shell.SIGTERM)
	if caught != 0 {
		g.logf("Shutting down after receiving signal: terminated.")
		g.logf("Awaiting pod deletion.")
	}
	return code
}

func livenessCommand() subcommand {
	return subcommand{
		name: "liveness", short: "Starts a server that is alive for 10 seconds", arity: noArgs,
		run: func(g *goProgram, _ []string) int { return liveness(g) },
	}
}

// liveness is healthy for 10 s.
func liveness(g *goProgram) int {
	started := g.Now()
	mux := http.NewServeMux()
	mux.HandleFunc("/started", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, g.Now().Sub(started))
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if alive := g.Now().Sub(started); alive > 10*time.Second {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "error: %v", alive.Seconds())
			return
		}
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("loc")
		location, err := url.QueryUnescape(to)
		if err != nil {
			http.Error(w, fmt.Sprintf("invalid redirect: %q", to), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, location, http.StatusFound)
	})
	if _, err := g.serve(8080, mux); err != nil {
		return g.fatalf("%v", err)
	}
	_, code := g.wait()
	return code
}

func porterCommand() subcommand {
	asJSON := false
	return subcommand{
		name: "porter", short: "Serves requested data on ports specified in ENV variables", arity: noArgs,
		flags: func(set *pflag.FlagSet) {
			set.BoolVar(&asJSON, "json-response", false, "Responds to requests with a json response that includes the default value with the http.Request Method")
		},
		run: func(g *goProgram, _ []string) int { return porter{g, asJSON}.run() },
	}
}

// porter serves the values of variables such as SERVE_PORT_9001.
type porter struct {
	*goProgram
	asJSON bool
}

func (p porter) run() int {
	for _, variable := range p.Env {
		key, value, _ := strings.Cut(variable, "=")
		for _, prefix := range []string{"SERVE_PORT_", "SERVE_TCP_PORT_"} {
			if port, ok := strings.CutPrefix(key, prefix); ok {
				p.open(port, value, false)
			}
		}
		if port, ok := strings.CutPrefix(key, "SERVE_TLS_PORT_"); ok {
			p.open(port, value, true)
		}
	}
	_, code := p.wait()
	return code
}

// open serves a value on a port; what goes wrong is logged, and the others go on.
func (p porter) open(port, value string, secure bool) {
	l, err := p.Listen(p.ctx, "tcp", net.JoinHostPort("0.0.0.0", port))
	if err != nil {
		p.logf("server on port %q failed: %v", port, err)
		return
	}
	if secure {
		certFile, keyFile := p.variable("CERT_FILE", "localhost.crt"), p.variable("KEY_FILE", "localhost.key")
		config, err := p.certificate(certFile, keyFile)
		if err != nil {
			l.Close()
			p.logf("tls server on port %q with certFile=%q, keyFile=%q failed: %v", port, certFile, keyFile, err)
			return
		}
		l = overTLS(l, config)
	}
	p.serveOn(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.answer(w, r, value) }))
}

func (p porter) variable(name, otherwise string) string {
	if value := p.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func (p porter) answer(w http.ResponseWriter, r *http.Request, value string) {
	if !p.asJSON {
		fmt.Fprint(w, value)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, jsonText(struct{ Method, Body string }{r.Method, value}))
}
