package shell

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// curl is what its options say. Absent is everything but http and https, and the certificates that
// a distribution trusts: https needs -k or --cacert.
type curl struct {
	*Proc
	silent, showError, fail, include, head, verbose, insecure, follow, remoteName, get bool
	output, method, writeOut, user, agent, cacert                                      string
	headers, data                                                                      []string
	limit, connectLimit                                                                time.Duration
	retries                                                                            int
}

// Exit codes of curl.
const (
	curlUsage      = 2
	curlBadURL     = 3
	curlNoHost     = 6
	curlNoConnect  = 7
	curlHTTPError  = 22
	curlWriteError = 23
	curlTimeout    = 28
	curlNoAnswer   = 52
	curlReset      = 56
	curlUntrusted  = 60
)

func curlProgram(ctx context.Context, p *Proc) int {
	c := &curl{Proc: p, agent: "curl/8.5.0"}
	urls, ok := c.parse(p.Args[1:])
	if !ok {
		return curlUsage
	}
	if len(urls) == 0 {
		fmt.Fprint(p.Stderr, "curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n")
		return curlUsage
	}
	status := 0
	for _, u := range urls {
		status = c.retry(ctx, u)
	}
	return status
}

// flag is a switch of curl by its letter, nil if there is none.
func (c *curl) flag(letter byte) *bool {
	return map[byte]*bool{
		's': &c.silent, 'S': &c.showError, 'f': &c.fail, 'i': &c.include, 'I': &c.head, 'v': &c.verbose, 'k': &c.insecure, 'L': &c.follow,
		'O': &c.remoteName, 'G': &c.get, 'N': new(bool), 'g': new(bool), '#': &c.silent, '4': new(bool), '6': new(bool), 'j': new(bool), 'q': new(bool),
	}[letter]
}

// longNames are the letters of curl's long options.
func longNames() map[string]string {
	return map[string]string{
		"silent": "s", "show-error": "S", "fail": "f", "include": "i", "head": "I", "verbose": "v", "insecure": "k", "location": "L", "remote-name": "O",
		"get": "G", "no-buffer": "N", "output": "o", "request": "X", "header": "H", "data": "d", "data-raw": "d", "data-ascii": "d", "data-binary": "d",
		"write-out": "w", "max-time": "m", "user": "u", "user-agent": "A", "connect-timeout": "connect-timeout", "retry": "retry", "cacert": "cacert",
		"retry-delay": "ignored", "retry-connrefused": "g", "fail-with-body": "f", "http1.1": "g", "no-progress-meter": "g", "url": "url", "progress-bar": "#", "globoff": "g", "json": "json",
	}
}

// parse reads the command line and returns the URLs.
func (c *curl) parse(args []string) ([]string, bool) {
	var urls []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case strings.HasPrefix(arg, "--"):
			name, value, set := strings.Cut(arg[2:], "=")
			letter, ok := longNames()[name]
			if !ok {
				return nil, c.unknown(arg)
			}
			if len(letter) == 1 && c.flag(letter[0]) != nil {
				*c.flag(letter[0]) = true
				continue
			}
			if !set {
				if len(args) == 0 {
					return nil, c.incomplete(arg)
				}
				value, args = args[0], args[1:]
			}
			if letter == "url" {
				urls = append(urls, value)
			} else if !c.option(letter, value) {
				return nil, false
			}
		case len(arg) > 1 && arg[0] == '-':
			var ok bool
			if args, ok = c.letters(arg, args); !ok {
				return nil, false
			}
		default:
			urls = append(urls, arg)
		}
	}
	return urls, true
}

func (c *curl) unknown(arg string) bool {
	fmt.Fprintf(c.Stderr, "curl: option %s: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n", arg)
	return false
}

func (c *curl) incomplete(arg string) bool {
	fmt.Fprintf(c.Stderr, "curl: option %s: requires parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n", arg)
	return false
}

// letters reads "-sSo file".
func (c *curl) letters(arg string, args []string) ([]string, bool) {
	for rest := arg[1:]; rest != ""; {
		letter := rest[0]
		rest = rest[1:]
		if to := c.flag(letter); to != nil {
			*to = true
			continue
		}
		if strings.IndexByte("oXHdwmuA", letter) < 0 {
			return nil, c.unknown(arg)
		}
		value := rest
		if value == "" {
			if len(args) == 0 {
				return nil, c.incomplete(arg)
			}
			value, args = args[0], args[1:]
		}
		return args, c.option(string(letter), value)
	}
	return args, true
}

// option takes over an option with its value.
func (c *curl) option(name, value string) bool {
	switch name {
	case "o":
		c.output = value
	case "X":
		c.method = value
	case "H":
		c.headers = append(c.headers, value)
	case "d":
		c.data = append(c.data, value)
	case "json":
		c.data = append(c.data, value)
		c.headers = append(c.headers, "Content-Type: application/json", "Accept: application/json")
	case "w":
		c.writeOut = value
	case "u":
		c.user = value
	case "A":
		c.agent = value
	case "cacert":
		c.cacert = value
	case "m", "connect-timeout":
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || seconds < 0 || seconds > 1e6 {
			fmt.Fprintf(c.Stderr, "curl: option --%s: expected a proper numerical parameter\n", cmp.Or(map[string]string{"m": "max-time"}[name], name))
			return false
		}
		limit := time.Duration(seconds * float64(time.Second))
		if name == "m" {
			c.limit = limit
		} else {
			c.connectLimit = limit
		}
	case "retry":
		c.retries, _ = strconv.Atoi(value)
	}
	return true
}

// retry fetches a URL, again if that is asked for and could help.
func (c *curl) retry(ctx context.Context, raw string) int {
	pause := time.Second
	for attempt := 0; ; attempt++ {
		status := c.fetch(ctx, raw)
		if attempt >= c.retries || !slices.Contains([]int{curlNoConnect, curlTimeout, curlNoAnswer, curlReset}, status) || c.Sleep(ctx, pause) != nil {
			return status
		}
		pause = min(2*pause, 10*time.Minute)
	}
}

// complain writes an error, unless curl is to be silent.
func (c *curl) complain(code int, format string, args ...any) int {
	if !c.silent || c.showError {
		fmt.Fprintf(c.Stderr, "curl: (%d) "+format+"\n", append([]any{code}, args...)...)
	}
	return code
}

// fetch fetches one URL.
func (c *curl) fetch(ctx context.Context, raw string) int {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return c.complain(curlBadURL, "URL rejected: Malformed input to a URL function")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return c.complain(1, "Protocol %q not supported", u.Scheme)
	}
	begin := time.Now()
	if c.limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.limit)
		defer cancel()
	}
	request, err := c.request(ctx, u)
	if err != nil {
		return c.complain(26, "Failed to open/read local data from file/application")
	}
	client, err := c.client()
	if err != nil {
		return c.complain(77, "error setting certificate verify locations:  CAfile: %s", c.cacert)
	}
	response, err := client.Do(request)
	if err != nil {
		return c.explain(err, u, time.Since(begin))
	}
	defer response.Body.Close()
	return c.show(response, begin)
}

// request makes the request that the options describe.
func (c *curl) request(ctx context.Context, u *url.URL) (*http.Request, error) {
	method, body := http.MethodGet, ""
	if len(c.data) > 0 {
		parts := make([]string, len(c.data))
		for i, part := range c.data {
			text, err := c.content(part)
			if err != nil {
				return nil, err
			}
			parts[i] = text
		}
		if body = strings.Join(parts, "&"); c.get {
			u.RawQuery, body = strings.TrimPrefix(u.RawQuery+"&"+body, "&"), ""
		} else {
			method = http.MethodPost
		}
	}
	if c.head {
		method = http.MethodHead
	}
	r, err := http.NewRequestWithContext(ctx, cmp.Or(c.method, method), u.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	c.setHeaders(r, method == http.MethodPost)
	return r, nil
}

// content is what -d sends: the text, or the file after an "@" without its line ends.
func (c *curl) content(text string) (string, error) {
	name, ok := strings.CutPrefix(text, "@")
	if !ok {
		return text, nil
	}
	in, err := c.OpenRead(name)
	if err != nil {
		return "", err
	}
	defer in.Close()
	data, err := readAll(in)
	return strings.NewReplacer("\n", "", "\r", "").Replace(string(data)), err
}

func (c *curl) setHeaders(r *http.Request, post bool) {
	r.Header.Set("User-Agent", c.agent)
	r.Header.Set("Accept", "*/*")
	if post {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if name, password, ok := strings.Cut(c.user, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	for _, h := range c.headers {
		name, value, _ := strings.Cut(h, ":")
		if value = strings.TrimSpace(value); strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
}

func (c *curl) client() (*http.Client, error) {
	config := &tls.Config{InsecureSkipVerify: c.insecure, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12} //nolint:gosec // -k asks for it
	if c.cacert != "" {
		data, err := c.files.ReadFile(c.Path(c.cacert), maxValue)
		if err != nil || !config.RootCAs.AppendCertsFromPEM(data) {
			return nil, errors.New("no certificates")
		}
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true, TLSClientConfig: config,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if c.connectLimit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.connectLimit)
				defer cancel()
			}
			conn, err := c.Dial(ctx, network, address)
			if err == nil && c.verbose {
				host, port, _ := net.SplitHostPort(address)
				fmt.Fprintf(c.Stderr, "* Connected to %s (%s) port %s\n", host, host, port)
			}
			return conn, err
		},
	}}
	client.CheckRedirect = func(_ *http.Request, via []*http.Request) error {
		if !c.follow || len(via) >= 50 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return client, nil
}

// explain says in curl's words why there is no answer.
func (c *curl) explain(err error, u *url.URL, took time.Duration) int {
	var dns *net.DNSError
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	milliseconds := took.Milliseconds()
	switch {
	case errors.As(err, &dns):
		return c.complain(curlNoHost, "Could not resolve host: %s", u.Hostname())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return c.complain(curlTimeout, "Connection timed out after %d milliseconds", milliseconds)
	case errors.Is(err, context.Canceled):
		return curlTimeout
	case errors.As(err, &unknown):
		return c.complain(curlUntrusted, "SSL certificate problem: unable to get local issuer certificate")
	case errors.Is(err, syscall.ECONNRESET):
		return c.complain(curlReset, "Recv failure: Connection reset by peer")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return c.complain(curlNoAnswer, "Empty reply from server")
	}
	return c.complain(curlNoConnect, "Failed to connect to %s port %s after %d ms: Couldn't connect to server", u.Hostname(), port, milliseconds)
}

// show prints the answer.
func (c *curl) show(response *http.Response, begin time.Time) int {
	if c.verbose {
		c.conversation(response)
	}
	status, size := 0, int64(0)
	if c.fail && response.StatusCode >= 400 {
		status = c.complain(curlHTTPError, "The requested URL returned error: %d", response.StatusCode)
	} else if size, status = c.save(response); status != 0 {
		return status
	}
	io.WriteString(c.Stdout, c.written(response, size, time.Since(begin)))
	return status
}

// conversation shows both heads.
func (c *curl) conversation(response *http.Response) {
	request := response.Request
	fmt.Fprintf(c.Stderr, "> %s %s HTTP/1.1\n> Host: %s\n%s>\n", request.Method, request.URL.RequestURI(), request.Host, headLines("> ", request.Header))
	fmt.Fprintf(c.Stderr, "< %s %s\n%s<\n", response.Proto, response.Status, headLines("< ", response.Header))
}

func headLines(prefix string, h http.Header) string {
	var b strings.Builder
	for _, name := range sortedHeader(h) {
		for _, value := range h[name] {
			fmt.Fprintf(&b, "%s%s: %s\n", prefix, name, value)
		}
	}
	return b.String()
}

func sortedHeader(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// save writes the body to where -o or -O says.
func (c *curl) save(response *http.Response) (int64, int) {
	out := c.Stdout
	name := c.output
	if c.remoteName {
		name = path.Base(response.Request.URL.Path)
	}
	if name != "" && name != "-" {
		f, err := c.Open(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		if err != nil {
			return 0, c.complain(curlWriteError, "Failure writing output to destination: %s", files.Reason(err))
		}
		defer f.Close()
		out = f
	}
	if c.include || c.head {
		fmt.Fprintf(out, "%s %s\r\n%s\r\n", response.Proto, response.Status, strings.ReplaceAll(headLines("", response.Header), "\n", "\r\n"))
	}
	n, err := io.Copy(plain{out}, response.Body)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return n, c.complain(curlTimeout, "Operation timed out with %d bytes received", n)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, c.complain(18, "transfer closed with outstanding read data remaining")
	case err != nil:
		return n, c.complain(curlWriteError, "Failure writing output to destination")
	}
	c.meter(n)
	return n, 0
}

// meter is the progress meter at its end. It is not shown where the output goes to a terminal.
func (c *curl) meter(n int64) {
	if c.silent || c.tty && c.output == "" && !c.remoteName {
		return
	}
	fmt.Fprintf(c.Stderr, "  %% Total    %% Received %% Xferd  Average Speed   Time    Time     Time  Current\n"+
		"                                 Dload  Upload   Total   Spent    Left  Speed\n"+
		"100 %5d  100 %5d    0     0  %5d      0 --:--:-- --:--:-- --:--:-- %5d\n", n, n, n, n)
}

// written is what -w prints.
func (c *curl) written(response *http.Response, size int64, took time.Duration) string {
	text := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(c.writeOut)
	seconds := fmt.Sprintf("%.6f", took.Seconds())
	location := ""
	if to, err := response.Location(); err == nil {
		location = to.String()
	}
	return strings.NewReplacer(
		"%{http_code}", strconv.Itoa(response.StatusCode), "%{response_code}", strconv.Itoa(response.StatusCode), "%{size_download}", strconv.FormatInt(size, 10),
		"%{time_total}", seconds, "%{content_type}", response.Header.Get("Content-Type"), "%{url_effective}", response.Request.URL.String(),
		"%{redirect_url}", location, "%{method}", response.Request.Method, "%%", "%",
	).Replace(text)
}
