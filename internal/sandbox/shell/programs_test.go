package shell

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestPrograms has what no busybox can confirm: the container's own facts, and options that the
// busybox of a distribution may lack.
func TestPrograms(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 21, 10, 30, 0, 123456789, time.UTC) }
	for script, want := range map[string]string{
		"ps; true":                               "PID   USER     TIME  COMMAND\n    1 root      0:00 sh -c ps; true\n    2 root      0:00 ps\n",
		"hostname; hostname -s":                  "web-0.nginx\nweb-0\n",
		"hostname other || echo $?":              "1\n",
		"uname; uname -n":                        "Linux\nweb-0.nginx\n",
		"[ $(nproc) -gt 0 ] && echo yes":         "yes\n",
		"usleep 10; echo $?":                     "0\n",
		"X=1 printenv X; printenv NOPE; echo $?": "1\n1\n",
		"date; date -u +%s.%N; date -I":          "Sat Nov 21 10:30:00 UTC 2026\n1795257000.123456789\n2026-11-21\n",
		"date +%F; date -d '12:00' +%T; date -d 2026-01-02T03:04:05Z +%s":   "2026-11-21\n12:00:00\n1767323045\n",
		"mkdir -p a/b; touch a/b/f; find a -type f -delete; find a":         "a\na/b\n",
		"mkdir -p a; ln -s a l; touch a/f; realpath l/f":                    "/w/a/f\n",
		"seq 6 | sed -n '0~2p'":                                             "2\n4\n6\n",
		"echo abc | egrep 'a|x'; echo a.c | fgrep .":                        "abc\na.c\n",
		"printf abc | sha1sum; printf abc | sha512sum | cut -c1-8":          "a9993e364706816aba3e25717850c26c9cd0d89d  -\nddaf35a1\n",
		"ash -c 'echo ash'; bash -c 'echo bash'":                            "ash\nbash\n",
		"touch f; chown 1:1 f; chgrp 1 f; echo $?; chown 1 nofile; echo $?": "0\n1\n",
		"sync; id; id -un":                                                                                                                             "uid=0(root) gid=0(root) groups=0(root)\nroot\n",
		"printf 'x1\\nx10\\nx2\\n' | sort -V":                                                                                                          "x1\nx2\nx10\n",
		"printf '1K\\n1M\\n900\\n' | sort -h":                                                                                                          "900\n1K\n1M\n",
		"echo abc > f; sed -i.bak s/b/x/ f; cat f f.bak":                                                                                               "axc\nabc\n",
		"sleep infinity & sleep 0.001s 1ms 2>/dev/null || echo $?":                                                                                     "1\n",
		"which sh wget; type ls; command -v ls":                                                                                                        "/bin/sh\n/bin/wget\nls is /bin/ls\n/bin/ls\n",
		"ls -la /bin/ls | cut -c1-10; [ -x /bin/ls ] && /bin/ls -d /bin":                                                                               "-rwxr-xr-x\n/bin\n",
		"echo x > /bin/ls; rm /bin/ls; echo $?":                                                                                                        "1\n",
		"cat /dev/null; head -c 3 /dev/zero | wc -c; echo x > /dev/null; [ -c /dev/null ] && echo char":                                                "3\nchar\n",
		"echo a | cat /dev/stdin; echo b > /dev/stdout; echo c | tee /dev/stderr 2>&1":                                                                 "a\nb\nc\nc\n",
		"ln -s /dev/stdout log; echo hello > log":                                                                                                      "hello\n",
		"echo '<' > f; (sleep 0.05; echo more >> f) & timeout 0.5 tail -f f":                                                                           "<\nmore\n",
		"kill -0 $$ && echo alive; kill -0 12345 2>/dev/null || echo dead":                                                                             "alive\ndead\n",
		"echo $$ $(echo $$) $(sh -c 'echo $$') > f; cut -d' ' -f1,2 f":                                                                                 "1 1\n",
		"yes | head -n 1; seq 3 | tac | rev | nl | tail -n 1":                                                                                          "y\n     3\t1\n",
		"awk 'BEGIN { print 2 ^ 10, 2 ** 3, -2 ^ 2, 2 ^ 3 ^ 2; x = 3; x ^= 2; printf \"%d|%*d|\\n\", x, 5, 3 }'":                                       "1024 8 -4 512\n9|    3|\n",
		"awk 'function f() { exit 4 } BEGIN { f() } END { print \"end\" }'; echo $?":                                                                   "end\n4\n",
		"awk 'BEGIN { print strftime(\"%F\", 0), systime(); srand(1); x = rand(); srand(1); print x == rand(), srand() }'":                             "1970-01-01 1795257000\n1 1\n",
		"printf 'a1b22c' | awk 'BEGIN { RS = \"[0-9]+\" } { print }'; awk 'BEGIN { print 1 / 0 }' 2>&1; awk 'BEGIN { f() }' 2>&1":                      "a\nb\nc\nawk: cmd. line:1: Division by zero\nawk: cmd. line:1: Call to undefined function\n",
		"nice echo a; nice; nohup echo b; setsid echo c; time echo d 2>/dev/null":                                                                      "a\n0\nb\nc\nd\n",
		"tar cf - --exclude x y 2>/dev/null | wc -c; mkdir d; touch d/x d/y; tar cf - --exclude x d | tar tf -":                                        "1024\nd/\nd/y\n",
		"sleep 1000 & sleep 0.05; [ $(pidof sleep) = $! ] && echo same; killall sleep; wait $!; echo $?; killall sleep 2>&1; pidof sleep || echo none": "same\n143\nkillall: sleep: no process killed\nnone\n",
		"sleep 1001 & sleep 0.05; [ $(pgrep -f '^sleep 1001') = $! ] && echo same; pgrep -l sleep | cut -d' ' -f2-; pkill -9 sleep; wait $!; echo $?; pgrep sleep || echo none": "same\nsleep 1001\n137\nnone\n",
		"df | head -n 2 | wc -l; df -h / | tail -n 1 | cut -d' ' -f1; df /nofile 2>&1":                                                                                          "2\noverlay\ndf: /nofile: can't find mount point: No such file or directory\n",
		"free -m | sed -n 2p | cut -c1-19; free -h | grep -c G":                                                                                                                 "Mem:           8192\n1\n",
		"uptime": " 10:30:00 up 0 min,  0 users,  load average: 0.00, 0.00, 0.00\n",
		"timeout 0.2 watch -t -n 0.1 echo x | head -n 1 | tail -c 2; tty; hostid; clear | wc -c; less /dev/null; more /dev/null": "x\nnot a tty\n00000000\n6\n",
		"mktemp -d | cut -c1-9":                        "",
		"mkdir /tmp; [ -d $(mktemp -d) ] && echo made": "made\n",
		"du -s . > /dev/null && echo ok; dd if=/dev/zero of=z bs=1k count=4 2>/dev/null; du -k z": "ok\n4\tz\n",
	} {
		b := newBox(t, func(c *Config, _ *filesOptions) { c.Hostname, c.Now = "web-0.nginx", now })
		if r := b.sh(t, script); r.out != want {
			t.Errorf("%s\n--- got\n%s--- want\n%s--- errors\n%s", script, r.out, want, r.err)
		}
	}
}

// TestEveryProgramIsTested looks for each name in the scripts of all tests.
func TestEveryProgramIsTested(t *testing.T) {
	var all strings.Builder
	names, _ := filepath.Glob("testdata/*.txt")
	for _, name := range append(names, "programs_test.go") {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for name := range programs() {
		if !regexp.MustCompile(`(^|[\s"'(|;])` + regexp.QuoteMeta(name) + `[\s;|)"]`).MatchString(all.String()) {
			t.Errorf("no test runs %s", name)
		}
	}
}

// network connects a container to servers on the loopback interface by name.
func network(servers map[string]string) func(*Config, *filesOptions) {
	return func(c *Config, _ *filesOptions) {
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			if to, ok := servers[host]; ok {
				return new(net.Dialer).DialContext(ctx, network, to)
			}
			if net.ParseIP(host) == nil {
				return nil, &net.DNSError{Err: "no such host", Name: host}
			}
			return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		c.Listen = func(_ context.Context, network, _ string) (net.Listener, error) {
			return net.Listen(network, "127.0.0.1:0")
		}
	}
}

func TestWgetAndNc(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s\n", r.Method, body, r.Header.Get("X-Test"))
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	tests := []struct{ script, out, err string }{
		{"wget -qO- http://web", "GET  \n", ""},
		{"wget -q -O - web:80/moved", "GET  \n", ""},
		{"wget -q -O- --post-data=a=b --header='X-Test: yes' http://web/", "POST a=b yes\n", ""},
		{"wget -q -O file http://web/; cat file", "GET  \n", ""},
		{"wget -q http://web/; cat index.html", "GET  \n", ""},
		{"wget -q --spider http://web/; echo $?", "0\n", ""},
		{"wget -qO- http://web/nope; echo $?", "1\n", "wget: server returned error: HTTP/1.1 404 Not Found\n"},
		{"wget -qO- http://web/broken; echo $?", "1\n", "wget: server returned error: HTTP/1.1 500 Internal Server Error\n"},
		{"wget -qO- http://10.0.0.9/; echo $?", "1\n", "wget: can't connect to remote host (10.0.0.9): Connection refused\n"},
		{"wget -qO- http://nowhere/; echo $?", "1\n", "wget: bad address 'nowhere'\n"},
		{"wget -q -T 0.1 -O- http://web/slow; echo $?", "1\n", "wget: download timed out\n"},
		{"wget -qO- file:///etc/passwd; echo $?", "1\n", "wget: not an http or ftp url: file:///etc/passwd\n"},
		{"curl -s http://web", "GET  \n", ""},
		{"curl -sL web:80/moved; curl -s -o /dev/null -w '%{http_code} %{redirect_url}\\n' web/moved", "GET  \n302 http://web/\n", ""},
		{"curl -s -d a=b -d c=d -H 'X-Test: yes' http://web/; curl -sX PUT web; curl -sG -d x=1 web", "POST a=b&c=d yes\nPUT  \nGET  \n", ""},
		{"echo data > f; curl -s -d @f web; curl -so out web; cat out; curl -sO web/moved; ls moved", "POST data \nGET  \nmoved\n", ""},
		{"curl -sI web | head -n 1 | tr -d '\\r'; curl -si web | grep -c '^Content-Length: 6'", "HTTP/1.1 200 OK\n1\n", ""},
		{"curl -sSf http://web/nope; echo $?; curl -s http://web/nope -o /dev/null; echo $?", "22\n0\n", "curl: (22) The requested URL returned error: 404\n"},
		{"curl -sS http://nowhere/; echo $?; curl -s http://nowhere/; echo $?", "6\n6\n", "curl: (6) Could not resolve host: nowhere\n"},
		{"curl -s http://10.0.0.9/; echo $?; curl -s -m 0.1 web/slow; echo $?; curl -s ftp://web/; echo $?", "7\n28\n1\n", ""},
		{"curl -sv web 2>&1 >/dev/null | grep '^>' | head -n 2; curl -s --user a:b --nope web; echo $?", "> GET / HTTP/1.1\n> Host: web\n2\n",
			"curl: option --nope: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n"},
		{"curl web 2>&1 >/dev/null | grep -c Total", "2\n", ""},
		{"nc -z web 80; echo $?; nc -z 10.0.0.9 80; echo $?", "0\n1\n", "nc: 10.0.0.9:80 (10.0.0.9:80): Connection refused\n"},
		{`printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 5 web 80 | head -n 1 | tr -d '\r'`, "HTTP/1.0 200 OK\n", ""},
	}
	for _, tt := range tests {
		b := newBox(t, network(map[string]string{"web": server.Listener.Addr().String()}))
		if r := b.sh(t, tt.script); r.out != tt.out || r.err != tt.err {
			t.Errorf("%s\n%+v", tt.script, r)
		}
	}
	if r := newBox(t).sh(t, "wget -qO- http://web; nc -z web 1; nc -l 80"); r.code != 1 || !strings.Contains(r.err, "Network") {
		t.Errorf("without a network: %+v", r)
	}
}

func TestNcListens(t *testing.T) {
	listeners := make(chan net.Listener, 1)
	b := newBox(t, func(c *Config, _ *filesOptions) {
		c.Listen = func(_ context.Context, network, address string) (net.Listener, error) {
			l, err := net.Listen(network, "127.0.0.1:0")
			if err == nil {
				listeners <- l
			}
			return l, err
		}
	})
	p, out := b.start(t, "sh", "-c", "echo answer | nc -l -p 80")
	conn, err := net.Dial("tcp", (<-listeners).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "question\n")
	answer := make([]byte, 7)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "answer\n" {
		t.Errorf("%q, %v", answer, err)
	}
	conn.Close()
	ended(t, p)
	if out.String() != "question\n" {
		t.Errorf("%q", out.String())
	}
}

func TestStartErrors(t *testing.T) {
	b := newBox(t)
	for name, want := range map[string]string{
		"nosuch":  `exec: "nosuch": executable file not found in $PATH`,
		"/no/sh":  `exec: "/no/sh": exec /no/sh: no such file or directory`,
		"/bin":    `exec: "/bin": exec /bin: permission denied`,
		"":        `exec: "": executable file not found in $PATH`,
		"../../x": `exec: "../../x": exec /../../x: no such file or directory`,
	} {
		_, err := b.Start(t.Context(), Command{Argv: []string{name}})
		if err == nil || strings.Replace(strings.Replace(err.Error(), "stat /", "exec /", 1), "access /", "exec /", 1) != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

// TestSleepHook lets time pass faster.
func TestSleepHook(t *testing.T) {
	var slept time.Duration
	b := newBox(t, func(c *Config, _ *filesOptions) {
		c.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	})
	if r := b.sh(t, "sleep 1h; sleep 1.5m 30; sleep 1d"); r.code != 0 || slept != 25*time.Hour+2*time.Minute {
		t.Errorf("%+v, %s", r, slept)
	}
}
