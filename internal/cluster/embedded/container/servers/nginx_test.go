package servers_test

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

const conf = "/etc/nginx/conf.d/default.conf"

// configured starts nginx with a configuration in place of the image's.
func configured(n *node, text string, more ...string) *guest {
	n.t.Helper()
	g, image := n.create("nginx:1.25.5")
	g.sh("mkdir -p /data/dir /data/list; echo index > /data/index.html; echo page > /data/dir/page.txt; echo own > /data/404.html; echo x > '/data/list/a b'")
	g.write(conf, text)
	for i := 0; i+1 < len(more); i += 2 {
		g.write(more[i], more[i+1])
	}
	g.begin(append(image.Entrypoint[:1:1], image.Cmd...)...)
	return g
}

// A configuration, and what the server then answers: "PORT/PATH" to "STATUS BODY".
func TestNginxConfiguration(t *testing.T) {
	for name, tc := range map[string]struct {
		conf    string
		answers map[string]string
	}{
		"another port and root": {"server { listen 8080; root /data; }", map[string]string{
			"8080/": "200 index\n", "8080/dir/page.txt": "200 page\n", "8080/nope": "404 404 Not Found", "8080/dir/": "403 403 Forbidden", "8080/dir": "301 301 Moved",
		}},
		"return": {"server { default_type text/plain; location / { return 200 \"I am $hostname\\n\"; } location /gone { return 410; } location /go { return 301 /there; } location /far { return https://example.org$request_uri; } }",
			map[string]string{"80/": "200 I am web-0\n", "80/gone": "410 410 Gone", "80/go": "301 ", "80/far": "302 302 Moved Temporarily"}},
		"return from the server": {"server { listen 80; return 503; }", map[string]string{"80/any": "503 503 Service Temporarily Unavailable"}},
		"alias":                  {"server { location /files/ { alias /data/; } }", map[string]string{"80/files/index.html": "200 index\n", "80/files/dir/page.txt": "200 page\n", "80/files/": "200 index\n"}},
		"try_files": {"server { root /data; location / { try_files $uri $uri/ /index.html; } location /api/ { try_files $uri =405; } location /n/ { try_files $uri @named; } location @named { return 200 named; } }",
			map[string]string{"80/any/route": "200 index\n", "80/dir/page.txt": "200 page\n", "80/api/x": "405 405 Not Allowed", "80/n/x": "200 named", "80/dir/": "403 "}},
		"locations": {"server { location = /a { return 200 exact; } location /a { return 200 prefix; } location ^~ /b { return 200 strong; } location ~ \\.php$ { return 200 regex; } location ~* \\.JPG$ { return 200 insensitive; } }",
			map[string]string{"80/a": "200 exact", "80/ab": "200 prefix", "80/b.php": "200 strong", "80/a.php": "200 regex", "80/x.jpg": "200 insensitive", "80/x.PHP": "404 "}},
		"index":      {"server { root /data; index none.html page.txt index.html; }", map[string]string{"80/": "200 index\n", "80/dir/": "200 page\n"}},
		"autoindex":  {"server { root /data; location /list/ { autoindex on; } }", map[string]string{"80/list/": "200 <a href=\"a%20b\">a b</a>"}},
		"error_page": {"server { root /data; error_page 404 /404.html; error_page 403 =200 /index.html; }", map[string]string{"80/nope": "404 own\n", "80/dir/": "200 index\n"}},
		"two servers": {"server { listen 80 default_server; return 200 first; } server { listen 80; server_name b.example.org; return 200 second; } server { server_name *.wild.org; return 200 wild; } server { listen 81; return 200 third; }",
			map[string]string{"80/": "200 first", "81/": "200 third"}},
		"allow and deny": {"server { location / { allow 10.244.0.1; deny all; return 200 in; } location /no { deny 10.244.0.0/16; return 200 in; } }", map[string]string{"80/": "200 in", "80/no": "403 "}},
		"stub_status":    {"server { location /status { stub_status; } }", map[string]string{"80/status": "200 Active connections: 1 \nserver accepts handled requests\n"}},
		"include":        {"include /etc/nginx/more/*.inc; server { include snippet; }", map[string]string{"80/": "200 snippet", "82/": "200 included"}},
		"no server":      {"# nothing\nserver { listen 83; return 204; }", map[string]string{"83/": "204 "}},
		"bad upstream":   {"upstream u { server 127.0.0.1:9; } server { location / { proxy_pass http://u; } }", map[string]string{"80/": "502 502 Bad Gateway"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			g := configured(n, tc.conf, "/etc/nginx/snippet", "location / { return 200 snippet; }")
			if name == "include" {
				g.sh("mkdir /etc/nginx/more; echo 'server { listen 82; return 200 included; }' > /etc/nginx/more/a.inc; nginx -s reload")
			}
			g.expect(tc.answers)
		})
	}
}

// A configuration that nginx refuses: it says so in its own words and ends with 1.
func TestNginxRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"server {\n  lisen 80;\n}":                      `unknown directive "lisen" in ` + conf + `:2`,
		"server {\n  listen 80\n}":                      `directive "listen" is not terminated by ";" in ` + conf + `:2`,
		"server {\n  listen 80;\n":                      `unexpected end of file, expecting "}" in ` + conf + `:3`,
		"server { }\n}":                                 `unexpected "}" in ` + conf + `:2`,
		"listen 80;":                                    `"listen" directive is not allowed here in ` + conf + `:1`,
		"server { root a b; }":                          `invalid number of arguments in "root" directive in ` + conf + `:1`,
		"server { listen 99999; }":                      `invalid port in "99999" of the "listen" directive in ` + conf + `:1`,
		"server { autoindex maybe; }":                   `invalid value "maybe" in "autoindex" directive, it must be "on" or "off" in ` + conf + `:1`,
		"server { location / { } location / { } }":      `duplicate location "/" in ` + conf + `:1`,
		"server { include /none.conf; }":                `open() "/none.conf" failed (2: No such file or directory) in ` + conf + `:1`,
		"server { location / { proxy_pass backend; } }": `invalid URL prefix in ` + conf + `:1`,
		"server { access_log /none/x.log; }":            `open() "/none/x.log" failed (2: No such file or directory)`,
		"server { listen 443 ssl; ssl_certificate /x; ssl_certificate_key /y; }": `cannot load certificate "/x": BIO_new_file() failed`,
		"server { rewrite ^/a /b; }": `directive "rewrite" is not supported by the simulated nginx in ` + conf + `:1`,
	} {
		g := configured(newNode(t), text)
		if code := g.ended(); code != 1 {
			t.Errorf("%s: exit code %d", text, code)
		}
		for _, line := range []string{"[emerg] 1#1: " + want, "\nnginx: [emerg] " + want} {
			if !strings.Contains(g.out.String(), line) {
				t.Errorf("%s: no %s in\n%s", text, line, g.out)
			}
		}
	}
}

func TestNginxTest(t *testing.T) {
	g := newNode(t).start("nginx:1.25.5")
	g.get("80/") // its entrypoint has done with the configuration
	if got := g.sh("nginx -t; echo $?"); got != "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n0\n" {
		t.Errorf("%q", got)
	}
	g.write(conf, "server { foo; }")
	if got := g.sh("nginx -t; echo $?"); !strings.Contains(got, "\nnginx: [emerg] unknown directive \"foo\" in "+conf+":1\nnginx: configuration file /etc/nginx/nginx.conf test failed\n1\n") {
		t.Errorf("%q", got)
	}
	if got := g.sh("nginx -T 2>/dev/null | head -n 1; rm /etc/nginx/nginx.conf; nginx -t"); !strings.Contains(got, `open() "/etc/nginx/nginx.conf" failed (2: No such file or directory)`) {
		t.Errorf("%q", got)
	}
}

// A reload takes the new configuration, opens and closes ports; a wrong one leaves all as it was.
func TestNginxReload(t *testing.T) {
	g := configured(newNode(t), "server { listen 80; return 200 one; }")
	g.expect(map[string]string{"80/": "200 one"})
	g.write(conf, "server { listen 81; return 200 two; }")
	g.sh("nginx -s reload")
	g.expect(map[string]string{"81/": "200 two"})
	client := &http.Client{Transport: &http.Transport{DialContext: g.node.network.DialContext, DisableKeepAlives: true}}
	if response, err := client.Get("http://" + g.ip + ":80/"); err == nil {
		response.Body.Close()
		t.Error("the old port still answers")
	}
	g.write(conf, "server { nonsense; }")
	if got := g.sh("nginx -s reload; echo $?"); !strings.HasSuffix(got, "1\n") {
		t.Errorf("%q", got)
	}
	g.main.Signal(shell.SIGHUP)
	g.await(`[emerg] 1#1: unknown directive "nonsense" in ` + conf + ":1\n")
	g.expect(map[string]string{"81/": "200 two"})
}

func TestNginxProxy(t *testing.T) {
	n := newNode(t)
	a, b := n.start(agnhost, "netexec"), n.start(agnhost, "netexec")
	a.get("8080/")
	b.get("8080/")
	g := configured(n, "upstream app { server "+a.ip+":8080; server "+b.ip+":8080 weight=2; server "+b.ip+":1; }\n"+
		"server { location / { proxy_pass http://app; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; }\n"+
		"location /one/ { proxy_pass http://"+a.ip+":8080/; } }")
	g.expect(map[string]string{
		"80/hostname": "200 web-0", "80/header?key=X-Real-IP": "200 10.244.0.1", "80/one/hostname": "200 web-0", "80/one/echo?msg=hi": "200 hi", "80/echo?msg=no&code=500": "500 no",
	})
	for range 6 {
		g.expect(map[string]string{"80/hostname": "200 web-0"}) // a server that is down is passed over
	}
	g.await("connect() failed (111: Connection refused) while connecting to upstream, client: 10.244.0.1")
}

func TestNginxHeadersAndLogs(t *testing.T) {
	g := configured(newNode(t), `log_format mine '$request_method $uri $status "$http_x"';
server { root /data; add_header X-Pod $hostname; add_header X-Always yes always;
access_log /tmp/mine.log mine; location /quiet { access_log off; return 200 quiet; } }`)
	response, _ := g.get("80/")
	if response.Header.Get("X-Pod") != "web-0" || response.Header.Get("Content-Type") != "text/html" || response.Header.Get("ETag") == "" {
		t.Errorf("%v", response.Header)
	}
	if response, _ := g.get("80/nope"); response.Header.Get("X-Pod") != "" || response.Header.Get("X-Always") != "yes" {
		t.Errorf("%v", response.Header)
	}
	if response, _ := g.get("80/quiet"); response.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%v", response.Header)
	}
	g.await(`open() "/data/nope" failed (2: No such file or directory), client: 10.244.0.1`)
	if got := g.sh("cat /tmp/mine.log"); got != "GET /index.html 200 \"-\"\nGET /nope 404 \"-\"\n" {
		t.Errorf("%q", got)
	}
}

func TestNginxTLS(t *testing.T) {
	n := newNode(t)
	certificates, _ := n.create(agnhost)
	crt, key := certificates.sh("cat /localhost.crt"), certificates.sh("cat /localhost.key")
	g := configured(n, "server { listen 443 ssl; ssl_certificate /etc/nginx/tls.crt; ssl_certificate_key tls.key; return 200 $scheme; }", "/etc/nginx/tls.crt", crt, "/etc/nginx/tls.key", key)
	g.await("start worker process 29")
	client := &http.Client{Transport: &http.Transport{
		DialContext: n.network.DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	response, err := client.Get("https://" + g.ip + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

// The image's entrypoint prepares the configuration, and becomes any other command.
func TestNginxEntrypoint(t *testing.T) {
	n := newNode(t)
	g, image := n.create("nginx:1.25", "NAME=learner", "PORT=8080")
	g.sh("mkdir /etc/nginx/templates; echo 'echo own script' > /docker-entrypoint.d/50-own.sh; echo x > /docker-entrypoint.d/60-no.sh; chmod +x /docker-entrypoint.d/50-own.sh")
	g.write("/etc/nginx/templates/own.conf.template", "server { listen ${PORT}; location / { return 200 \"$NAME $uri\"; } }")
	g.begin(append(image.Entrypoint[:1:1], image.Cmd...)...)
	g.expect(map[string]string{"8080/x": "200 learner /x", "80/": "200 Welcome to nginx!"})
	for _, want := range []string{
		"20-envsubst-on-templates.sh: Running envsubst on /etc/nginx/templates/own.conf.template to /etc/nginx/conf.d/own.conf\n",
		"/docker-entrypoint.sh: Launching /docker-entrypoint.d/50-own.sh\nown script\n", "Ignoring /docker-entrypoint.d/60-no.sh, not executable\n",
		"10-listen-on-ipv6-by-default.sh: info: Enabled listen on IPv6 in /etc/nginx/conf.d/default.conf\n", "Configuration complete; ready for start up\n",
	} {
		if !strings.Contains(g.out.String(), want) {
			t.Errorf("no %q in %s", want, g.out)
		}
	}
	for _, tc := range []struct {
		args []string
		out  string
		code int
	}{
		{[]string{"echo", "hi"}, "hi\n", 0},
		{[]string{"sh", "-c", "exit 7"}, "", 7},
		{[]string{"nosuch"}, "docker-entrypoint.sh: can't execute 'nosuch': No such file or directory\n", 127},
		{[]string{"nginx"}, "*", 0}, // goes to the background, and the container ends
	} {
		g := n.start("nginx:1.25", tc.args...)
		if code := g.ended(); code != tc.code || g.out.String() != tc.out && tc.out != "*" {
			t.Errorf("%v: %d %q", tc.args, code, g.out)
		}
	}
	if g := configured(n, "server { return 200 x; }"); true {
		g.await("default.conf differs from the packaged version")
	}
}

// Images before 1.19 have no entrypoint script that talks, those before 1.21 log fewer notices.
func TestNginxVersions(t *testing.T) {
	n := newNode(t)
	for ref, want := range map[string]string{"nginx:1.14.2": "", "nginx:1.19.10": "/docker-entrypoint.sh: ", "nginx:1.25": "[notice] 1#1: nginx/1.25.5\n"} {
		g := n.start(ref)
		g.get("80/")
		if got := g.out.String(); !strings.Contains(got, want) || ref != "nginx:1.25" && strings.Contains(got, "notice") {
			t.Errorf("%s: %q", ref, got)
		}
	}
}
