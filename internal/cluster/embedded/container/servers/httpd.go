package servers

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// httpd is Apache's server as its image configures it: /usr/local/apache2/htdocs on port 80, with
// listings of directories. It does not read its configuration.
type httpd struct{ version string }

const (
	httpdRoot = "/usr/local/apache2/htdocs"
	httpdPort = 80
)

// run is httpd and httpd-foreground.
func (h httpd) run(ctx context.Context, p *shell.Proc) int {
	foreground := path.Base(p.Args[0]) == "httpd-foreground"
	args := p.Args[1:]
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-v":
			fmt.Fprintf(p.Stdout, "Server version: Apache/%s (Unix)\n", h.version)
			return 0
		case "-t":
			h.unnamed(p)
			fmt.Fprint(p.Stderr, "Syntax OK\n")
			return 0
		case "-DFOREGROUND":
			foreground = true
		case "-D":
			i++
			foreground = foreground || i < len(args) && args[i] == "FOREGROUND"
		default:
			fmt.Fprint(p.Stderr, "Usage: httpd [-D name] [-v] [-t]\n")
			return 1
		}
	}
	if !foreground {
		return 0 // the server would go to the background, and the container with it
	}
	return h.serve(ctx, p)
}

// serve answers requests until a signal comes.
func (h httpd) serve(ctx context.Context, p *shell.Proc) int {
	signals := p.Notify(shell.SIGTERM, shell.SIGWINCH, shell.SIGHUP, shell.SIGUSR1)
	h.unnamed(p)
	l, err := p.Listen(ctx, "tcp", "0.0.0.0:"+strconv.Itoa(httpdPort))
	if err != nil {
		fmt.Fprintf(p.Stderr, "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:%d\n"+
			"no listening sockets available, shutting down\nAH00015: Unable to open logs\n", httpdPort)
		return 1
	}
	w := serveWeb(l, httpdSite{h, p})
	defer w.close()
	h.started(p)
	for {
		select {
		case <-ctx.Done():
			return 128 + int(shell.SIGKILL)
		case s := <-signals:
			switch s {
			case shell.SIGHUP:
				h.notice(p, "mpm_event", "AH00494: SIGHUP received.  Attempting to restart")
				h.unnamed(p)
				h.started(p)
			case shell.SIGUSR1:
				h.notice(p, "mpm_event", "AH00493: SIGUSR1 received.  Doing graceful restart")
				h.unnamed(p)
				h.started(p)
			case shell.SIGWINCH:
				h.notice(p, "mpm_event", "AH00492: caught SIGWINCH, shutting down gracefully")
				_ = w.shutdown(ctx) // until the container is killed
				return 0
			default:
				h.notice(p, "mpm_event", "AH00491: caught SIGTERM, shutting down")
				return 0
			}
		}
	}
}

// unnamed is the complaint about a configuration without ServerName.
func (h httpd) unnamed(p *shell.Proc) {
	fmt.Fprintf(p.Stderr, "AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using %s. "+
		"Set the 'ServerName' directive globally to suppress this message\n", p.Hostname())
}

func (h httpd) started(p *shell.Proc) {
	h.notice(p, "mpm_event", fmt.Sprintf("AH00489: Apache/%s (Unix) configured -- resuming normal operations", h.version))
	h.notice(p, "core", "AH00094: Command line: 'httpd -D FOREGROUND'")
}

func (h httpd) notice(p *shell.Proc, module, text string) {
	fmt.Fprintf(p.Stderr, "[%s] [%s:notice] [pid %d:tid %d] %s\n", p.Now().UTC().Format("Mon Jan 02 15:04:05.000000 2006"), module, p.PID(), p.PID(), text)
}

// httpdSite answers requests with the files of the container.
type httpdSite struct {
	httpd
	proc *shell.Proc
}

// ServeHTTP answers one request and logs it.
func (s httpdSite) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a := &answer{ResponseWriter: w, status: http.StatusOK}
	a.Header().Set("Server", fmt.Sprintf("Apache/%s (Unix)", s.version))
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
		s.file(a, req, path.Join(httpdRoot, path.Clean("/"+req.URL.Path)))
	case http.MethodOptions:
		a.Header().Set("Allow", "HEAD,GET,POST,OPTIONS")
		a.WriteHeader(http.StatusOK)
	default:
		a.Header().Set("Allow", "HEAD,GET,POST,OPTIONS")
		s.page(a, http.StatusMethodNotAllowed, "The requested method "+req.Method+" is not allowed for this URL.")
	}
	fmt.Fprintf(s.proc.Stdout, "%s - - [%s] %q %d %s\n", client(req), logTime(s.proc.Now()), requestLine(req), a.status, count(a.bytes))
}

// count is the log's %b: a dash for nothing.
func count(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

// file answers with a file, or with a directory's index or list.
func (s httpdSite) file(w *answer, req *http.Request, name string) {
	info, err := s.proc.Files().Stat(name)
	switch {
	case err == nil && !info.IsDir() && strings.HasSuffix(req.URL.Path, "/"):
		s.failed(w, fs.ErrNotExist)
	case err == nil && info.IsDir():
		s.directory(w, req, name)
	default:
		s.send(w, req, name)
	}
}

func (s httpdSite) directory(w *answer, req *http.Request, name string) {
	if !strings.HasSuffix(req.URL.Path, "/") {
		location := "http://" + req.Host + req.URL.Path + "/"
		w.Header().Set("Location", location)
		s.page(w, http.StatusMovedPermanently, `The document has moved <a href="`+html.EscapeString(location)+`">here</a>.`)
		return
	}
	index := path.Join(name, "index.html")
	if _, err := s.proc.Files().Stat(index); err == nil {
		s.send(w, req, index)
		return
	}
	s.list(w, req, name)
}

// list is what mod_autoindex makes of a directory.
func (s httpdSite) list(w *answer, req *http.Request, name string) {
	entries, err := s.proc.Files().ReadDir(name)
	if err != nil {
		s.failed(w, err)
		return
	}
	title := html.EscapeString("Index of " + strings.TrimSuffix(req.URL.Path, "/"))
	if req.URL.Path == "/" {
		title = "Index of /"
	}
	var b strings.Builder
	b.WriteString("<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html>\n <head>\n  <title>" + title + "</title>\n </head>\n <body>\n<h1>" + title + "</h1>\n<ul>")
	if req.URL.Path != "/" {
		parent := strings.TrimSuffix(path.Dir(path.Clean(req.URL.Path)), "/") + "/"
		b.WriteString(`<li><a href="` + html.EscapeString(parent) + "\"> Parent Directory</a></li>\n")
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		base := e.Name()
		if e.IsDir() {
			base += "/"
		}
		b.WriteString(`<li><a href="` + html.EscapeString((&url.URL{Path: base}).EscapedPath()) + `"> ` + html.EscapeString(base) + "</a></li>\n")
	}
	b.WriteString("</ul>\n</body></html>\n")
	w.Header().Set("Content-Type", "text/html;charset=ISO-8859-1")
	fmt.Fprint(w, b.String())
}

func (s httpdSite) send(w *answer, req *http.Request, name string) {
	f, err := s.proc.Files().Open(name, os.O_RDONLY, 0)
	if err != nil {
		s.failed(w, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		s.failed(w, fs.ErrPermission)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.Size(), info.ModTime().UnixMicro()))
	sendFile(w, req, f, info, contentTypes()[extension(name)])
}

// failed answers for a file that cannot be opened.
func (s httpdSite) failed(w *answer, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		s.page(w, http.StatusNotFound, "The requested URL was not found on this server.")
		return
	}
	s.page(w, http.StatusForbidden, "You don't have permission to access this resource.")
}

// page is Apache's own page for a status.
func (s httpdSite) page(w *answer, status int, text string) {
	title := http.StatusText(status)
	body := fmt.Sprintf("<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>%d %s</title>\n</head><body>\n<h1>%s</h1>\n<p>%s</p>\n</body></html>\n",
		status, title, title, text)
	w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}
