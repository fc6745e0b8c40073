package servers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// nginx is the web server of the nginx image: it serves /usr/share/nginx/html on port 80 and logs as
// the image does. It does not read its configuration.
type nginx struct {
	version string
}

const (
	nginxEntrypoint = "/docker-entrypoint.sh"
	nginxRoot       = "/usr/share/nginx/html"
	nginxAddress    = "0.0.0.0:80"

	// nginx tries to bind this often, with this pause, before it gives up.
	bindAttempts = 5
	bindPause    = 500 * time.Millisecond
)

// minor is the second part of the version: what the image prints depends on it.
func (n nginx) minor() int {
	parts := strings.Split(n.version, ".")
	if len(parts) < 2 {
		return 0
	}
	minor, _ := strconv.Atoi(parts[1])
	return minor
}

// entrypoint is the image's /docker-entrypoint.sh, with what it prints before it runs nginx.
func (n nginx) entrypoint(ctx context.Context, p *shell.Proc) int {
	p.Args = p.Args[1:]
	if len(p.Args) == 0 || p.Args[0] != "nginx" {
		return p.Exec(ctx, p.Args)
	}
	if n.minor() >= 19 && p.Getenv("NGINX_ENTRYPOINT_QUIET_LOGS") == "" {
		const script = nginxEntrypoint + ": "
		fmt.Fprint(p.Stdout,
			script+"/docker-entrypoint.d/ is not empty, will attempt to perform configuration\n",
			script+"Looking for shell scripts in /docker-entrypoint.d/\n",
			script+"Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh\n",
			"10-listen-on-ipv6-by-default.sh: info: Getting the checksum of /etc/nginx/conf.d/default.conf\n",
			"10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf\n",
			script+"Launching /docker-entrypoint.d/20-envsubst-on-templates.sh\n",
			script+"Launching /docker-entrypoint.d/30-tune-worker-processes.sh\n",
			script+"Configuration complete; ready for start up\n")
	}
	return n.run(ctx, p)
}

// run is the nginx command.
func (n nginx) run(ctx context.Context, p *shell.Proc) int {
	foreground := false
	args := p.Args[1:]
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-v", "-V":
			fmt.Fprintf(p.Stderr, "nginx version: nginx/%s\n", n.version)
			return 0
		case "-t":
			fmt.Fprint(p.Stderr, "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n",
				"nginx: configuration file /etc/nginx/nginx.conf test is successful\n")
			return 0
		case "-s":
			if i++; i < len(args) {
				return control(p, args[i])
			}
		case "-g":
			if i++; i < len(args) {
				foreground = strings.Contains(args[i], "daemon off")
			}
		default:
			fmt.Fprintf(p.Stderr, "nginx: invalid option: %q\n", args[i])
			return 1
		}
	}
	if !foreground && !daemonOff(p) {
		return 0 // the server would go to the background, and the container with it
	}
	return n.serve(ctx, p)
}

// control is "nginx -s": a signal to the server that runs in the container.
func control(p *shell.Proc, word string) int {
	s, ok := map[string]shell.Signal{
		"stop": shell.SIGTERM, "quit": shell.SIGQUIT, "reload": shell.SIGHUP, "reopen": shell.SIGUSR1,
	}[word]
	if !ok {
		fmt.Fprintf(p.Stderr, "nginx: invalid option: \"-s %s\"\n", word)
		return 1
	}
	for _, other := range p.Container().Processes() {
		if argv := other.Argv(); other.PID() != p.PID() && slices.Contains(argv, "nginx") {
			other.Signal(s)
			return 0
		}
	}
	fmt.Fprint(p.Stderr, "nginx: [error] open() \"/var/run/nginx.pid\" failed (2: No such file or directory)\n")
	return 1
}

// daemonOff says whether the configuration keeps nginx in the foreground.
func daemonOff(p *shell.Proc) bool {
	config, err := p.Files().ReadFile("/etc/nginx/nginx.conf", 1<<20)
	return err == nil && strings.Contains(string(config), "daemon off;")
}

// serve answers requests until a signal comes. It leaves quickly on SIGTERM and lets requests end
// on SIGQUIT; both exit with 0.
func (n nginx) serve(ctx context.Context, p *shell.Proc) int {
	signals := p.Notify(shell.SIGTERM, shell.SIGINT, shell.SIGQUIT, shell.SIGHUP, shell.SIGUSR1)
	listener, err := n.bind(ctx, p)
	if err != nil {
		return 1
	}
	n.notices(p)
	web := serveWeb(listener, &site{version: n.version, proc: p})
	defer web.close()
	for {
		select {
		case <-ctx.Done():
			return 128 + int(shell.SIGKILL)
		case s := <-signals:
			if s == shell.SIGHUP || s == shell.SIGUSR1 {
				n.notice(p, fmt.Sprintf("signal %d (SIG%s) received, %s", int(s), s, staying(s)))
				continue
			}
			n.notice(p, fmt.Sprintf("signal %d (SIG%s) received, %s", int(s), s, leaving(s)))
			if s == shell.SIGQUIT {
				_ = web.shutdown(ctx)
			}
			n.notice(p, "exit")
			return 0
		}
	}
}

func leaving(s shell.Signal) string {
	if s == shell.SIGQUIT {
		return "shutting down"
	}
	return "exiting"
}

func staying(s shell.Signal) string {
	if s == shell.SIGHUP {
		return "reconfiguring"
	}
	return "reopening logs"
}

// bind opens the port, with nginx' patience for one that is in use.
func (n nginx) bind(ctx context.Context, p *shell.Proc) (net.Listener, error) {
	for range bindAttempts {
		listener, err := p.Listen(ctx, "tcp", nginxAddress)
		if err == nil {
			return listener, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			n.report(p, "emerg", "bind() to "+nginxAddress+" failed ("+err.Error()+")")
			return nil, err
		}
		n.report(p, "emerg", "bind() to "+nginxAddress+" failed (98: Address already in use)")
		fmt.Fprintf(p.Stderr, "nginx: [emerg] bind() to %s failed (98: Address already in use)\n", nginxAddress)
		if err := p.Sleep(ctx, bindPause); err != nil {
			return nil, err
		}
	}
	n.report(p, "emerg", "still could not bind()")
	fmt.Fprint(p.Stderr, "nginx: [emerg] still could not bind()\n")
	return nil, syscall.EADDRINUSE
}

// notices are what newer images print when they start.
func (n nginx) notices(p *shell.Proc) {
	n.notice(p, `using the "epoll" event method`)
	n.notice(p, "nginx/"+n.version)
	n.notice(p, "OS: Linux")
	n.notice(p, "start worker processes")
	n.notice(p, "start worker process 29")
}

// notice logs what images before 1.21 do not log.
func (n nginx) notice(p *shell.Proc, text string) {
	if n.minor() >= 21 {
		n.report(p, "notice", text)
	}
}

func (n nginx) report(p *shell.Proc, level, text string) {
	fmt.Fprintf(p.Stderr, "%s [%s] %d#%d: %s\n", p.Now().UTC().Format("2006/01/02 15:04:05"), level, p.PID(), p.PID(), text)
}

// site answers requests with the files of the container.
type site struct {
	version string
	proc    *shell.Proc
	count   atomic.Int64
}

// ServeHTTP answers one request and logs it.
func (s *site) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.count.Add(1)
	answer := &answer{ResponseWriter: w, status: http.StatusOK}
	answer.Header().Set("Server", "nginx/"+s.version)
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		s.page(answer, http.StatusMethodNotAllowed)
	} else {
		s.serveFile(answer, req)
	}
	s.access(req, answer)
}

// serveFile answers with a file, the index of a directory, or an error page.
func (s *site) serveFile(w *answer, req *http.Request) {
	name := path.Join(nginxRoot, path.Clean("/"+req.URL.Path))
	info, err := s.proc.Files().Stat(name)
	if err != nil {
		s.failed(w, req, name, err)
		return
	}
	if !info.IsDir() && strings.HasSuffix(req.URL.Path, "/") {
		s.failed(w, req, name+"/index.html", syscall.ENOTDIR)
		return
	}
	if info.IsDir() {
		if !strings.HasSuffix(req.URL.Path, "/") {
			w.Header().Set("Location", "http://"+req.Host+req.URL.Path+"/")
			s.page(w, http.StatusMovedPermanently)
			return
		}
		name = path.Join(name, "index.html")
	}
	f, err := s.proc.Files().Open(name, os.O_RDONLY, 0)
	if err != nil {
		if info.IsDir() && errors.Is(err, fs.ErrNotExist) {
			s.forbidden(w, req, path.Dir(name))
			return
		}
		s.failed(w, req, name, err)
		return
	}
	defer f.Close()
	s.content(w, req, f)
}

func (s *site) content(w *answer, req *http.Request, f *files.File) {
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		s.page(w, http.StatusForbidden)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().Unix(), info.Size()))
	kind := contentTypes()[extension(info.Name())]
	if kind == "" {
		kind = "application/octet-stream"
	}
	sendFile(w, req, f, info, kind)
}

// failed answers for a file that cannot be opened.
func (s *site) failed(w *answer, req *http.Request, name string, err error) {
	status, reason := http.StatusForbidden, "13: Permission denied"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		status, reason = http.StatusNotFound, "2: No such file or directory"
	case errors.Is(err, syscall.ENOTDIR):
		status, reason = http.StatusNotFound, "20: Not a directory"
	}
	s.complain(req, fmt.Sprintf("open() %q failed (%s)", name, reason))
	s.page(w, status)
}

func (s *site) forbidden(w *answer, req *http.Request, dir string) {
	s.complain(req, fmt.Sprintf("directory index of %q is forbidden", strings.TrimSuffix(dir, "/")+"/"))
	s.page(w, http.StatusForbidden)
}

// page is nginx' own page for a status.
func (s *site) page(w *answer, status int) {
	title := fmt.Sprintf("%d %s", status, statusText(status))
	body := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n<hr><center>nginx/" + s.version + "</center>\r\n</body>\r\n</html>\r\n"
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func statusText(status int) string {
	if status == http.StatusMethodNotAllowed {
		return "Not Allowed" // in nginx' words
	}
	return http.StatusText(status)
}

// complain writes to the error log.
func (s *site) complain(req *http.Request, text string) {
	fmt.Fprintf(s.proc.Stderr, "%s [error] 29#29: *%d %s, client: %s, server: localhost, request: %q, host: %q\n",
		s.proc.Now().UTC().Format("2006/01/02 15:04:05"), s.count.Load(), text, client(req), requestLine(req), req.Host)
}

// access writes to the access log, in the image's "main" format.
func (s *site) access(req *http.Request, w *answer) {
	fmt.Fprintf(s.proc.Stdout, "%s - - [%s] %q %d %d %q %q %q\n",
		client(req), logTime(s.proc.Now()), requestLine(req), w.status, w.bytes,
		dash(req.Referer()), dash(req.UserAgent()), dash(req.Header.Get("X-Forwarded-For")))
}
