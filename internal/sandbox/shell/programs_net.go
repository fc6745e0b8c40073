package shell

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// fetch is wget.
type fetch struct {
	*Proc
	quiet, spider, headers bool
	output, post, agent    string
	header                 []string
	timeout                time.Duration
}

func wgetProgram(ctx context.Context, p *Proc) int {
	f := &fetch{Proc: p, timeout: 900 * time.Second, agent: "Wget"}
	args, ok := f.long(p.Args[1:])
	if !ok {
		return 1
	}
	p.Args = append([]string{p.Args[0]}, args...)
	o, urls, bad := p.options("qScn", "OTUPt")
	if bad {
		return 1
	}
	if len(urls) == 0 {
		return p.usage("wget [-cqS] [--spider] [-O FILE] [-T SEC] URL...")
	}
	f.quiet, f.headers, f.output = o.has('q'), o.has('S'), o.value('O', "")
	f.agent = o.value('U', f.agent)
	if seconds, ok := duration(o.value('T', "")); ok && seconds > 0 && seconds < 1e6 {
		f.timeout = time.Duration(seconds * float64(time.Second))
	}
	return each(urls, func(u string) int { return f.get(ctx, u) })
}

// long takes the long options out of the arguments.
func (f *fetch) long(args []string) ([]string, bool) {
	var rest []string
	for len(args) > 0 {
		name, value, set := strings.Cut(args[0], "=")
		args = args[1:]
		needsValue := name == "--post-data" || name == "--header" || name == "--timeout" || name == "--user-agent" || name == "--output-document" || name == "--tries"
		if needsValue && !set && len(args) > 0 {
			value, args = args[0], args[1:]
		}
		switch name {
		case "--spider":
			f.spider = true
		case "--post-data":
			f.post = value
		case "--header":
			f.header = append(f.header, value)
		case "--timeout":
			rest = append(rest, "-T", value)
		case "--user-agent":
			rest = append(rest, "-U", value)
		case "--output-document":
			rest = append(rest, "-O", value)
		case "--quiet":
			rest = append(rest, "-q")
		case "--server-response":
			rest = append(rest, "-S")
		case "--no-check-certificate", "--no-verbose", "--continue", "--tries":
		default:
			if set {
				name += "=" + value
			}
			rest = append(rest, name)
		}
	}
	return rest, true
}

// get fetches one URL.
func (f *fetch) get(ctx context.Context, raw string) int {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" {
		return f.fail("not an http or ftp url: %s", raw)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	resp, err := f.request(ctx, u)
	if err != nil {
		return f.explain(err, u.Hostname())
	}
	defer resp.Body.Close()
	if f.headers {
		f.showHeaders(resp)
	}
	if resp.StatusCode >= 300 {
		return f.fail("server returned error: HTTP/1.1 %s", resp.Status)
	}
	if f.spider {
		f.say("remote file exists\n")
		return 0
	}
	return f.save(resp.Body, u)
}

// say writes what busybox says when it is not quiet.
func (f *fetch) say(format string, args ...any) {
	if !f.quiet {
		fmt.Fprintf(f.Stderr, format, args...)
	}
}

// request follows redirections and returns the last answer.
func (f *fetch) request(ctx context.Context, u *url.URL) (*http.Response, error) {
	method, body := http.MethodGet, io.Reader(nil)
	switch {
	case f.spider:
		method = http.MethodHead
	case f.post != "":
		method, body = http.MethodPost, strings.NewReader(f.post)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", f.agent)
	if f.post != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range f.header {
		if name, value, ok := strings.Cut(h, ":"); ok {
			req.Header.Set(name, strings.TrimSpace(value))
		}
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := f.Dial(ctx, network, addr)
			if err == nil {
				f.say("Connecting to %s (%s)\n", addr, conn.RemoteAddr())
			}
			return conn, err
		},
	}}
	return client.Do(req)
}

// explain says in busybox's words why there is no answer.
func (f *fetch) explain(err error, host string) int {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return f.fail("bad address '%s'", host)
	case errors.Is(err, context.DeadlineExceeded):
		return f.fail("download timed out")
	case errors.Is(err, context.Canceled):
		return 1
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return f.fail("error getting response")
	case errors.Is(err, syscall.ECONNRESET):
		return f.fail("error getting response: Connection reset by peer")
	}
	return f.fail("can't connect to remote host (%s): %s", host, files.Reason(connectError(err)))
}

// connectError is the number in a network error, so that no address of the host shows.
func connectError(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return syscall.ECONNREFUSED
}

func (f *fetch) showHeaders(resp *http.Response) {
	fmt.Fprintf(f.Stderr, "  %s %s\n", resp.Proto, resp.Status)
	var b strings.Builder
	resp.Header.Write(&b)
	for _, line := range strings.Split(strings.TrimRight(b.String(), "\r\n"), "\r\n") {
		fmt.Fprintf(f.Stderr, "  %s\n", line)
	}
}

// save writes the body to where -O says, or to a file with the URL's name.
func (f *fetch) save(body io.Reader, u *url.URL) int {
	name := f.output
	if name == "" {
		if name = path.Base(u.Path); name == "/" || name == "." {
			name = "index.html"
		}
	}
	out := f.Stdout
	if name != "-" {
		flag := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
		if f.output == "" {
			flag = createNew
		}
		file, err := f.Open(name, flag, 0o666)
		if err != nil {
			return f.cannot("open", name, err)
		}
		defer file.Close()
		out = file
		f.say("saving to '%s'\n", name)
	}
	n, err := io.Copy(plain{out}, body)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return f.fail("download timed out")
		}
		return f.fail("%s", files.Reason(err))
	}
	if name == "-" {
		f.say("-%20s100%% |%s| %5d  0:00:00 ETA\nwritten to stdout\n", "", strings.Repeat("*", 32), n)
		return 0
	}
	f.say("%-20s 100%% |%s| %5d  0:00:00 ETA\n'%s' saved\n", name, strings.Repeat("*", 32), n, name)
	return 0
}

// ncProgram connects, or listens with -l, and copies both ways.
func ncProgram(ctx context.Context, p *Proc) int {
	o, args, bad := p.options("lzvnukN", "wpisq")
	if bad {
		return 1
	}
	timeout := time.Duration(0)
	if seconds, ok := duration(o.value('w', "")); ok && seconds < 1e6 {
		timeout = time.Duration(seconds * float64(time.Second))
	}
	if o.has('l') {
		return p.listen(ctx, o, args)
	}
	if len(args) != 2 {
		return p.usage("nc [-l] [-p PORT] [-w SEC] [-z] [IPADDR PORT]")
	}
	dialCtx, cancel := ctx, context.CancelFunc(func() {})
	if timeout > 0 {
		dialCtx, cancel = context.WithTimeout(ctx, timeout)
	}
	defer cancel()
	network := "tcp"
	if o.has('u') {
		network = "udp"
	}
	conn, err := p.Dial(dialCtx, network, net.JoinHostPort(args[0], args[1]))
	if err != nil {
		return p.refused(args, err)
	}
	defer conn.Close()
	if o.has('v') {
		fmt.Fprintf(p.Stderr, "%s (%s) open\n", net.JoinHostPort(args[0], args[1]), conn.RemoteAddr())
	}
	if o.has('z') {
		return 0
	}
	return p.exchange(ctx, conn, timeout)
}

func (p *Proc) refused(args []string, err error) int {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return p.fail("bad address '%s'", args[0])
	case errors.Is(err, context.DeadlineExceeded):
		return p.fail("timed out")
	}
	return p.fail("%s (%s): %s", net.JoinHostPort(args[0], args[1]), net.JoinHostPort(args[0], args[1]), files.Reason(connectError(err)))
}

// listen accepts one connection, or with -k one after the other.
func (p *Proc) listen(ctx context.Context, o given, args []string) int {
	port := o.value('p', "")
	if port == "" && len(args) > 0 {
		port = args[len(args)-1]
	}
	l, err := p.Listen(ctx, "tcp", net.JoinHostPort("", cmp.Or(port, "0")))
	if err != nil {
		return p.fail("bind: %s", files.Reason(connectError(err)))
	}
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		if err != nil {
			return 1
		}
		status := p.exchange(ctx, conn, 0)
		conn.Close()
		if !o.has('k') {
			return status
		}
	}
}

// exchange copies the input to the connection and the connection to the output, until the other
// side closes it.
func (p *Proc) exchange(ctx context.Context, conn net.Conn, idle time.Duration) int {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	go func() {
		io.Copy(conn, p.Stdin)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
	}()
	r := bufio.NewReader(conn)
	for {
		if idle > 0 {
			if err := conn.SetReadDeadline(time.Now().Add(idle)); err != nil {
				return 1
			}
		}
		buf := make([]byte, 4096)
		n, err := r.Read(buf)
		if _, werr := p.Stdout.Write(buf[:n]); werr != nil {
			return 1
		}
		if err == io.EOF {
			return 0
		}
		if err != nil {
			return 1
		}
	}
}
