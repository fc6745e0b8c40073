package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// exchange is one request and its answer.
type exchange struct {
	*site
	server   *virtualServer
	location *location // nil for the server itself
	scope    *scope
	address  string // that the server listens on
	host     string // that the client asked for, without port
	number   int64
	w        *answer
	r        *http.Request
	uri      string  // decoded and cleaned; changes when the request moves within the server
	query    *string // instead of the client's
	started  time.Time

	redirects   int
	tried       bool // try_files has led here
	inErrorPage bool
	override    int    // status of the answer, where an error page is sent; 0 for none
	upstream    string // URL of the server that was asked
}

// log writes to the error log, with what nginx says about a request.
func (x *exchange) log(level, format string, args ...any) {
	name := ""
	if len(x.server.names) > 0 {
		name = x.server.names[0]
	}
	text := fmt.Sprintf(format, args...) + fmt.Sprintf(", client: %s, server: %s, request: %q", client(x.r), name, requestLine(x.r))
	if x.upstream != "" {
		text += fmt.Sprintf(", upstream: %q", x.upstream)
	}
	line := fmt.Sprintf("*%d %s, host: %q", x.number, text, x.r.Host)
	x.site.log(level, "%s", line)
}

// access writes to the access logs.
func (x *exchange) access() {
	for _, l := range x.scope.logs {
		format, ok := x.config.formats[l.format]
		if !ok {
			format = x.config.formats["combined"]
		}
		x.write(l.path, x.replace(format, func(value string) string { return dash(escape(value)) })+"\n")
	}
}

// escape is how nginx writes a variable into a log.
func escape(value string) string {
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c == '"' || c == '\\' || c < 0x20 || c > 0x7e:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// expand replaces the variables in a text.
func (x *exchange) expand(text string) string {
	return x.replace(text, func(value string) string { return value })
}

// replace replaces $name and ${name} by their values, after transform.
func (x *exchange) replace(text string, transform func(string) string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest := variableName(after)
		if name == "" {
			b.WriteByte('$')
		} else {
			b.WriteString(transform(x.variable(name)))
		}
		text = rest
	}
}

// variableName splits a text after a name.
func variableName(text string) (name, rest string) {
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		if name, rest, ok := strings.Cut(inner, "}"); ok {
			return name, rest
		}
		return "", text
	}
	n := 0
	for n < len(text) && (text[n] == '_' || text[n] >= '0' && text[n] <= '9' || text[n] >= 'a' && text[n] <= 'z' || text[n] >= 'A' && text[n] <= 'Z') {
		n++
	}
	return text[:n], text[n:]
}

// variable is the value of a variable of nginx; "" for one that is empty or unknown.
func (x *exchange) variable(name string) string {
	for _, family := range []struct {
		prefix string
		get    func(string) string
	}{
		{"http_", func(n string) string { return x.requestHeader(strings.ReplaceAll(n, "_", "-")) }},
		{"sent_http_", func(n string) string { return x.w.Header().Get(strings.ReplaceAll(n, "_", "-")) }},
		{"arg_", func(n string) string { return x.r.URL.Query().Get(n) }},
		{"cookie_", x.cookie},
	} {
		if rest, ok := strings.CutPrefix(name, family.prefix); ok {
			return family.get(rest)
		}
	}
	if value, ok := x.requestVariable(name); ok {
		return value
	}
	return x.serverVariable(name)
}

func (x *exchange) requestHeader(name string) string {
	if strings.EqualFold(name, "Host") {
		return x.r.Host
	}
	return x.r.Header.Get(name)
}

func (x *exchange) cookie(name string) string {
	cookie, err := x.r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// requestVariable are the variables about the request.
func (x *exchange) requestVariable(name string) (string, bool) {
	_, port, _ := net.SplitHostPort(x.r.RemoteAddr)
	switch name {
	case "args", "query_string":
		return x.args(), true
	case "is_args":
		return strings.Repeat("?", min(1, len(x.args()))), true
	case "content_length":
		return x.r.Header.Get("Content-Length"), true
	case "content_type":
		return x.r.Header.Get("Content-Type"), true
	case "host":
		return x.host, true
	case "remote_addr":
		return client(x.r), true
	case "remote_port":
		return port, true
	case "remote_user":
		user, _, _ := x.r.BasicAuth()
		return user, true
	case "request":
		return requestLine(x.r), true
	case "request_method":
		return x.r.Method, true
	case "request_uri":
		return x.r.RequestURI, true
	case "server_protocol":
		return x.r.Proto, true
	case "uri", "document_uri":
		return x.uri, true
	case "request_time":
		return fmt.Sprintf("%.3f", x.proc.Now().Sub(x.started).Seconds()), true
	case "scheme":
		if x.r.TLS != nil {
			return "https", true
		}
		return "http", true
	case "proxy_add_x_forwarded_for":
		return strings.TrimPrefix(x.r.Header.Get("X-Forwarded-For")+", "+client(x.r), ", "), true
	}
	return "", false
}

func (x *exchange) args() string {
	if x.query != nil {
		return *x.query
	}
	return x.r.URL.RawQuery
}

// serverVariable are the variables about the server and the answer.
func (x *exchange) serverVariable(name string) string {
	host, port, _ := net.SplitHostPort(x.address)
	now := x.proc.Now().UTC()
	switch name {
	case "status":
		return strconv.Itoa(x.w.status)
	case "body_bytes_sent", "bytes_sent":
		return strconv.FormatInt(x.w.bytes, 10)
	case "hostname":
		return x.proc.Hostname()
	case "nginx_version":
		return x.version
	case "server_name":
		if len(x.server.names) > 0 {
			return x.server.names[0]
		}
	case "server_addr":
		return host
	case "server_port":
		return port
	case "document_root":
		return x.scope.root
	case "request_filename":
		return x.file(x.uri)
	case "time_local":
		return logTime(now)
	case "time_iso8601":
		return now.Format("2006-01-02T15:04:05+00:00")
	case "msec":
		return fmt.Sprintf("%.3f", float64(now.UnixMilli())/1000)
	case "pid":
		return strconv.Itoa(x.proc.PID())
	case "connection":
		return strconv.FormatInt(x.number, 10)
	case "upstream_addr":
		return strings.TrimPrefix(strings.TrimSuffix(x.upstream, "/"), "http://")
	}
	return ""
}

// errnoStatus is the status for a file that cannot be opened.
func errnoStatus(err error) int {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG) {
		return http.StatusNotFound
	}
	return http.StatusForbidden
}
