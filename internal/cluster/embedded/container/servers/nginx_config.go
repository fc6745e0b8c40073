package servers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nginxinc/nginx-go-crossplane"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

const (
	nginxPrefix = "/etc/nginx"
	nginxConf   = nginxPrefix + "/nginx.conf"

	// maxConfig is how large one file of the configuration may be. The parser recurses into blocks.
	maxConfig = 128 << 10
)

// configError is a mistake in the configuration: nginx reports it as [emerg].
type configError struct{ text string }

func (e configError) Error() string { return e.text }

// mistake is a configError with the place of a directive.
func mistake(d *crossplane.Directive, format string, args ...any) error {
	return configError{fmt.Sprintf(format, args...) + fmt.Sprintf(" in %s:%d", d.File, d.Line)}
}

// nginxConfig is what nginx reads from its files, as far as it is honoured here.
type nginxConfig struct {
	daemon    bool
	errorLog  errorLog
	servers   []*virtualServer
	formats   map[string]string // of access logs
	upstreams map[string][]string
}

// errorLog is where messages go, and from which level on.
type errorLog struct{ path, level string }

// virtualServer is a "server" block.
type virtualServer struct {
	scope
	names     []string
	listens   []listen
	locations []*location
}

// listen is one address of a server.
type listen struct {
	address   string // "0.0.0.0:80"
	tls       bool
	preferred bool // default_server
}

// location is a "location" block.
type location struct {
	scope
	modifier string // "", "=", "^~", "~", "~*" or "@"
	pattern  string
	regex    *regexp.Regexp
}

// scope is what a block says and hands down to those within.
type scope struct {
	root, alias, defaultType string
	index, tryFiles          []string
	autoindex, status        bool
	types                    map[string]string
	headers                  []header
	errorPages               map[int]errorPage
	logs                     []accessLog
	rules                    []accessRule
	certificate, key         string
	answer                   []string // of "return"
	proxy                    string
	proxyHeaders             [][2]string
}

type header struct {
	name, value string
	always      bool
}

type errorPage struct {
	uri    string
	status int // instead of the original one; 0 keeps it
}

type accessLog struct{ path, format string }

// accessRule is "allow" or "deny".
type accessRule struct {
	allow  bool
	prefix netip.Prefix // the zero value is for everybody
}

// readConfig reads a configuration and what it includes. Its errors are configErrors with nginx'
// own texts.
func readConfig(tree *files.Tree, name string) (*nginxConfig, error) {
	payload, err := crossplane.Parse(name, &crossplane.ParseOptions{
		Open:                     func(name string) (io.ReadCloser, error) { return openConfig(tree, name) },
		Glob:                     func(pattern string) ([]string, error) { return glob(tree, pattern), nil },
		CombineConfigs:           true,
		ErrorOnUnknownDirectives: true,
		DirectiveSources:         []crossplane.MatchFunc{crossplane.MatchOssLatest},
	})
	if err != nil {
		return nil, configError{err.Error()}
	}
	if len(payload.Errors) > 0 {
		return nil, configError{payload.Errors[0].Error.Error()}
	}
	unescape(payload.Config[0].Parsed)
	return buildConfig(payload.Config[0].Parsed)
}

// unescape resolves the backslashes that nginx resolves in words; others stay, for regular
// expressions.
func unescape(block crossplane.Directives) {
	escapes := strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`, `\t`, "\t", `\r`, "\r", `\n`, "\n")
	for _, d := range block {
		for i := range d.Args {
			d.Args[i] = escapes.Replace(d.Args[i])
		}
		unescape(d.Block)
	}
}

// openConfig reads a whole file, so that none is left open.
func openConfig(tree *files.Tree, name string) (io.ReadCloser, error) {
	data, err := tree.ReadFile(name, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("open() %q failed (%s)", name, errnoText(err))
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// errnoText is an error as nginx shows it: "2: No such file or directory".
func errnoText(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return fmt.Sprintf("%d: %s", int(number), files.Reason(err))
	}
	return files.Reason(err)
}

// glob finds the files for a pattern in its last element.
func glob(tree *files.Tree, pattern string) []string {
	dir, base := path.Split(pattern)
	entries, err := tree.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".")
		if ok, err := path.Match(base, e.Name()); err == nil && ok && !hidden {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	return names
}

func buildConfig(directives crossplane.Directives) (*nginxConfig, error) {
	c := &nginxConfig{
		daemon:    true,
		errorLog:  errorLog{"/var/log/nginx/error.log", "error"},
		formats:   map[string]string{"combined": `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`},
		upstreams: map[string][]string{},
	}
	events := false
	for _, d := range directives {
		var err error
		switch d.Directive {
		case "daemon":
			c.daemon = d.Args[0] == "on"
		case "error_log":
			c.errorLog = errorLog{absoluteTo(nginxPrefix, d.Args[0]), "error"}
			if len(d.Args) > 1 {
				c.errorLog.level = d.Args[1]
			}
		case "events":
			events = true
		case "http":
			err = c.http(d)
		case "stream", "mail":
			err = unsimulated(d)
		}
		if err != nil {
			return nil, err
		}
	}
	if !events {
		return nil, configError{`no "events" section in configuration`}
	}
	return c, nil
}

// unsimulated refuses what would change answers and is not done here: better no server than one
// that answers otherwise than its configuration says.
func unsimulated(d *crossplane.Directive) error {
	return mistake(d, "directive %q is not supported by the simulated nginx", d.Directive)
}

// unsupported are the directives of requests that change answers and are not done here.
func unsupported() []string {
	return []string{
		"rewrite", "if", "set", "map", "geo", "split_clients", "auth_basic", "auth_request", "limit_req", "limit_conn", "limit_except", "limit_rate",
		"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass", "sub_filter", "add_before_body", "add_after_body", "addition_types",
		"ssi", "dav_methods", "mirror", "random_index", "secure_link", "real_ip_header", "set_real_ip_from", "error_page_intercept",
	}
}

// http reads the "http" block.
func (c *nginxConfig) http(block *crossplane.Directive) error {
	outer := scope{
		root: nginxPrefix + "/html", index: []string{"index.html"}, defaultType: "text/plain", errorPages: map[int]errorPage{},
		types: map[string]string{"html": "text/html", "gif": "image/gif", "jpg": "image/jpeg"},
		logs:  []accessLog{{"/var/log/nginx/access.log", "combined"}},
	}
	for _, d := range block.Block {
		switch d.Directive {
		case "log_format":
			c.formats[d.Args[0]] = logFormat(d.Args[1:])
		case "upstream":
			c.upstream(d)
		}
	}
	if err := outer.read(block.Block); err != nil {
		return err
	}
	for _, d := range block.Block {
		if d.Directive != "server" {
			continue
		}
		server, err := readServer(d, outer)
		if err != nil {
			return err
		}
		c.servers = append(c.servers, server)
	}
	return c.check(block)
}

func logFormat(args []string) string {
	if len(args) > 0 && strings.HasPrefix(args[0], "escape=") {
		args = args[1:]
	}
	return strings.Join(args, "")
}

// check looks at what only the whole tells.
func (c *nginxConfig) check(block *crossplane.Directive) error {
	preferred := map[string]bool{}
	for _, s := range c.servers {
		for _, l := range s.listens {
			if l.preferred && preferred[l.address] {
				return mistake(block, "a duplicate default server for %s", l.address)
			}
			preferred[l.address] = preferred[l.address] || l.preferred
			if l.tls && s.certificate == "" {
				return mistake(block, `no "ssl_certificate" is defined for the "listen ... ssl" directive`)
			}
		}
	}
	return nil
}

func (c *nginxConfig) upstream(block *crossplane.Directive) {
	for _, d := range block.Block {
		if d.Directive == "server" && !slices.Contains(d.Args[1:], "down") && !slices.Contains(d.Args[1:], "backup") {
			c.upstreams[block.Args[0]] = append(c.upstreams[block.Args[0]], withPort(d.Args[0]))
		}
	}
}

// withPort completes an address of an upstream.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), "80")
}

func readServer(block *crossplane.Directive, outer scope) (*virtualServer, error) {
	s := &virtualServer{scope: outer}
	for _, d := range block.Block {
		switch d.Directive {
		case "listen":
			l, err := readListen(d)
			if err != nil {
				return nil, err
			}
			if l.address != "" {
				s.listens = append(s.listens, l)
			}
		case "server_name":
			s.names = append(s.names, d.Args...)
		}
	}
	if len(s.listens) == 0 && !slices.ContainsFunc(block.Block, func(d *crossplane.Directive) bool { return d.Directive == "listen" }) {
		s.listens = []listen{{address: "0.0.0.0:80"}}
	}
	if err := s.read(block.Block); err != nil {
		return nil, err
	}
	return s, s.readLocations(block.Block, s.scope)
}

// readListen reads an address. IPv6, which the network of Pods lacks, and sockets make an empty one.
func readListen(d *crossplane.Directive) (listen, error) {
	text := d.Args[0]
	l := listen{tls: slices.Contains(d.Args[1:], "ssl"), preferred: slices.Contains(d.Args[1:], "default_server") || slices.Contains(d.Args[1:], "default")}
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "unix:") {
		return l, nil
	}
	host, port, ok := strings.Cut(text, ":")
	if !ok {
		if host, port = "", text; strings.Trim(text, "0123456789") != "" {
			host, port = text, "80"
		}
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return l, mistake(d, "invalid port in %q of the \"listen\" directive", text)
	}
	switch host {
	case "", "*":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1"
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return l, mistake(d, "host not found in %q of the \"listen\" directive", text)
	}
	l.address = net.JoinHostPort(host, port)
	return l, nil
}

// readLocations reads the "location" blocks of a server, those within others too: what they inherit
// is all that nesting means here.
func (s *virtualServer) readLocations(block crossplane.Directives, outer scope) error {
	for _, d := range block {
		if d.Directive != "location" {
			continue
		}
		l, err := readLocation(d, outer)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(s.locations, func(other *location) bool {
			return other.modifier == l.modifier && other.pattern == l.pattern && l.regex == nil
		}) {
			return mistake(d, "duplicate location %q", l.pattern)
		}
		s.locations = append(s.locations, l)
		if err := s.readLocations(d.Block, l.scope); err != nil {
			return err
		}
	}
	return nil
}

func readLocation(d *crossplane.Directive, outer scope) (*location, error) {
	l := &location{scope: outer, pattern: d.Args[0]}
	l.answer, l.tryFiles, l.proxy, l.alias, l.status = nil, nil, "", "", false // are not handed down
	if len(d.Args) > 1 {
		l.modifier, l.pattern = d.Args[0], d.Args[1]
	}
	switch {
	case l.modifier == "" && strings.HasPrefix(l.pattern, "@"):
		l.modifier = "@"
	case l.modifier == "~" || l.modifier == "~*":
		expression := l.pattern
		if l.modifier == "~*" {
			expression = "(?i)" + expression
		}
		var err error
		if l.regex, err = regexp.Compile(expression); err != nil {
			return nil, mistake(d, "pcre2_compile() failed: %v in %q", err, l.pattern)
		}
	case !slices.Contains([]string{"", "=", "^~"}, l.modifier):
		return nil, mistake(d, "invalid location modifier %q", l.modifier)
	}
	return l, l.read(d.Block)
}

// absoluteTo is how nginx completes names of files.
func absoluteTo(dir, name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	return path.Join(dir, name)
}

// read takes over what a block says. Lists of the outer block are replaced as soon as this one has
// an item of its own.
func (s *scope) read(block crossplane.Directives) error {
	fresh := map[string]bool{}
	for _, d := range block {
		if slices.Contains(unsupported(), d.Directive) && !(len(d.Args) > 0 && d.Args[0] == "off") {
			return unsimulated(d)
		}
		list := d.Directive
		if list == "deny" {
			list = "allow"
		}
		if !fresh[list] {
			s.renew(list)
			fresh[list] = true
		}
		if err := s.directive(d); err != nil {
			return err
		}
	}
	return nil
}

// renew forgets a list of the outer block.
func (s *scope) renew(directive string) {
	switch directive {
	case "index":
		s.index = nil
	case "add_header":
		s.headers = nil
	case "error_page":
		s.errorPages = map[int]errorPage{}
	case "access_log":
		s.logs = nil
	case "allow":
		s.rules = nil
	case "types":
		s.types = map[string]string{}
	case "proxy_set_header":
		s.proxyHeaders = nil
	}
}

// directive takes over one directive. Those that are not here tune what is not simulated.
func (s *scope) directive(d *crossplane.Directive) error {
	switch d.Directive {
	case "root":
		s.root, s.alias = absoluteTo(nginxPrefix, d.Args[0]), ""
	case "alias":
		s.alias = absoluteTo(nginxPrefix, d.Args[0])
	case "index":
		s.index = append(s.index, d.Args...)
	case "autoindex":
		s.autoindex = d.Args[0] == "on"
	case "stub_status":
		s.status = true
	case "default_type":
		s.defaultType = d.Args[0]
	case "types":
		for _, t := range d.Block {
			for _, extension := range t.Args {
				s.types[extension] = t.Directive
			}
		}
	case "add_header":
		s.headers = append(s.headers, header{d.Args[0], d.Args[1], len(d.Args) > 2 && d.Args[2] == "always"})
	case "access_log":
		s.accessLog(d)
	case "allow", "deny":
		return s.accessRule(d)
	case "ssl_certificate":
		s.certificate = absoluteTo(nginxPrefix, d.Args[0])
	case "ssl_certificate_key":
		s.key = absoluteTo(nginxPrefix, d.Args[0])
	case "proxy_set_header":
		s.proxyHeaders = append(s.proxyHeaders, [2]string{d.Args[0], d.Args[1]})
	case "proxy_pass":
		return s.proxyPass(d)
	case "error_page":
		return s.errorPage(d)
	case "try_files":
		s.tryFiles = d.Args
	case "return":
		return s.returns(d)
	}
	return nil
}

func (s *scope) accessLog(d *crossplane.Directive) {
	if d.Args[0] == "off" {
		s.logs = []accessLog{}
		return
	}
	l := accessLog{absoluteTo(nginxPrefix, d.Args[0]), "combined"}
	if len(d.Args) > 1 && !strings.Contains(d.Args[1], "=") {
		l.format = d.Args[1]
	}
	s.logs = append(s.logs, l)
}

func (s *scope) accessRule(d *crossplane.Directive) error {
	rule := accessRule{allow: d.Directive == "allow"}
	if text := d.Args[0]; text != "all" {
		if !strings.Contains(text, "/") {
			text += "/32"
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return mistake(d, "invalid parameter %q", d.Args[0])
		}
		rule.prefix = prefix
	}
	s.rules = append(s.rules, rule)
	return nil
}

func (s *scope) proxyPass(d *crossplane.Directive) error {
	if !strings.HasPrefix(d.Args[0], "http://") {
		if strings.HasPrefix(d.Args[0], "https://") {
			return unsimulated(d)
		}
		return mistake(d, "invalid URL prefix")
	}
	s.proxy = d.Args[0]
	return nil
}

// errorPage is "error_page CODE... [=[CODE]] URI".
func (s *scope) errorPage(d *crossplane.Directive) error {
	last := len(d.Args) - 1
	page, codes := errorPage{uri: d.Args[last]}, d.Args[:last]
	if len(codes) > 0 && strings.HasPrefix(codes[len(codes)-1], "=") {
		text := codes[len(codes)-1][1:]
		codes = codes[:len(codes)-1]
		if page.status, _ = strconv.Atoi(text); page.status == 0 {
			page.status = 200
		}
	}
	for _, text := range codes {
		code, err := strconv.Atoi(text)
		if err != nil {
			return mistake(d, "invalid value %q", text)
		}
		if code < 300 || code > 599 {
			return mistake(d, "value %q must be between 300 and 599", text)
		}
		s.errorPages[code] = page
	}
	return nil
}

func (s *scope) returns(d *crossplane.Directive) error {
	if s.answer != nil {
		return nil // the first one counts
	}
	if _, err := strconv.Atoi(d.Args[0]); err != nil && len(d.Args) > 1 {
		return mistake(d, "invalid return code %q", d.Args[0])
	}
	s.answer = d.Args
	return nil
}
