package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// netexec is a server with many endpoints, among them /shell, which runs commands.
type netexec struct {
	*goProgram
	httpPort, udpPort, sctpPort int
	certFile, keyFile           string
	override                    string
	udpAddresses                string
	delayShutdown               int
	terminating                 atomic.Bool
	web                         *web
}

func netexecCommand() subcommand {
	n := &netexec{}
	return subcommand{
		name: "netexec", short: "Creates HTTP(S), UDP, and (optionally) SCTP servers with various endpoints", arity: noArgs,
		flags: func(set *pflag.FlagSet) {
			set.IntVar(&n.httpPort, "http-port", 8080, "HTTP Listen Port")
			set.StringVar(&n.certFile, "tls-cert-file", "", "File containing an x509 certificate for HTTPS. (CA cert, if any, concatenated after server cert)")
			set.StringVar(&n.keyFile, "tls-private-key-file", "", "File containing an x509 private key matching --tls-cert-file")
			set.IntVar(&n.udpPort, "udp-port", 8081, "UDP Listen Port")
			set.IntVar(&n.sctpPort, "sctp-port", -1, "SCTP Listen Port")
			set.StringVar(&n.override, "http-override", "", "Override the HTTP handler to always respond as if it were a GET with this path & params")
			set.StringVar(&n.udpAddresses, "udp-listen-addresses", "", "A comma separated list of ip addresses the udp servers listen from")
			set.IntVar(&n.delayShutdown, "delay-shutdown", 0, "Number of seconds to delay shutdown when receiving SIGTERM.")
		},
		run: func(g *goProgram, _ []string) int {
			n.goProgram = g
			return n.run()
		},
	}
}

func (n *netexec) run() int {
	if n.udpPort != -1 {
		n.logf("Started UDP server on port %s %d", n.udpAddresses, n.udpPort)
	}
	if n.sctpPort != -1 {
		return n.fatalf("Error occurred: failed to create listener for SCTP address :%d:protocol not supported", n.sctpPort)
	}
	n.logf("Started HTTP server on port %d", n.httpPort)
	if err := n.start(); err != nil {
		return n.fatalf("%v", err)
	}
	caught, code := n.wait(shell.SIGTERM)
	if caught == 0 {
		return code
	}
	return n.leave()
}

// leave is the end on SIGTERM. While it is delayed, /readyz says so.
func (n *netexec) leave() int {
	n.terminating.Store(true)
	if n.delayShutdown <= 0 {
		return 0
	}
	n.logf("Sleeping %d seconds before terminating...", n.delayShutdown)
	if n.Sleep(n.ctx, time.Duration(n.delayShutdown)*time.Second) != nil {
		return 128 + int(shell.SIGKILL)
	}
	return 0
}

func (n *netexec) start() error {
	l, err := n.listen(n.httpPort)
	if err != nil {
		return err
	}
	if n.certFile != "" {
		config, err := n.certificate(n.certFile, n.keyFile)
		if err != nil {
			return err
		}
		l = overTLS(l, config)
	}
	var handler http.Handler = n.routes()
	if n.override != "" {
		handler = n.overridden(handler)
	}
	n.web = n.serveOn(l, handler)
	return nil
}

// overridden answers every request as if it were for one URL.
func (n *netexec) overridden(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		instead, err := http.NewRequestWithContext(r.Context(), http.MethodGet, n.override, nil)
		if err != nil {
			http.Error(w, fmt.Sprintf("override request failed: %v", err), http.StatusInternalServerError)
			return
		}
		handler.ServeHTTP(w, instead)
	})
}

func (n *netexec) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for name, handler := range map[string]http.HandlerFunc{
		"/": n.root, "/clientip": n.clientIP, "/serverport": n.serverPort, "/header": n.header, "/dial": n.dial, "/echo": n.echo,
		"/exit": n.exitServer, "/healthz": n.healthz, "/readyz": n.readyz, "/hostname": n.hostname, "/hostName": n.hostname,
		"/redirect": n.redirect, "/shell": n.shell, "/upload": n.upload, "/shutdown": n.shutdown,
	} {
		mux.HandleFunc(name, handler)
	}
	return mux
}

func (n *netexec) root(w http.ResponseWriter, _ *http.Request) {
	n.logf("GET /")
	fmt.Fprintf(w, "NOW: %v", n.Now())
}

func (n *netexec) clientIP(w http.ResponseWriter, r *http.Request) {
	n.logf("GET /clientip")
	fmt.Fprint(w, r.RemoteAddr)
}

func (n *netexec) serverPort(w http.ResponseWriter, _ *http.Request) {
	n.logf("GET /serverport")
	fmt.Fprint(w, n.httpPort)
}

func (n *netexec) header(w http.ResponseWriter, r *http.Request) {
	if key := r.FormValue("key"); key != "" {
		n.logf("GET /header?key=%s", key)
		fmt.Fprint(w, r.Header.Get(key))
		return
	}
	n.logf("GET /header")
	fmt.Fprint(w, jsonText(r.Header))
}

func (n *netexec) echo(w http.ResponseWriter, r *http.Request) {
	message, code := r.FormValue("msg"), r.FormValue("code")
	n.logf("GET /echo?msg=%s&code=%s", message, code)
	if code != "" {
		status, err := strconv.Atoi(code)
		if err != nil {
			fmt.Fprintf(w, "argument 'code' must be an integer or empty, got %q\n", code)
			return
		}
		if status < 100 || status > 999 {
			panic(http.ErrAbortHandler) // as WriteHeader panics, and the connection ends
		}
		w.WriteHeader(status)
	}
	fmt.Fprint(w, message)
}

func (n *netexec) healthz(http.ResponseWriter, *http.Request) { n.logf("GET /healthz") }

func (n *netexec) readyz(w http.ResponseWriter, _ *http.Request) {
	n.logf("GET /readyz")
	if n.terminating.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "shutting down")
		return
	}
	fmt.Fprint(w, "ok")
}

func (n *netexec) hostname(w http.ResponseWriter, r *http.Request) {
	n.logf("GET %s", r.URL.Path)
	fmt.Fprint(w, n.Hostname())
}

func (n *netexec) redirect(w http.ResponseWriter, r *http.Request) {
	location, text := r.FormValue("location"), r.FormValue("code")
	n.logf("%s /redirect?msg=%s&code=%s", r.Method, location, text)
	code := http.StatusFound
	if text != "" {
		var err error
		if code, err = strconv.Atoi(text); err != nil || code < 100 || code > 999 {
			fmt.Fprintf(w, "argument 'code' must be an integer or empty, got %q\n", text)
			return
		}
	}
	http.Redirect(w, r, location, code)
}

// shutdown is os.Exit(0): the request gets no answer.
func (n *netexec) shutdown(http.ResponseWriter, *http.Request) {
	n.logf("GET /shutdown")
	n.exitNow(0)
}

// exitNow ends the program before the request at hand is answered.
func (n *netexec) exitNow(code int) {
	n.exit(code)
	<-n.ctx.Done()
	panic(http.ErrAbortHandler)
}

// exitServer ends the program after a while, with a code, at once or gracefully.
func (n *netexec) exitServer(w http.ResponseWriter, r *http.Request) {
	wait, timeout, code := r.FormValue("wait"), r.FormValue("timeout"), r.FormValue("code")
	n.logf("GET /exit?code=%s&timeout=%s&wait=%s", code, timeout, wait)
	grace, err := time.ParseDuration(timeout)
	if err != nil && timeout != "" {
		fmt.Fprintf(w, "argument 'timeout' must be a valid golang duration or empty, got %q\n", timeout)
		return
	}
	pause, err := time.ParseDuration(wait)
	if err != nil && wait != "" {
		fmt.Fprintf(w, "argument 'wait' must be a valid golang duration or empty, got %q\n", wait)
		return
	}
	number, err := strconv.Atoi(code)
	if err != nil && code != "" {
		fmt.Fprintf(w, "argument 'code' must be an integer [0-127] or empty, got %q\n", code)
		return
	}
	n.logf("Will begin shutdown in %s, allowing %s for connections to close, then will exit with %d", pause, grace, number)
	if n.Sleep(n.ctx, pause) != nil || grace == 0 {
		n.exitNow(number)
	}
	go n.gracefully(grace, number)
}

func (n *netexec) gracefully(grace time.Duration, code int) {
	ctx, cancel := context.WithTimeout(n.ctx, grace)
	defer cancel()
	err := n.web.shutdown(ctx)
	n.logf("Graceful shutdown completed with: %v", err)
	n.exit(code)
}

// shell runs a command of the container.
func (n *netexec) shell(w http.ResponseWriter, r *http.Request) {
	command := r.FormValue("shellCommand")
	if command == "" {
		command = r.FormValue("cmd")
	}
	n.logf("GET /shell?cmd=%s", command)
	output := map[string]string{}
	text, err := n.command(r.Context(), command)
	if text != "" {
		output["output"] = text
	}
	if err != nil {
		output["error"] = err.Error()
	}
	n.logf("Output: %s", output)
	fmt.Fprint(w, jsonText(output))
}

// command is exec.Command("/bin/sh", "-c", text).CombinedOutput().
func (n *netexec) command(ctx context.Context, text string) (string, error) {
	var output limited
	code, err := n.Container().Run(ctx, shell.Command{
		Argv: []string{"/bin/sh", "-c", text}, Env: n.Env, Dir: n.Dir, Stdout: &output, Stderr: &output,
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("fork/exec /bin/sh: %w", err)
	case code > 128:
		return output.String(), fmt.Errorf("signal: %s", strings.ToLower(shell.Signal(code-128).String()))
	case code != 0:
		return output.String(), fmt.Errorf("exit status %d", code)
	}
	return output.String(), nil
}

// limited is a buffer that a command cannot fill without end.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxFile {
		return 0, errors.New("too much output")
	}
	return l.Buffer.Write(p)
}

// upload stores a file.
func (n *netexec) upload(w http.ResponseWriter, r *http.Request) {
	n.logf("GET /upload")
	r.Body = http.MaxBytesReader(w, r.Body, 16*maxFile)
	file, _, err := r.FormFile("file")
	if err != nil {
		fmt.Fprint(w, jsonText(map[string]string{"error": "Unable to upload file."}))
		n.logf("Unable to upload file: %s", err)
		return
	}
	defer file.Close()
	name, err := n.store(file)
	if err != nil {
		fmt.Fprint(w, jsonText(map[string]string{"error": "Unable to write file."}))
		n.logf("Unable to write file: %s", err)
		return
	}
	n.logf("Wrote upload to %s", name)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, jsonText(map[string]string{"output": name}))
}

func (n *netexec) store(file io.Reader) (string, error) {
	data, err := io.ReadAll(file)
	if err != nil {
		return "", err
	}
	name := path.Join("/uploads", fmt.Sprintf("upload%d", rand.Uint32()))
	return name, n.Files().WriteFile(name, data, 0o700)
}

// dial makes requests to another server and tells what came back.
func (n *netexec) dial(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	host, port, request, protocol := query.Get("host"), query.Get("port"), query.Get("request"), query.Get("protocol")
	n.logf("GET /dial?host=%s&protocol=%s&port=%s&request=%s&tries=%s", host, protocol, port, request, query.Get("tries"))
	tries := 1
	if text := query.Get("tries"); text != "" {
		var err error
		if tries, err = strconv.Atoi(text); err != nil {
			http.Error(w, fmt.Sprintf("tries parameter is invalid. %v", err), http.StatusBadRequest)
			return
		}
	}
	if request == "" {
		http.Error(w, "request parameter not specified. <nil>", http.StatusBadRequest)
		return
	}
	switch strings.ToLower(protocol) {
	case "", "http", "udp":
		output := n.tries(r.Context(), strings.ToLower(protocol), net.JoinHostPort(host, port), request, tries)
		fmt.Fprint(w, jsonText(output))
	default:
		http.Error(w, fmt.Sprintf("unsupported protocol. %s", protocol), http.StatusBadRequest)
	}
}

func (n *netexec) tries(ctx context.Context, protocol, address, request string, count int) map[string][]string {
	output := map[string][]string{}
	last := ""
	responses := []string{}
	for range count {
		response, err := n.ask(ctx, protocol, address, request)
		if last = response; err != nil {
			output["errors"] = append(output["errors"], err.Error())
		} else {
			responses = append(responses, response)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if last != "" {
		output["responses"] = responses
	}
	return output
}

func (n *netexec) ask(ctx context.Context, protocol, address, request string) (string, error) {
	if protocol == "udp" {
		_, err := n.Dial(ctx, "udp", address)
		return "", fmt.Errorf("udp dial failed. err:%w", err)
	}
	client := &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{DialContext: n.Dial, DisableKeepAlives: true},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/"+request, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFile))
	return string(body), err
}

// jsonText is a value as JSON; the values here always are.
func jsonText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
