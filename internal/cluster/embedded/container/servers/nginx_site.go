package servers

import (
	"crypto/tls"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// site answers requests as one configuration has it, with the files of the container.
type site struct {
	*nginxServer
	config       *nginxConfig
	logs         map[string]io.WriteCloser
	certificates map[*virtualServer]*tls.Certificate
	requests     atomic.Int64
	turns        atomic.Uint64 // of upstreams
}

func newSite(s *nginxServer, config *nginxConfig) (*site, error) {
	t := &site{nginxServer: s, config: config, certificates: map[*virtualServer]*tls.Certificate{}}
	for _, server := range config.servers {
		if server.certificate == "" {
			continue
		}
		certificate, err := t.loadCertificate(server)
		if err != nil {
			return nil, err
		}
		t.certificates[server] = certificate
	}
	logs, err := s.openLogs(config)
	t.logs = logs
	return t, err
}

func (t *site) loadCertificate(server *virtualServer) (*tls.Certificate, error) {
	cert, err := t.proc.Files().ReadFile(server.certificate, maxFile)
	if err != nil {
		return nil, fmt.Errorf("cannot load certificate %q: BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)", server.certificate)
	}
	key, err := t.proc.Files().ReadFile(server.key, maxFile)
	if err != nil {
		return nil, fmt.Errorf("cannot load certificate key %q: BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)", server.key)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("cannot load certificate %q: PEM_read_bio_X509_AUX() failed (SSL: error:0480006C:PEM routines::no start line)", server.certificate)
	}
	return &pair, nil
}

func (t *site) closeLogs() {
	for _, log := range t.logs {
		log.Close()
	}
}

// write appends a line to a log. A log that is full or broken loses it, as with nginx.
func (t *site) write(name, line string) {
	if log := t.logs[path.Clean(name)]; log != nil {
		_, _ = io.WriteString(log, line)
	}
}

// addresses are the ports to listen on, and whether they speak TLS.
func (t *site) addresses() map[string]bool {
	all := map[string]bool{}
	for _, server := range t.config.servers {
		for _, l := range server.listens {
			all[l.address] = all[l.address] || l.tls
		}
	}
	return all
}

// server finds the server for a host name at an address: by exact name, by the longest name with an
// asterisk, or the default one.
func (t *site) server(address, host string) *virtualServer {
	var first, wild *virtualServer
	length := 0
	for _, server := range t.config.servers {
		i := slices.IndexFunc(server.listens, func(l listen) bool { return l.address == address })
		if i < 0 {
			continue
		}
		if first == nil || server.listens[i].preferred {
			first = server
		}
		for _, name := range server.names {
			if strings.EqualFold(name, host) {
				return server
			}
			if wildcard(name, host) && len(name) > length {
				wild, length = server, len(name)
			}
		}
	}
	if wild != nil {
		return wild
	}
	return first
}

// wildcard matches "*.example.org", ".example.org" and "www.*".
func wildcard(name, host string) bool {
	name, host = strings.ToLower(name), strings.ToLower(host)
	switch {
	case strings.HasPrefix(name, "*."):
		return strings.HasSuffix(host, name[1:])
	case strings.HasPrefix(name, "."):
		return strings.HasSuffix(host, name) || host == name[1:]
	case strings.HasSuffix(name, ".*"):
		return strings.HasPrefix(host, name[:len(name)-1])
	}
	return false
}

// port answers the requests at one address, by whatever configuration is the newest.
type port struct {
	server  *nginxServer
	address string
}

// ServeHTTP answers one request and logs it.
func (p *port) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := p.server.site.Load()
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	x := &exchange{
		site: t, server: t.server(p.address, host), address: p.address, host: host, number: t.requests.Add(1),
		w: &answer{ResponseWriter: w, status: http.StatusOK}, r: r, uri: cleanURI(r.URL.Path), started: t.proc.Now(),
	}
	if x.server == nil {
		return
	}
	x.scope = &x.server.scope
	x.w.Header().Set("Server", "nginx/"+t.version)
	x.process()
	x.access()
}

// cleanURI resolves dots and doubled slashes, and keeps the last slash.
func cleanURI(uri string) string {
	clean := path.Clean("/" + uri)
	if strings.HasSuffix(uri, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// maxRedirects is how often a request may be sent to another location within the server.
const maxRedirects = 10

// process answers the request.
func (x *exchange) process() {
	if x.server.answer != nil {
		x.returned(x.server.answer)
		return
	}
	x.locate()
}

// locate finds the location for the URI at hand and lets it answer.
func (x *exchange) locate() {
	if x.redirects++; x.redirects > maxRedirects {
		x.log("error", "rewrite or internal redirection cycle while internally redirecting to %q", x.uri)
		x.page(http.StatusInternalServerError)
		return
	}
	l := x.server.location(x.uri)
	if l == nil {
		x.scope, x.location = &x.server.scope, nil
		x.content()
		return
	}
	x.enter(l)
}

// enter lets a location answer.
func (x *exchange) enter(l *location) {
	x.scope, x.location = &l.scope, l
	switch {
	case !x.allowed():
		x.log("error", "access forbidden by rule")
		x.status(http.StatusForbidden)
	case l.answer != nil:
		x.returned(l.answer)
	case l.tryFiles != nil && !x.tried:
		x.try(l.tryFiles)
	case l.proxy != "":
		x.proxy(l.proxy)
	case l.scope.status:
		x.stubStatus()
	default:
		x.content()
	}
}

// location picks a location as nginx does: exact, then the longest prefix if it has ^~, then the
// first regular expression, then the longest prefix.
func (s *virtualServer) location(uri string) *location {
	var longest *location
	for _, l := range s.locations {
		switch l.modifier {
		case "=":
			if l.pattern == uri {
				return l
			}
		case "", "^~":
			if strings.HasPrefix(uri, l.pattern) && (longest == nil || len(l.pattern) > len(longest.pattern)) {
				longest = l
			}
		}
	}
	if longest != nil && longest.modifier == "^~" {
		return longest
	}
	for _, l := range s.locations {
		if l.regex != nil && l.regex.MatchString(uri) {
			return l
		}
	}
	return longest
}

// named is a location such as @fallback.
func (s *virtualServer) named(name string) *location {
	for _, l := range s.locations {
		if l.modifier == "@" && l.pattern == name {
			return l
		}
	}
	return nil
}

// allowed asks the rules of "allow" and "deny".
func (x *exchange) allowed() bool {
	address, err := netip.ParseAddr(client(x.r))
	for _, rule := range x.scope.rules {
		if !rule.prefix.IsValid() || err == nil && rule.prefix.Contains(address) {
			return rule.allow
		}
	}
	return true
}

// returned is the "return" directive.
func (x *exchange) returned(args []string) {
	code, err := strconv.Atoi(args[0])
	if err != nil {
		args = []string{"302", args[0]}
		code = http.StatusFound
	}
	switch {
	case code == 444:
		panic(http.ErrAbortHandler) // the connection ends without an answer
	case len(args) < 2:
		x.status(code)
	case slices.Contains([]int{301, 302, 303, 307, 308}, code):
		x.moved(code, x.expand(args[1]))
	default:
		body := x.expand(args[1])
		x.header(code)
		x.w.Header().Set("Content-Type", x.contentType(x.uri))
		x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		x.w.WriteHeader(code)
		_, _ = io.WriteString(x.w, body)
	}
}

// moved sends the client elsewhere. What is no URL becomes one on this host.
func (x *exchange) moved(code int, to string) {
	if strings.HasPrefix(to, "/") {
		to = x.variable("scheme") + "://" + x.authority() + to
	}
	x.header(code)
	x.w.Header().Set("Location", to)
	x.page(code)
}

// authority is this server's name and port as the client knows it.
func (x *exchange) authority() string {
	_, number, _ := net.SplitHostPort(x.address)
	if number == map[string]string{"http": "80", "https": "443"}[x.variable("scheme")] {
		return x.host
	}
	return net.JoinHostPort(x.host, number)
}

// try is the "try_files" directive.
func (x *exchange) try(candidates []string) {
	last := len(candidates) - 1
	for _, candidate := range candidates[:last] {
		uri := x.expand(candidate)
		info, err := x.proc.Files().Stat(x.file(uri))
		if err != nil || info.IsDir() != strings.HasSuffix(uri, "/") {
			continue
		}
		x.uri = cleanURI(uri)
		x.content()
		return
	}
	final := candidates[last]
	if text, ok := strings.CutPrefix(final, "="); ok {
		code, _ := strconv.Atoi(text)
		x.status(code)
		return
	}
	x.redirect(x.expand(final))
}

// redirect answers with another location of the server.
func (x *exchange) redirect(uri string) {
	if strings.HasPrefix(uri, "@") {
		if l := x.server.named(uri); l != nil {
			x.tried = true
			x.enter(l)
			return
		}
		x.log("error", "could not find named location %q", uri)
		x.page(http.StatusInternalServerError)
		return
	}
	uri, query, ok := strings.Cut(uri, "?")
	if ok {
		x.query = &query
	}
	x.uri, x.tried = cleanURI(uri), false
	x.locate()
}

// file is the name of the file for a URI.
func (x *exchange) file(uri string) string {
	if x.scope.alias != "" && x.location != nil && x.location.regex == nil {
		return x.scope.alias + strings.TrimPrefix(uri, x.location.pattern)
	}
	return strings.TrimSuffix(x.expand(x.scope.root), "/") + uri
}

// content answers with a file, or with what a directory has for an index.
func (x *exchange) content() {
	name := x.file(x.uri)
	if strings.HasSuffix(x.uri, "/") {
		x.directory(name)
		return
	}
	if x.r.Method != http.MethodGet && x.r.Method != http.MethodHead {
		x.status(http.StatusMethodNotAllowed)
		return
	}
	f, err := x.proc.Files().Open(name, os.O_RDONLY, 0)
	if err != nil {
		x.failed(name, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		x.failed(name, err)
	case info.IsDir():
		x.moved(http.StatusMovedPermanently, x.uri+"/")
	default:
		x.header(http.StatusOK)
		x.w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().Unix(), info.Size()))
		x.w.instead = x.override
		sendFile(x.w, x.r, f, info, x.contentType(name))
	}
}

// directory answers with the first index file that is there, or with a list.
func (x *exchange) directory(name string) {
	for _, index := range x.scope.index {
		index = x.expand(index)
		if strings.HasPrefix(index, "/") {
			x.redirect(index)
			return
		}
		if info, err := x.proc.Files().Stat(path.Join(name, index)); err == nil && !info.IsDir() {
			x.redirect(x.uri + index)
			return
		}
	}
	info, err := x.proc.Files().Stat(name)
	switch {
	case err != nil:
		index := "index.html"
		if len(x.scope.index) > 0 {
			index = x.scope.index[0]
		}
		x.failed(name+index, err)
	case !info.IsDir():
		x.failed(name, fs.ErrNotExist)
	case x.r.Method != http.MethodGet && x.r.Method != http.MethodHead:
		x.status(http.StatusMethodNotAllowed)
	case x.scope.autoindex:
		x.list(name)
	default:
		x.log("error", "directory index of %q is forbidden", name)
		x.status(http.StatusForbidden)
	}
}

// list is what autoindex makes of a directory.
func (x *exchange) list(name string) {
	entries, err := x.proc.Files().ReadDir(name)
	if err != nil {
		x.failed(name, err)
		return
	}
	title := "Index of " + html.EscapeString(x.uri)
	var b strings.Builder
	b.WriteString("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<h1>" + title + "</h1><hr><pre><a href=\"../\">../</a>\r\n")
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		base, size := e.Name(), strconv.FormatInt(info.Size(), 10)
		if e.IsDir() {
			base, size = base+"/", "-"
		}
		fmt.Fprintf(&b, "<a href=\"%s\">%s</a>%s %s %19s\r\n", html.EscapeString((&url.URL{Path: base}).EscapedPath()), html.EscapeString(base),
			strings.Repeat(" ", max(0, 50-len(base))), info.ModTime().UTC().Format("02-Jan-2006 15:04"), size)
	}
	b.WriteString("</pre><hr></body>\r\n</html>\r\n")
	x.header(http.StatusOK)
	x.w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(x.w, b.String())
}

// stubStatus is a page of numbers.
func (x *exchange) stubStatus() {
	x.header(http.StatusOK)
	x.w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(x.w, "Active connections: 1 \nserver accepts handled requests\n %d %d %d \nReading: 0 Writing: 1 Waiting: 0 \n", x.number, x.number, x.number)
}

// contentType is the type for a name's extension.
func (x *exchange) contentType(name string) string {
	if kind, ok := x.scope.types[strings.ToLower(extension(name))]; ok {
		return kind
	}
	return x.scope.defaultType
}

// header adds what "add_header" says.
func (x *exchange) header(status int) {
	for _, h := range x.scope.headers {
		if h.always || slices.Contains([]int{200, 201, 204, 206, 301, 302, 303, 304, 307, 308}, status) {
			if value := x.expand(h.value); value != "" {
				x.w.Header().Add(h.name, value)
			}
		}
	}
}

// failed answers for a file that cannot be opened.
func (x *exchange) failed(name string, err error) {
	x.log("error", "open() %q failed (%s)", name, errnoText(err))
	if errnoStatus(err) == http.StatusNotFound {
		x.status(http.StatusNotFound)
		return
	}
	x.status(http.StatusForbidden)
}

// status answers with the page that "error_page" has for a status, or with nginx' own.
func (x *exchange) status(code int) {
	page, ok := x.scope.errorPages[code]
	if !ok || x.inErrorPage {
		x.header(code)
		x.page(code)
		return
	}
	x.inErrorPage = true
	x.override = code
	if page.status != 0 {
		x.override = page.status
	}
	if !strings.HasPrefix(page.uri, "/") && !strings.HasPrefix(page.uri, "@") {
		x.moved(http.StatusFound, page.uri)
		return
	}
	x.redirect(page.uri)
}

// page is nginx' own page for a status.
func (x *exchange) page(code int) {
	title := fmt.Sprintf("%d %s", code, statusText(code))
	body := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n<hr><center>nginx/" + x.version + "</center>\r\n</body>\r\n</html>\r\n"
	if code < 300 {
		body = ""
	}
	x.w.Header().Set("Content-Type", "text/html")
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.w.WriteHeader(code)
	_, _ = io.WriteString(x.w, body)
}

// statusText is nginx' word for a status.
func statusText(code int) string {
	if text, ok := map[int]string{
		302: "Moved Temporarily", 405: "Not Allowed", 408: "Request Time-out", 413: "Request Entity Too Large", 414: "Request-URI Too Large",
		503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
	}[code]; ok {
		return text
	}
	return http.StatusText(code)
}
